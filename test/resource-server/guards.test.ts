/** The guards around the scope rules, as a plain node:http server uses them: tables of requests, and what is written down of each. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { OAuthError } from '../../src/oauth/errors.js'
import { auditRefusal } from '../../src/resource-server/audit.js'
import { authenticate, type Refusal } from '../../src/resource-server/bearer.js'
import { createCallGuard } from '../../src/resource-server/call-guard.js'
import {
  type AccessToken,
  type AuditEvent,
  createBuckets,
  createRateLimiter,
  createRequestChecks,
  invalidToken,
} from '../../src/resource-server/index.js'
import { parseError, readJsonBody } from '../../src/resource-server/json-body.js'
import { filterLists } from '../../src/resource-server/operation-lists.js'
import { createOperations } from '../../src/resource-server/operations.js'
import { listenOn } from '../support/opened.js'

const resourceMetadataUrl = 'https://mcp.example/.well-known/oauth-protected-resource/mcp'
let now = new Date('2026-11-21T12:00:00Z')
const clock = { now: () => now }
const later = (seconds: number) => {
  now = new Date(now.getTime() + seconds * 1000)
}

/** Tokens of the tests say who they are for: `client.user.scope+scope`. */
async function verify(token: string): Promise<AccessToken> {
  const [clientId = '', subject = '', scope] = token.split('.')
  if (scope === undefined) throw invalidToken('not one of ours')
  const scopes = scope.split('+').filter((part) => part !== '')
  return { clientId, subject, scopes, expiresAt: 9e9, audience: [], issuer: 'https://as.example', claims: {} }
}

const operations = createOperations({
  tools: { read: { scopes: ['read'], readOnly: true }, purge: { scopes: ['admin'], whenMissing: 'hide' } },
})
const events: AuditEvent[] = []
const audit = (event: AuditEvent) => void events.push(event)
const limiter = createRateLimiter({
  perCaller: { perSecond: 1, burst: 3 },
  overall: { perSecond: 10, burst: 8 },
  clock,
})
const guard = createCallGuard({ operations, limiter, clock, audit })

/** Somebody's server: all tools are always there, and it believes whom it is called by. */
function serve(json: unknown): unknown {
  const answerMessage = ({ id, method, params }: { id?: unknown; method?: unknown; params?: { name?: unknown } }) => ({
    jsonrpc: '2.0',
    id,
    result: method === 'tools/list' ? { tools: [{ name: 'read' }, { name: 'purge' }] } : { ran: params?.name },
  })
  return Array.isArray(json) ? json.map(answerMessage) : answerMessage(json as object)
}

const server = createServer((request, response) => void answer(request, response))

async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const { headers, method = '' } = request
  const send = (status: number, body: unknown, extra: Refusal['headers'] = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...extra }).end(JSON.stringify(body))
  const refuse = (refusal: Refusal) => send(refusal.status, refusal.body, refusal.headers)
  try {
    const { host, origin } = headers
    const unfit = check({ host, origin, protocolVersion: headers['mcp-protocol-version']?.toString() })
    if (unfit !== undefined) return refuse(unfit)
    const presented = { authorization: headers.authorization, dpop: undefined, method, url: resourceMetadataUrl }
    const known = await authenticate(presented, { verify, resourceMetadataUrl, challengeScopes: ['read'] })
    if ('refusal' in known) {
      audit(auditRefusal(known.refusal, clock))
      return refuse(known.refusal)
    }
    const body = await readJsonBody(request, headers['content-length'], { maxBytes: 2_048, timeoutMs: 2_000 })
    if ('malformed' in body) return send(400, parseError(body.malformed))
    const refusal = await guard.refuse(known.accessToken, body.json, resourceMetadataUrl)
    if (refusal !== undefined) return refuse(refusal)
    return send(200, filterLists(body.json, serve(body.json), { operations, accessToken: known.accessToken }))
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    return send(error.status, error.toJSON(), { connection: 'close' })
  }
}

let url: string
let check: ReturnType<typeof createRequestChecks>
beforeAll(async () => {
  await listenOn(server)
  const { port } = server.address() as AddressInfo
  url = `http://127.0.0.1:${port}/mcp`
  check = createRequestChecks({ hosts: [`127.0.0.1:${port}`], origins: ['https://app.example'] })
})
afterAll(() => new Promise<void>((resolve) => void server.close(() => resolve())))

const call = (name: string, id = 1) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } })

const replySchema = z.looseObject({
  error: z.unknown().optional(),
  result: z.looseObject({ tools: z.array(z.unknown()).optional() }).optional(),
})

async function post(body: unknown, token?: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return {
    status: response.status,
    headers: response.headers,
    json: replySchema.parse([await response.json()].flat()[0]),
  }
}

