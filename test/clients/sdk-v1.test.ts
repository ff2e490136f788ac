/** The MCP TypeScript SDK 1.x, which most deployed clients embed: it speaks the legacy era and computes no scope unions. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { z } from 'zod'
import { describeOnDatabases } from '../support/describe-with.js'
import { callThroughSdkV1 as call, SdkV1Provider } from '../support/sdk-v1-client.js'
import { type Stack, startStack } from '../support/stack.js'

/** A host that wants more scopes from SDK 1.x forgets its refresh token first; holding one, the SDK only refreshes. */
function forgetRefreshToken(provider: SdkV1Provider): void {
  const { refresh_token: _forgotten, ...kept } = provider.tokens() ?? { access_token: '', token_type: 'Bearer' }
  provider.saveTokens(kept)
}

const successSchema = z.looseObject({
  isError: z.literal(false).optional(),
  structuredContent: z.looseObject({ id: z.string().optional() }),
}) satisfies z.ZodType<Pick<CallToolResult, 'structuredContent'>>

describeOnDatabases('@modelcontextprotocol/sdk 1.x (%s)', (database) => {
  let stack: Stack
  let provider: SdkV1Provider
  let id: string | undefined

  beforeAll(async () => {
    stack = await startStack({ database })
    provider = new SdkV1Provider(stack.newBrowser(), { account: stack.account, allow: ['notes:read'] })
  })
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
