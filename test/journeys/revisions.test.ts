/** One stack, every revision of the MCP specification: discovery, handshake, lists, calls and refusals, each as its clients do it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { type McpAnswer, mcpRequest, postLegacy, readMcpAnswer, structured } from '../support/mcp-request.js'
import { discover, discoverServer, newGrantAt, obtainTokens, type ServerMetadata } from '../support/oauth-client.js'
import { discoverAsOldClient, signInAsOldClient } from '../support/old-client.js'
import { type Stack, startStack } from '../support/stack.js'

const latest = '2026-07-28'

interface Revision {
  readonly revision: string
  /** How its clients find the authorization server. */
  readonly discovery: 'origin of the MCP server' | 'challenge' | 'well-known URL'
  /** Whether its clients name the resource (RFC 8707). */
  readonly sendsResource: boolean
}

const revisions: readonly Revision[] = [
  { revision: '2025-03-26', discovery: 'origin of the MCP server', sendsResource: false },
  { revision: '2025-06-18', discovery: 'challenge', sendsResource: true },
  { revision: '2025-11-25', discovery: 'well-known URL', sendsResource: true },
  { revision: latest, discovery: 'well-known URL', sendsResource: true },
]

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ database: 'embedded' })
})
afterAll(() => stack.close())

async function findServer({ discovery }: Revision): Promise<ServerMetadata> {
  switch (discovery) {
    case 'origin of the MCP server':
      return discoverAsOldClient(stack.resource)
    case 'challenge':
      return (await discover(stack.resource)).serverMetadata
    case 'well-known URL': {
      const { origin, pathname } = new URL(stack.resource)
      const response = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`)
      const metadata = (await response.json()) as { resource: string; authorization_servers: string[] }
      expect(metadata.resource).toBe(stack.resource)
      return discoverServer(metadata.authorization_servers[0] ?? '')
    }
  }
}

/** An access token for reading, got as clients of the revision do. */
async function signIn(revision: Revision): Promise<string> {
  const server = await findServer(revision)
  // Clients that name no scope get reading and writing; the person allows less.
  const person = { account: stack.account, allow: ['notes:read'] }
  const tokens = revision.sendsResource
    ? await obtainTokens(await newGrantAt(server, stack.resource), stack.newBrowser(), person, 'notes:read')
    : (await signInAsOldClient(server, stack.newBrowser(), person)).tokens
  return tokens.access_token
}

async function request(
  { revision }: Revision,
  token: string | undefined,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): Promise<McpAnswer> {
  if (revision === latest) return mcpRequest(stack.resource, token, method, params)
  return readMcpAnswer(await postLegacy(stack.resource, token, revision, { jsonrpc: '2.0', id: 1, method, params }))
}

describe.each(revisions)('revision $revision', (revision) => {
  let token: string

  it('is told by a 401 where to sign in and which scopes are useful, without an error', async () => {
    const params = { protocolVersion: revision.revision, capabilities: {}, clientInfo: { name: 'x', version: '1' } }
    const method = revision.revision === latest ? 'server/discover' : 'initialize'
    const answer = await request(revision, undefined, method, params)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /)
    expect(answer.challenge).toEqual({
      scope: 'notes:read notes:write',
      resource_metadata: `${new URL(stack.resource).origin}/.well-known/oauth-protected-resource/mcp`,
    })
  })

  it(`finds the authorization server by the ${revision.discovery}, and gets a token for this server alone`, async () => {
    token = await signIn(revision)
    expect(decodeJwt(token)).toMatchObject({ iss: stack.issuer, aud: stack.resource, scope: 'notes:read' })
  })

  it('agrees on its own revision', async () => {
    if (revision.revision === latest) {
      const { reply } = await request(revision, token, 'server/discover')
      expect(reply?.result?.['supportedVersions']).toContain(latest)
      return
    }
    const params = { protocolVersion: revision.revision, capabilities: {}, clientInfo: { name: 'x', version: '1' } }
    const { reply, headers } = await request(revision, token, 'initialize', params)
    expect(reply?.result?.['protocolVersion']).toBe(revision.revision)
    expect(headers.get('mcp-session-id')).toBeNull()
    const notification = { jsonrpc: '2.0', method: 'notifications/initialized' }
    expect((await postLegacy(stack.resource, token, revision.revision, notification)).status).toBe(202)
    for (const method of ['GET', 'DELETE']) {
      const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' }
      expect((await fetch(stack.resource, { method, headers })).status).toBe(405)
    }
  })

  it('lists the tools and calls one', async () => {
    const { reply } = await request(revision, token, 'tools/list')
    expect(reply?.result?.tools?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['whoami', 'list_notes', 'create_note', 'delete_note']),
    )
    const called = await request(revision, token, 'tools/call', { name: 'list_notes', arguments: {} })
    expect(structured(called)).toMatchObject({ notes: expect.any(Array) })
  })

  it('is told by a real 403 which scopes the call needs, those it has included', async () => {
    const call = { name: 'create_note', arguments: { title: 'a', body: 'b' } }
    const answer = await request(revision, token, 'tools/call', call)
    expect(answer.status).toBe(403)
    expect(answer.challenge).toMatchObject({
      error: 'insufficient_scope',
      scope: 'notes:read notes:write',
      resource_metadata: expect.stringContaining('/.well-known/oauth-protected-resource/mcp'),
    })
  })

  it('is told by a 401 when its token is not good', async () => {
    const answer = await request(revision, `${token}x`, 'tools/list')
    expect([answer.status, answer.challenge['error']]).toEqual([401, 'invalid_token'])
  })

  if (revision.revision === '2025-03-26') {
    it('may send a batch, and one call too many in it refuses the whole', async () => {
      const call = (id: number, name: string) => ({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name, arguments: name === 'create_note' ? { title: 'a', body: 'b' } : {} },
      })
      const answered = await postLegacy(stack.resource, token, revision.revision, [
        call(1, 'whoami'),
        call(2, 'list_notes'),
      ])
      expect(answered.status).toBe(200)
      const text = await answered.text()
      for (const id of ['"id":1', '"id":2']) expect(text).toContain(id)
      const refused = await postLegacy(stack.resource, token, revision.revision, [
        call(1, 'whoami'),
        call(2, 'create_note'),
      ])
      expect(refused.status).toBe(403)
    })
  }
})

describe('a revision that nobody knows', () => {
  it('is refused in the header, and offered a known one in the handshake', async () => {
    const [anyRevision] = revisions
    if (anyRevision === undefined) throw new Error('there is no revision')
    const token = await signIn(anyRevision)
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }
    expect((await postLegacy(stack.resource, token, '1999-01-01', message)).status).toBe(400)
    const params = { protocolVersion: '1999-01-01', capabilities: {}, clientInfo: { name: 'x', version: '1' } }
    const { reply } = await request(anyRevision, token, 'initialize', params)
    expect(revisions.map(({ revision }) => revision)).toContain(reply?.result?.['protocolVersion'])
  })
})
