import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { type McpTestServer, startMcpTestServer, toolCall } from './mcp-test-server.js'

let server: McpTestServer

beforeAll(async () => {
  server = await startMcpTestServer()
})
afterAll(() => server.close())

function challengeOf(response: Response) {
  return parseChallenge(response.headers.get('www-authenticate') ?? '')
}

const metadataUrl = () => `${server.origin}/.well-known/oauth-protected-resource/mcp`

describe('requests without a good token (RFC 6750 §3, RFC 9728 §5.1)', () => {
  it.each(['GET', 'POST', 'DELETE', 'PUT', 'PATCH'])(
    '%s without a token gets 401 and where to find one',
    async (method) => {
      const response = await fetch(server.url, { method, headers: { accept: 'text/event-stream' } })
      expect(response.status).toBe(401)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(challengeOf(response)).toEqual({
        scheme: 'Bearer',
        parameters: { scope: 'notes:read notes:write', resource_metadata: metadataUrl() },
      })
    },
  )

  it('serves the endpoint with a slash at its end alike', async () => {
    expect((await fetch(`${server.url}/`, { method: 'POST' })).status).toBe(401)
  })

  it('answers a bad token with 401 invalid_token', async () => {
    const response = await server.post(toolCall('whoami'), 'not-a-token')
    expect(response.status).toBe(401)
    expect(challengeOf(response)?.parameters).toMatchObject({
      error: 'invalid_token',
      resource_metadata: metadataUrl(),
    })
    expect(await response.json()).toMatchObject({ error: 'invalid_token' })
  })

  it('refuses a token for another resource of the same issuer', async () => {
    const token = await server.token('notes:read', 'user-1', { aud: `${server.origin}/other` })
    expect((await server.post(toolCall('whoami'), token)).status).toBe(401)
  })

  it('answers a malformed header with 400 invalid_request', async () => {
    const response = await server.post(toolCall('whoami'), undefined, { authorization: 'Bearer two tokens' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'invalid_request' })
  })

  it('does not read tokens from query, form or cookie, nor log them', async () => {
    const token = await server.token()
    const body = JSON.stringify({ ...toolCall('whoami'), access_token: token })
    const headers = { 'content-type': 'application/json', cookie: `access_token=${token}` }
    const response = await fetch(`${server.url}?access_token=${token}`, { method: 'POST', headers, body })
    expect(response.status).toBe(401)
    expect(server.logLines.join()).not.toContain(token)
  })

  it('decides before it reads the body', async () => {
    expect((await server.post('{not json', 'bad')).status).toBe(401)
  })
})

describe('scopes of tools (MCP step-up)', () => {
  it.each([
    ['list_notes', '', 'notes:read'],
    ['search_notes', 'notes:delete', 'notes:delete notes:read'],
    ['read_note', '', 'notes:read'],
    ['create_note', 'notes:read', 'notes:read notes:write'],
    ['update_note', 'notes:read', 'notes:read notes:write'],
    ['delete_note', 'notes:read notes:write', 'notes:read notes:write notes:delete'],
  ])('%s with scope "%s" is 403 and asks for "%s"', async (name, granted, asked) => {
    const response = await server.post(toolCall(name), await server.token(granted))
    expect(response.status).toBe(403)
    expect(challengeOf(response)?.parameters).toEqual({
      error: 'insufficient_scope',
      error_description: 'this operation needs permissions that were not granted',
      scope: asked,
      resource_metadata: metadataUrl(),
    })
    expect(await response.json()).toMatchObject({ error: 'insufficient_scope' })
  })

  it('asks for all scopes of a batch at once', async () => {
    const batch = [toolCall('create_note', {}, 1), toolCall('delete_note', {}, 2), toolCall('whoami', {}, 3)]
    const response = await server.post(batch, await server.token('notes:read'))
    expect(response.status).toBe(403)
    expect(challengeOf(response)?.parameters['scope']).toBe('notes:read notes:write notes:delete')
  })

  it('lets writing include reading, but not deleting', async () => {
    const token = await server.token('notes:write')
    expect((await server.post(toolCall('list_notes'), token)).status).toBe(200)
    expect((await server.post(toolCall('delete_note'), token)).status).toBe(403)
  })

  it('lets any valid token ask who it is', async () => {
    expect((await server.post(toolCall('whoami'), await server.token(''))).status).toBe(200)
  })
})

describe('outages of the issuer', () => {
  it('answers 503 with Retry-After and never opens', async () => {
    const lonely = await startMcpTestServer()
    try {
      lonely.issuer.routes.clear()
      const response = await lonely.post(toolCall('whoami'), await lonely.token())
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('2')
      expect(response.headers.get('www-authenticate')).toBeNull()
    } finally {
      await lonely.close()
    }
  })
})

describe('the request log', () => {
  it('says who did what, without token, subject or payload', async () => {
    const token = await server.token('notes:write', 'person-with-a-name')
    const before = server.logLines.length
    await server.post(toolCall('create_note', { title: 'private title', body: 'private body' }), token)
    const lines = server.logLines.slice(before).join('')
    expect(JSON.parse(lines)).toMatchObject({
      clientId: 'client-1',
      scopes: 'notes:write',
      tool: 'create_note',
      outcome: 'ok',
      decision: 'allow',
      reason: 'allowed',
      status: 200,
      subjectHash: expect.stringMatching(/^[\w-]{12}$/),
    })
    for (const secret of [token, 'person-with-a-name', 'private']) expect(lines).not.toContain(secret)
  })

  it('does not repeat the names of tools that do not exist', async () => {
    const before = server.logLines.length
    await server.post(toolCall('private name'), await server.token())
    const line = server.logLines.slice(before).find((text) => text.includes('"msg":"request"')) ?? ''
    expect(line).toContain('"tool":"unknown"')
    expect(line).not.toContain('private name')
  })

  it('says why a request was refused', async () => {
    const before = server.logLines.length
    await server.post(toolCall('delete_note'), await server.token('notes:read'))
    expect(JSON.parse(server.logLines.slice(before).join(''))).toMatchObject({
      error: 'insufficient_scope',
      errorDetail: 'needs notes:delete',
      outcome: 'refused',
      decision: 'deny',
      reason: 'insufficient_scope',
      rpc: 'tools/call',
    })
  })
})

describe('limits on how often callers ask', () => {
  it('are told with 429 and Retry-After, counted for each caller, and written down', async () => {
    const rateLimits = { perCaller: { perSecond: 0.01, burst: 2 }, overall: { perSecond: 0.01, burst: 4 } }
    const limited = await startMcpTestServer({ rateLimits })
    try {
      const ask = async (user: string) => limited.post(toolCall('whoami'), await limited.token('notes:read', user))
      const statuses = []
      // The fifth and last one that is let through has a share left of what is used up.
      for (const user of ['user-1', 'user-1', 'user-1', 'user-2', 'user-3', 'user-4', 'user-4'])
        statuses.push((await ask(user)).status)
      expect(statuses).toEqual([200, 200, 429, 200, 200, 200, 429])
      const refused = await ask('user-1')
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30)
      expect(refused.headers.get('access-control-expose-headers')).toContain('Retry-After')
      const lines = limited.logLines.filter((line) => line.includes('"reason":"rate_limited"'))
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({
        decision: 'deny',
        status: 429,
        tool: 'whoami',
        clientId: 'client-1',
      })
      // Who has no token takes nothing from those who have one, and learns nothing of limits.
      expect((await limited.post(toolCall('whoami'))).status).toBe(401)
    } finally {
      await limited.close()
    }
  })
})
