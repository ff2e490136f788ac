/** The MCP TypeScript SDK 2.x as a client of the running stack, in each protocol era it can speak. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { describeOnDatabases } from '../support/describe-with.js'
import {
  callThroughSdkV2 as call,
  connectSdkV2 as connect,
  type SdkV2Connection,
  SdkV2Provider,
} from '../support/sdk-v2-client.js'
import { type Stack, startStack } from '../support/stack.js'

const modes = [
  ['modern, negotiated', 'auto', '2026-07-28'],
  ['modern, pinned', { pin: '2026-07-28' }, '2026-07-28'],
  ['legacy', 'legacy', '2025-11-25'],
] as const

describeOnDatabases('@modelcontextprotocol/client 2.x (%s)', (database) => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack({ database })
  })
  afterAll(() => stack.close())

  describe.each(modes)('%s', (_name, mode, version) => {
    let provider: SdkV2Provider
    let connection: SdkV2Connection
    let id: unknown

    it('registers, signs in, consents to reading only, and connects', async () => {
      provider = new SdkV2Provider(stack.newBrowser(), { account: stack.account, allow: ['notes:read'] })
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