describe('A plain node:http server behind the guards', () => {
  it('serves what the token may do, and lists what it may know of', async () => {
    expect(await post(call('read'), 'c1.u1.read')).toMatchObject({ status: 200, json: { result: { ran: 'read' } } })
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    expect((await post(list, 'c1.u1.read')).json.result?.tools).toEqual([{ name: 'read' }])
    expect((await post(list, 'c1.u2.admin')).json.result?.tools).toHaveLength(2)
  })

  it('answers what is missing with a 403 and what is hidden like nothing', async () => {
    const missing = await post(call('read'), 'c2.u1.other')
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([
      403,
      expect.stringContaining('scope="other read"'),
    ])
    const hidden = await post(call('purge', 9), 'c2.u1.read')
    expect(hidden).toMatchObject({
      status: 200,
      json: { id: 9, error: { code: -32602, message: 'Tool purge not found' } },
    })
    later(60)
  })

  it.each<[string, Record<string, string>, number]>([
    ['no Origin', {}, 200],
    ['an allowed page', { origin: 'https://APP.example' }, 200],
    ['a page on loopback', { origin: 'http://localhost:6274' }, 200],
    ['another page', { origin: 'https://evil.example' }, 403],
    ['a sandboxed page', { origin: 'null' }, 403],
    ['a page whose name begins alike', { origin: 'https://app.example.evil.test' }, 403],
    ['the newest revision', { 'mcp-protocol-version': '2026-07-28' }, 200],
    ['the oldest revision', { 'mcp-protocol-version': ' 2025-03-26' }, 200],
    ['a revision of nobody', { 'mcp-protocol-version': '1999-01-01' }, 400],
    ['two revisions', { 'mcp-protocol-version': '2025-06-18, 2026-07-28' }, 400],
  ])('meets %s: %j with %i', async (_case, headers, status) => {
    later(60)
    const answer = await post(call('read'), 'c3.u1.read', headers)
    expect(answer.status).toBe(status)
    // A client reads the era of a server from this body (MCP 2026-07-28, "versioning").
    if (status === 400)
      expect(answer.json).toMatchObject({
        id: null,
        error: { code: -32022, data: { supported: expect.arrayContaining(['2025-11-25']) } },
      })
  })

  it('does not answer for another host', () => {
    const headers = { origin: undefined, protocolVersion: undefined }
    expect(check({ host: 'evil.example', ...headers })?.status).toBe(421)
    expect(check({ host: undefined, ...headers })?.status).toBe(421)
    expect(check({ host: new URL(url).host.toUpperCase(), ...headers })).toBeUndefined()
  })

  it.each<[string, string, number]>([
    ['a body that is too large', JSON.stringify(call('x'.repeat(3_000))), 413],
    ['a body that is nested too deeply', '['.repeat(200) + ']'.repeat(200), 400],
    ['a body that is no JSON', '{', 400],
  ])('refuses %s', async (_case, body, status) => {
    expect((await post(body, 'c4.u1.read')).status).toBe(status)
  })

  it('refuses a body that never ends, large or slow', async () => {
    const answerTo = (headers: string, sent: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(new URL(url).port), '127.0.0.1')
        let text = ''
        socket.on('data', (chunk) => {
          text += String(chunk)
          if (text.includes('\r\n')) socket.destroy()
        })
        socket.on('close', () => resolve(text.split('\r\n')[0] ?? '')).on('error', reject)
        const head = `POST /mcp HTTP/1.1\r\nHost: ${new URL(url).host}\r\nAuthorization: Bearer c4.u1.read\r\n${headers}\r\n\r\n`
        socket.write(head + sent)
      })
    const chunked = 'Transfer-Encoding: chunked'
    expect(await answerTo(chunked, `${'1000\r\n'}${'x'.repeat(4_096)}\r\n`)).toContain('413')
    expect(await answerTo('Content-Length: 100', '{')).toContain('408')
  })

  it('writes every decision down: who, what, why, and nothing of tokens or payloads', async () => {
    later(60)
    events.length = 0
    const secret = { ...call('read'), params: { name: 'read', arguments: { text: 'private words' } } }
    await post(secret, 'c5.person-with-a-name.read')
    await post([call('read'), call('private name', 2)], 'c5.person-with-a-name.other')
    await post(call('purge'), 'c5x.person-with-a-name.read')
    await post(call('read'))
    await post(call('read'), 'forged')
    const caller = { clientId: 'c5', subjectHash: expect.stringMatching(/^[\w-]{12}$/) }
    const asked = { methods: ['tools/call'], prompts: [], resources: [] }
    expect(events).toEqual([
      {
        at: now.toISOString(),
        decision: 'allow',
        reason: 'allowed',
        ...caller,
        scopes: ['read'],
        ...asked,
        tools: ['read'],
      },
      {
        at: now.toISOString(),
        decision: 'deny',
        reason: 'insufficient_scope',
        ...caller,
        scopes: ['other'],
        ...asked,
        tools: ['read', 'unknown'],
      },
      {
        at: now.toISOString(),
        decision: 'deny',
        reason: 'hidden',
        ...caller,
        clientId: 'c5x',
        scopes: ['read'],
        ...asked,
        tools: ['purge'],
      },
      { at: now.toISOString(), decision: 'deny', reason: 'no_token' },
      { at: now.toISOString(), decision: 'deny', reason: 'invalid_token' },
    ])
    for (const word of ['private', 'person-with-a-name', 'forged']) expect(JSON.stringify(events)).not.toContain(word)
  })

  it('limits how often one caller asks, tells it when to come back, and lets others through', async () => {
    later(60)
    for (let turn = 0; turn < 3; turn += 1) expect((await post(call('read'), 'c6.u1.read')).status).toBe(200)
    const refused = await post(call('read'), 'c6.u1.read')
    expect([refused.status, refused.headers.get('retry-after'), refused.json.error]).toEqual([
      429,
      '1',
      'temporarily_unavailable',
    ])
    expect(events.at(-1)).toMatchObject({ decision: 'deny', reason: 'rate_limited', clientId: 'c6', tools: ['read'] })
    expect((await post(call('read'), 'c6.u2.read')).status).toBe(200)
    later(1)
    expect((await post(call('read'), 'c6.u1.read')).status).toBe(200)
    expect((await post(call('read'), 'c6.u1.read')).status).toBe(429)
  })

  it('counts a batch as what is in it', async () => {
    later(60)
    const batch = (size: number) => Array.from({ length: size }, (_, index) => call('read', index))
    expect((await post(batch(2), 'c7.u1.read')).status).toBe(200)
    expect((await post(batch(2), 'c7.u1.read')).status).toBe(429)
    const tooMany = await post(batch(4), 'c8.u1.read')
    expect([tooMany.status, tooMany.headers.get('retry-after')]).toEqual([429, null])
  })

  it('limits all callers together, and leaves each person a share that nobody else can use up', async () => {
    later(60)
    const ask = async (caller: string) => (await post(call('read'), `${caller}.read`)).status
    // One person with many clients: the common limit, and the share of one person.
    const flood: number[] = []
    for (let turn = 0; turn < 12; turn += 1) flood.push(await ask(`flood-${turn}.u9`))
    expect(flood).toEqual([...Array<number>(9).fill(200), 429, 429, 429])
    expect([await ask('c9.u10'), await ask('c9.u11'), await ask('c10.u11')]).toEqual([200, 200, 429])
  })

  it('gives a batch beyond the share the share, once, not more', async () => {
    later(60)
    const batch = (size: number) => Array.from({ length: size }, (_, index) => call('read', index))
    for (let turn = 0; turn < 8; turn += 1) await post(call('read'), `flood-${turn}.u12.read`)
    const statuses = [await post(batch(3), 'c9.u13.read'), await post(batch(3), 'c10.u13.read')]
    expect(statuses.map(({ status }) => status)).toEqual([200, 429])
  })
})

