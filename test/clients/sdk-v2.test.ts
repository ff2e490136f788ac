/** The MCP TypeScript SDK 2.x as a client of the running stack, in each protocol era it can speak. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  Client,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client'
import { z } from 'zod'
import { databaseKinds } from '../support/databases.js'
import { InteractiveProvider } from '../support/interactive-provider.js'
import { type Stack, startStack } from '../support/stack.js'

type Provider = InteractiveProvider<StoredOAuthClientInformation, StoredOAuthTokens, OAuthDiscoveryState>

interface Connection {
  readonly client: Client
  readonly transport: StreamableHTTPClientTransport
}

async function connect(url: string, provider: Provider, mode: VersionNegotiationMode): Promise<Connection> {
  const client = new Client({ name: 'sdk-v2-test', version: '1.0.0' }, { versionNegotiation: { mode } })
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider })
  try {
    await client.connect(transport)
    return { client, transport }
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth(provider.takeCallback())
    return connect(url, provider, mode)
  }
}

/** Calls a tool as a host does: when the SDK sent the person to the browser, finish that and call again. */
async function call({ client, transport }: Connection, provider: Provider, name: string, toolArguments = {}) {
  try {
    return await client.callTool({ name, arguments: toolArguments })
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth(provider.takeCallback())
    return client.callTool({ name, arguments: toolArguments })
  }
}

const modes = [
  ['modern, negotiated', 'auto', '2026-07-28'],
  ['modern, pinned', { pin: '2026-07-28' }, '2026-07-28'],
  ['legacy', 'legacy', '2025-11-25'],
] as const

describe.each(databaseKinds)('@modelcontextprotocol/client 2.x (%s)', (database) => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack({ database })
  }, 120_000)
  afterAll(() => stack.close())

  describe.each(modes)('%s', (_name, mode, version) => {
    let provider: Provider
    let connection: Connection
    let id: unknown

    it('registers, signs in, consents to reading only, and connects', async () => {
      provider = new InteractiveProvider(stack.newBrowser(), { account: stack.account, allow: ['notes:read'] })
      connection = await connect(stack.resource, provider, mode)
      expect(connection.client.getNegotiatedProtocolVersion()).toBe(version)
      expect(provider.requests).toHaveLength(1)
      expect(provider.requests[0]?.searchParams.get('resource')).toBe(stack.resource)
      expect(provider.tokens()?.scope?.split(' ')).toContain('notes:read')
      expect(provider.tokens()?.scope?.split(' ')).not.toContain('notes:write')
    })

    it('lists the tools and calls one that reads', async () => {
      const { tools } = await connection.client.listTools()
      expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(['whoami', 'create_note', 'delete_note']))
      const answer = await call(connection, provider, 'list_notes')
      expect(answer.isError).not.toBe(true)
      expect(provider.requests).toHaveLength(1)
    })

    it('steps up to writing by itself', async () => {
      provider.person = { account: stack.account }
      const answer = await call(connection, provider, 'create_note', { title: 'From the SDK', body: String(mode) })
      expect(answer.isError).not.toBe(true)
      id = z.object({ id: z.string() }).parse(answer.structuredContent).id
      expect(provider.requests).toHaveLength(2)
      expect(provider.requests[1]?.searchParams.get('scope')?.split(' ')).toEqual(
        expect.arrayContaining(['notes:read', 'notes:write']),
      )
    })

    it('steps up to deleting by itself', async () => {
      const answer = await call(connection, provider, 'delete_note', { id })
      expect(answer.isError).not.toBe(true)
      expect(provider.requests).toHaveLength(3)
      expect(provider.tokens()?.scope?.split(' ')).toEqual(
        expect.arrayContaining(['notes:read', 'notes:write', 'notes:delete']),
      )
    })

    it('comes back later with a spoiled access token and refreshes without a person', async () => {
      await connection.client.close()
      const tokens = provider.tokens()
      if (tokens === undefined) throw new Error('no tokens were saved')
      provider.saveTokens({ ...tokens, access_token: `${tokens.access_token.slice(0, -8)}spoiled_` })
      connection = await connect(stack.resource, provider, mode)
      const answer = await call(connection, provider, 'list_notes')
      expect(answer.isError).not.toBe(true)
      expect(provider.requests).toHaveLength(3)
      await connection.client.close()
    })
  })
})
