/** The MCP TypeScript SDK 1.x, which most deployed clients embed: it speaks the legacy era and computes no scope unions. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type OAuthDiscoveryState, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { databaseKinds } from '../support/databases.js'
import { InteractiveProvider } from '../support/interactive-provider.js'
import { type Stack, startStack } from '../support/stack.js'

type Provider = InteractiveProvider<OAuthClientInformationMixed, OAuthTokens, OAuthDiscoveryState>

/** Connects and calls a tool, finishing authorization as often as the SDK sends the person to the browser. */
async function call(url: string, provider: Provider, name: string, toolArguments = {}): Promise<unknown> {
  const client = new Client({ name: 'sdk-v1-test', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider })
  try {
    // The SDK's own types disagree about `undefined` here under exactOptionalPropertyTypes.
    await client.connect(transport as Parameters<Client['connect']>[0])
    return await client.callTool({ name, arguments: toolArguments })
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth(provider.takeCallback().get('code') ?? '')
  } finally {
    await client.close()
  }
  return call(url, provider, name, toolArguments)
}

/** A host that wants more scopes from SDK 1.x forgets its refresh token first; holding one, the SDK only refreshes. */
function forgetRefreshToken(provider: Provider): void {
  const { refresh_token: _forgotten, ...kept } = provider.tokens() ?? { access_token: '', token_type: 'Bearer' }
  provider.saveTokens(kept)
}

const successSchema = z.looseObject({
  isError: z.literal(false).optional(),
  structuredContent: z.looseObject({ id: z.string().optional() }),
}) satisfies z.ZodType<Pick<CallToolResult, 'structuredContent'>>

describe.each(databaseKinds)('@modelcontextprotocol/sdk 1.x (%s)', (database) => {
  let stack: Stack
  let provider: Provider
  let id: string | undefined

  beforeAll(async () => {
    stack = await startStack({ database })
    provider = new InteractiveProvider(stack.newBrowser(), { account: stack.account, allow: ['notes:read'] })
  }, 120_000)
  afterAll(() => stack.close())

  it('registers, signs in, consents to reading only, and reads', async () => {
    successSchema.parse(await call(stack.resource, provider, 'list_notes'))
    expect(provider.requests).toHaveLength(1)
    expect(provider.tokens()?.scope).toBe('notes:read')
    expect(provider.tokens()?.refresh_token).toEqual(expect.any(String))
  })

  it('refreshes by itself, and ends with a clear error, when it lacks a scope but holds a refresh token', async () => {
    provider.person = { account: stack.account }
    await expect(call(stack.resource, provider, 'create_note', { title: 'a', body: 'b' })).rejects.toThrow(/403/)
    expect(provider.requests).toHaveLength(1)
    expect(provider.tokens()?.scope).toBe('notes:read')
  })

  it('steps up to writing and keeps reading, because the challenge names both', async () => {
    forgetRefreshToken(provider)
    const created = await call(stack.resource, provider, 'create_note', { title: 'From SDK 1', body: 'b' })
    id = successSchema.parse(created).structuredContent.id
    expect(provider.tokens()?.scope?.split(' ').sort()).toEqual(['notes:read', 'notes:write'])
  })

  it('steps up to deleting and keeps the rest', async () => {
    forgetRefreshToken(provider)
    successSchema.parse(await call(stack.resource, provider, 'delete_note', { id }))
    expect(provider.tokens()?.scope?.split(' ').sort()).toEqual(['notes:delete', 'notes:read', 'notes:write'])
  })
})