describe('Buckets', () => {
  const limit = { perSecond: 0.5, burst: 2 }
  const at = (seconds: number) => new Date(seconds * 1000)

  it('fill at their rate and no higher than their burst, whatever the clock does', () => {
    const store = createBuckets()
    const take = (seconds: number) => store.take('a', 1, limit, at(seconds))
    expect([take(100), take(100), take(100), take(101), take(102), take(102)]).toEqual([0, 0, 2, 1, 0, 2])
    // Set back by a minute: nothing is lost, nothing is gained.
    expect([take(42), take(43), take(44), take(44)]).toEqual([2, 1, 0, 2])
    expect([take(10_000), take(10_000), take(10_000)]).toEqual([0, 0, 2])
  })

  it('are no more than they may be: the one used longest ago is taken for full again', () => {
    const store = createBuckets(2)
    const take = (key: string) => store.take(key, 2, limit, at(0))
    expect([take('a'), take('b'), take('a'), take('c'), take('a'), take('b')]).toEqual([0, 0, 4, 0, 4, 0])
  })

  it.each([
    { perSecond: 0, burst: 1 },
    { perSecond: 1, burst: 0 },
    { perSecond: Number.NaN, burst: 1 },
  ])('refuse the limit %j', (overall) => {
    expect(() => createRateLimiter({ overall, clock })).toThrow(RangeError)
  })
})
