import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { subscriptionsPerCaller } from '../../src/mcp-host/open-subscriptions.js'
import { OAuthError } from '../../src/oauth/errors.js'
import type { AccessToken } from '../../src/resource-server/index.js'
import { eventually } from '../support/eventually.js'
import { type McpTestServer, startMcpTestServer } from './mcp-test-server.js'

let server: McpTestServer

beforeAll(async () => {
  server = await startMcpTestServer()
})
afterAll(() => server.close())

/** Far above what ending a stream takes, and far below the time that Jest gives a test: a stream that never ends fails soon. */
const boundMs = 120_000

/** A subscription of revision 2026-07-28: a stream that the server would keep open. */
function listen(token: string, leaving?: AbortSignal, { url } = server): Promise<Response> {
  const bound = AbortSignal.timeout(boundMs)
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return fetch(url, {
    method: 'POST',
    signal: leaving === undefined ? bound : AbortSignal.any([leaving, bound]),
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'subscriptions/listen',
      params: { notifications: { toolsListChanged: true }, _meta: meta },
    }),
  })
}

describe('event streams', () => {
  it('end when the token that opened them expires', async () => {
    // A machine that needs longer than a token lives until its stream is open gets one that lives longer.
    let exp = 0
    let response: Response | undefined
    for (const seconds of [2, 8, 32]) {
      exp = Math.floor(Date.now() / 1000) + seconds
      response = await listen(await server.token('', 'user-1', { exp }))
      if (response.status !== 401) break
    }
    expect(response?.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(response?.headers.get('x-accel-buffering')).toBe('no')
    expect(await response?.text()).toContain('subscriptions/acknowledged')
    expect(Date.now() / 1000).toBeGreaterThanOrEqual(exp)
  })

  it('end when their token is no longer taken, and the others go on', async () => {
    const ended = new Set<string>()
    const asked: string[] = []
    const claims = {
      clientId: 'client',
      scopes: [],
      expiresAt: 4e9,
      audience: [],
      issuer: 'https://issuer.example',
      claims: {},
    }
    const verify = async (token: string): Promise<AccessToken> => {
      asked.push(token)
      if (ended.has(token)) throw new OAuthError('invalid_token', 'the token was revoked', { status: 401 })
      return { ...claims, subject: token }
    }
    const revocable = await startMcpTestServer({ verify })
    try {
      const leaving = new AbortController()
      const [kept, first, second] = await Promise.all(
        ['kept', 'revoked', 'revoked'].map((token) => listen(token, leaving.signal, revocable)),
      )
      ended.add('revoked')
      for (const response of [first, second]) expect(await response?.text()).toContain('subscriptions/acknowledged')
      const before = asked.length
      await eventually(async () => asked.length > before)
      expect(asked.slice(before)).not.toContain('revoked')
      const reader = kept?.body?.getReader()
      expect((await reader?.read())?.done).toBe(false)
      leaving.abort()
      await eventually(async () => {
        const quiet = asked.length
        await new Promise((resolve) => setTimeout(resolve, 1_500))
        return asked.length === quiet
      })
    } finally {
      await revocable.close()
    }
  })

  it('are a hundred for one person at most, through whichever client, and nobody else has fewer', async () => {
    const token = await server.token('', 'crowd')
    const leaving = new AbortController()
    const open = await Promise.all(Array.from({ length: subscriptionsPerCaller }, () => listen(token, leaving.signal)))
    expect(new Set(open.map(({ status }) => status))).toEqual(new Set([200]))
    const refused = await listen(await server.token('', 'crowd', { client_id: 'client-2' }))
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10'])
    expect(await refused.json()).toMatchObject({ error: 'temporarily_unavailable' })
    const other = await listen(await server.token('', 'somebody else'), leaving.signal)
    expect(other.status).toBe(200)
    leaving.abort()
    await eventually(async () => {
      const again = new AbortController()
      const { status } = await listen(token, again.signal)
      again.abort()
      return status === 200
    })
  })

  it('are let go when the client leaves', async () => {
    const leaving = new AbortController()
    const before = server.logLines.filter((line) => line.includes('"msg":"request"')).length
    await listen(await server.token(), leaving.signal)
    leaving.abort()
    await eventually(async () => server.logLines.filter((line) => line.includes('"msg":"request"')).length > before)
    expect(server.logLines.filter((line) => line.includes('"msg":"request"')).length).toBe(before + 1)
  })
})
