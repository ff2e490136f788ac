/** The front door on plain values, with a real issuer: which resource a request is for, what settings mean, what is recorded. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parseChallenge } from '../../src/oauth/challenge.js'
import {
  type Answer,
  type AuditEvent,
  createProofMemory,
  createRateLimiter,
  createResourceServer,
  type Decision,
  guardRequest,
  invalidToken,
  type ProtectedResourceSettings,
  type RequestValues,
} from '../../src/resource-server/index.js'
import { createDpopKey } from '../support/dpop-key.js'
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js'

let issuer: TokenIssuer
let otherIssuer: TokenIssuer
beforeAll(async () => {
  ;[issuer, otherIssuer] = await Promise.all([startTokenIssuer(), startTokenIssuer()])
})
afterAll(() => Promise.all([issuer.close(), otherIssuer.close()]))

const notes = 'https://mcp.example/notes'
const mail = 'https://mcp.example/mail'

function answerIn(decision: Decision): Answer {
  if ('serve' in decision) throw new Error('the request would be served')
  return decision.answer
}

function served(decision: Decision) {
  if ('answer' in decision) throw new Error(`refused with ${decision.answer.status}: ${decision.answer.body}`)
  return decision.serve
}

const challengeOf = ({ headers }: Answer) => parseChallenge(headers['www-authenticate'] ?? '')?.parameters

const post = (url: string, token?: string, headers: Record<string, string> = {}): RequestValues => ({
  method: 'POST',
  url,
  headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
})

/** Two resources with an authorization server each. */
const several = () =>
  createResourceServer([
    { resource: notes, authorizationServers: issuer.issuer, name: 'Notes', scopes: ['notes:read'] },
    { resource: mail, authorizationServers: otherIssuer.issuer, name: 'Mail', aliases: ['https://old.example/mail'] },
  ])

describe('several resources in one program', () => {
  it('publish a document each, the root having the first of its host', () => {
    const documentAt = (url: string) =>
      JSON.parse(several().publish({ method: 'GET', url, headers: {} })?.body ?? '{}') as Record<string, unknown>
    const inserted = '/.well-known/oauth-protected-resource'
    expect(documentAt(`https://mcp.example${inserted}/notes`)).toEqual({
      resource: notes,
      authorization_servers: [issuer.issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: ['notes:read'],
      resource_name: 'Notes',
      dpop_signing_alg_values_supported: expect.any(Array),
    })
    expect(documentAt(`https://mcp.example${inserted}/mail`)['authorization_servers']).toEqual([otherIssuer.issuer])
    expect(documentAt(`https://mcp.example${inserted}`)['resource']).toBe(notes)
    expect(documentAt(`https://old.example${inserted}`)['resource']).toBe('https://old.example/mail')
    expect(documentAt(`https://mcp.example${inserted}/other`)).toEqual({})
    expect(documentAt(`https://old.example${inserted}/notes`)).toEqual({})
  })

  it.each([
    ['/notes', 'mcp.example', 'https://mcp.example/.well-known/oauth-protected-resource/notes'],
    ['/notes/', 'mcp.example', 'https://mcp.example/.well-known/oauth-protected-resource/notes/'],
    ['/mail?a=b', 'mcp.example:443', 'https://mcp.example/.well-known/oauth-protected-resource/mail'],
    ['/mail', 'OLD.example', 'https://old.example/.well-known/oauth-protected-resource/mail'],
    // Behind a proxy the name may be any; it never gets into an answer.
    ['/mail', 'container:8080', 'https://mcp.example/.well-known/oauth-protected-resource/mail'],
    ['https://mcp.example/notes', 'ignored', 'https://mcp.example/.well-known/oauth-protected-resource/notes'],
  ])('%s at host %s is challenged with %s', async (url, host, metadataUrl) => {
    const answer = answerIn(await several().decide(post(url, undefined, { host })))
    expect(answer.status).toBe(401)
    expect(challengeOf(answer)?.['resource_metadata']).toBe(metadataUrl)
  })

  it.each(['/', '/other', '/NOTES', '/%6eotes', '/notes/deeper', '/mail/../notes', '/notes;x', '//notes'])(
    'nothing is served at %s, whatever the token',
    async (path) => {
      const decision = await several().decide(post(path, await issuer.sign({ aud: notes }), { host: 'mcp.example' }))
      expect(answerIn(decision).status).toBe(404)
    },
  )

  it('at one path of two hosts are told apart by request line and Host, which may not name both', async () => {
    const [a, b] = ['https://a.example/mcp', 'https://b.example/mcp']
    const server = createResourceServer([a, b].map((resource) => ({ resource, authorizationServers: issuer.issuer })))
    const token = await issuer.sign({ aud: a })
    const at = async (url: string, host: string) => {
      const decision = await server.decide(post(url, token, { host }))
      return 'answer' in decision ? decision.answer.status : decision.serve.resource
    }
    expect(await at('/mcp', 'a.example')).toBe(a)
    expect(await at('/mcp', 'b.example')).toBe(401)
    expect(await at(a, 'a.example:443')).toBe(a)
    expect(await at(a, 'container:8080')).toBe(a)
    expect(await at(a, 'b.example')).toBe(404)
    expect(await at('/mcp', 'container:8080')).toBe(a)
  })

  it('take the tokens of their own authorization server for their own URL alone', async () => {
    const server = several()
    const statusOf = async (path: string, token: string) => {
      const decision = await server.decide(post(path, token, { host: 'mcp.example' }))
      return 'answer' in decision ? decision.answer.status : decision.serve.resource
    }
    expect(await statusOf('/notes', await issuer.sign({ aud: notes }))).toBe(notes)
    expect(await statusOf('/notes', await issuer.sign({ aud: `${notes}/` }))).toBe(notes)
    expect(await statusOf('/mail', await issuer.sign({ aud: notes }))).toBe(401)
    expect(await statusOf('/mail', await issuer.sign({ aud: mail }))).toBe(401)
    expect(await statusOf('/mail', await otherIssuer.sign({ aud: mail }))).toBe(mail)
    expect(await statusOf('/notes', await otherIssuer.sign({ aud: notes }))).toBe(401)
  })

  it('can be fixed to one, which is then meant at every path', async () => {
    const server = several().only(mail)
    const decision = await server.decide(post('/rewritten', await otherIssuer.sign({ aud: mail })))
    expect(served(decision).resource).toBe(mail)
    expect(server.publish({ method: 'GET', url: '/.well-known/oauth-protected-resource/notes', headers: {} })).toBe(
      undefined,
    )
    expect(() => several().only('https://mcp.example/other')).toThrow('is not among')
  })
})

describe('mistakes in the settings', () => {
  const valid: ProtectedResourceSettings = { resource: notes, authorizationServers: 'https://a.example' }

  it.each<[string, ProtectedResourceSettings | ProtectedResourceSettings[]]>([
    ['there is no resource', []],
    ['has no authorization server', { ...valid, authorizationServers: [] }],
    ['must be https unless', { ...valid, resource: 'http://mcp.example/mcp' }],
    ['must be written https://mcp.example/mcp', { ...valid, resource: 'https://MCP.example/mcp' }],
    ['must have no blank, query', { ...valid, resource: 'https://mcp.example/mcp?x' }],
    ['issuer ftp://a.example', { ...valid, authorizationServers: ['ftp://a.example'] }],
    ['alias nowhere', { ...valid, aliases: ['nowhere'] }],
    ['"a b" is no scope', { ...valid, requiredScopes: ['a b'] }],
    ['offline_access', { ...valid, advertisedScopes: ['offline_access'] }],
    ['holds something twice', { ...valid, authorizationServers: ['https://a.example', 'https://a.example'] }],
    ['resourceTosUri must be', { ...valid, metadata: { resourceTosUri: 'nowhere' } }],
    ['stands for two resources', [valid, valid]],
    ['stands for two resources', [valid, { ...valid, resource: mail, aliases: [`${notes}/`] }]],
    ['no caller could use it', { ...valid, operations: { tools: { a: { scopes: { anyOf: [] } } } } }],
  ])('"%s" is said at once', (text, settings) => {
    expect(() => createResourceServer(settings)).toThrow(text)
  })

  it('are all said together', () => {
    const wrong = { resource: 'x', authorizationServers: 'y', scopes: ['"'] }
    expect(() => createResourceServer(wrong)).toThrow(/resource x .*\n.*issuer y .*\n.*" is no scope/)
  })

  it('do not include an issuer with a slash at its end, nor a resource that is a whole host', async () => {
    const server = createResourceServer({
      resource: 'https://mcp.example/',
      authorizationServers: 'https://a.example/',
    })
    const answer = server.publish({ method: 'GET', url: '/.well-known/oauth-protected-resource', headers: {} })
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({
      resource: 'https://mcp.example',
      authorization_servers: ['https://a.example/'],
    })
    expect(answerIn(await server.decide(post('/'))).status).toBe(401)
  })
})

describe('settings of a resource', () => {
  const one = (settings: Partial<ProtectedResourceSettings> = {}, options = {}) =>
    createResourceServer({ resource: notes, authorizationServers: issuer.issuer, ...settings }, options)

  it('requiredScopes are needed by every request, and challenged', async () => {
    const server = one({ requiredScopes: ['notes:read'], scopes: { 'notes:write': ['notes:read'] } })
    expect(challengeOf(answerIn(await server.decide(post('/notes'))))?.['scope']).toBe('notes:read')
    const lacking = answerIn(await server.decide(post('/notes', await issuer.sign({ aud: notes, scope: 'other' }))))
    expect([lacking.status, challengeOf(lacking)?.['scope']]).toEqual([403, 'other notes:read'])
    const enough = served(await server.decide(post('/notes', await issuer.sign({ aud: notes, scope: 'notes:write' }))))
    expect(enough.refuseMissing(['notes:read'])).toBeUndefined()
    expect(enough.refuseMissing(['notes:delete'])).toMatchObject({ status: 403 })
  })

  it('realm and requireMetadataOn401 shape the challenge', async () => {
    const answer = answerIn(await one({ realm: 'notes', requireMetadataOn401: false }).decide(post('/notes')))
    expect(challengeOf(answer)).toEqual({ realm: 'notes' })
  })

  it('checkClaims, tokensWithoutUser and audienceAliases reach the verifier', async () => {
    const server = one({
      tokensWithoutUser: 'refuse',
      audienceAliases: ['urn:notes'],
      checkClaims: ({ claims }) => (claims['tenant'] === 'ours' ? undefined : 'another tenant'),
    })
    const statusOf = async (claims: object) => {
      const decision = await server.decide(post('/notes', await issuer.sign({ aud: 'urn:notes', ...claims })))
      return 'answer' in decision ? decision.answer.status : 200
    }
    expect(await statusOf({ tenant: 'ours' })).toBe(200)
    expect(await statusOf({ tenant: 'theirs' })).toBe(401)
    expect(await statusOf({ tenant: 'ours', sub: 'client-1' })).toBe(401)
  })

  it('verify replaces what the authorization servers say', async () => {
    const accessToken = { clientId: 'c', scopes: [], expiresAt: 9, audience: [notes], issuer: 'x', claims: {} }
    const decision = await one({ verify: async (token) => ({ ...accessToken, clientId: token }) }).decide(
      post('/', 'abc'),
    )
    expect(served(decision).authInfo).toMatchObject({ token: 'abc', clientId: 'abc', resource: new URL(notes) })
  })

  it('revocations are asked about every token, a remembered one too', async () => {
    let revoked = false
    const check = async () => {
      if (revoked) throw invalidToken('its grant has ended')
    }
    const server = one({ revocations: { check } })
    const token = await issuer.sign({ aud: notes })
    expect(served(await server.decide(post('/notes', token))).resource).toBe(notes)
    revoked = true
    const refused = answerIn(await server.decide(post('/notes', token)))
    expect([refused.status, challengeOf(refused)?.['error']]).toEqual([401, 'invalid_token'])
  })

  it('dpop: off refuses bound tokens, required refuses all others, both as the metadata says', async () => {
    const key = await createDpopKey()
    const bound = await issuer.sign({ aud: notes, cnf: { jkt: key.thumbprint } })
    const proven = { ...post('/notes'), headers: { authorization: `DPoP ${bound}`, dpop: '' } }
    const metadataOf = (server: ReturnType<typeof one>) =>
      server.publish({ method: 'GET', url: '/.well-known/oauth-protected-resource/notes', headers: {} })?.body
    expect(answerIn(await one({ dpop: false }).decide(proven)).status).toBe(401)
    expect(metadataOf(one({ dpop: false }))).not.toContain('dpop')
    const required = one({ dpop: { required: true } })
    expect(answerIn(await required.decide(post('/notes', await issuer.sign({ aud: notes })))).status).toBe(401)
    expect(metadataOf(required)).toContain('"dpop_bound_access_tokens_required":true')
    // The public URL is what a proof is for, whatever the program was reached by.
    proven.headers.dpop = await key.prove({ url: notes, token: bound })
    const reached = { ...proven, url: 'http://container:8080/notes' }
    expect(served(await required.decide(reached)).accessToken.keyThumbprint).toBe(key.thumbprint)
    expect(answerIn(await required.decide(reached)).status).toBe(401)
  })

  it('a token in the query is taken under an ugly name alone, and the answer is private then', async () => {
    const token = await issuer.sign({ aud: notes })
    const asked = post(`/notes?access_token=${token}`)
    expect(answerIn(await one().decide(asked)).status).toBe(401)
    const { headers } = served(await one({ dangerouslyAcceptTokenInQuery: true }).decide(asked))
    expect(headers['cache-control']).toBe('private')
    const form = { ...post('/notes'), form: `access_token=${token}` }
    expect(answerIn(await one().decide(form)).status).toBe(401)
    expect(served(await one({ dangerouslyAcceptTokenInBody: true }).decide(form)).resource).toBe(notes)
  })
})

describe('what stands around the token', () => {
  const one = (options: Parameters<typeof createResourceServer>[1], settings = {}) =>
    createResourceServer({ resource: notes, authorizationServers: issuer.issuer, ...settings }, options)

  it.each([
    [undefined, 'https://evil.example', 403],
    [undefined, 'null', 403],
    [undefined, 'https://mcp.example', 200],
    [undefined, 'http://localhost:6274', 200],
    [undefined, '', 200],
    [{ origins: ['https://page.example'] }, 'https://page.example', 200],
    [{ origins: ['https://page.example'] }, 'https://mcp.example', 200],
    [{ hosts: ['mcp.example'] }, '', 421],
    [false as const, 'https://evil.example', 200],
  ])('with checks %p a page of "%s" gets %d', async (checks, origin, status) => {
    const server = checks === undefined ? one({}) : one({ checks })
    const decision = await server.decide(post('/notes', await issuer.sign({ aud: notes }), { origin, host: 'inside' }))
    expect('answer' in decision ? decision.answer.status : 200).toBe(status)
  })

  it('cors: false leaves OPTIONS and headers to the program', async () => {
    const server = one({ cors: false })
    const answer = answerIn(await server.decide({ ...post('/notes'), method: 'OPTIONS' }))
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([401, undefined])
    expect(served(await server.decide(post('/notes', await issuer.sign({ aud: notes })))).headers).toEqual({})
  })

  it('every decision is recorded once, without token or payload, and limits are felt', async () => {
    const events: AuditEvent[] = []
    const clock = { now: () => new Date() }
    const server = one(
      {
        audit: (event) => void events.push(event),
        rateLimiter: createRateLimiter({ perCaller: { perSecond: 0.001, burst: 2 }, clock }),
      },
      { operations: { tools: { write: { scopes: ['notes:write'] } } } },
    )
    const token = await issuer.sign({ aud: notes })
    await server.decide(post('/notes'))
    await server.decide(post('/notes', 'no-token', { origin: 'https://evil.example' }))
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'write', arguments: { secret: 1 } } }
    const authorized = served(await server.decide(post('/notes', token)))
    expect(await authorized.authorize(call)).toMatchObject({ status: 403 })
    expect(served(await server.decide({ ...post('/notes', token), method: 'GET' })).needsBody).toBe(false)
    const limited = answerIn(await server.decide({ ...post('/notes', token), method: 'GET' }))
    expect([limited.status, Number(limited.headers['retry-after']) > 0]).toEqual([429, true])
    expect(events.map(({ decision, reason }) => `${decision} ${reason}`)).toEqual([
      'deny no_token',
      'deny access_denied',
      'deny insufficient_scope',
      'allow allowed',
      'deny rate_limited',
    ])
    expect(events[2]).toMatchObject({ clientId: 'client-1', tools: ['write'] })
    expect(JSON.stringify(events)).not.toMatch(new RegExp(`secret|user-1|${token}`))
  })

  it('what an audit hook throws is nobody else’s answer', async () => {
    const audit = () => {
      throw new Error('the disk is full')
    }
    await expect(one({ audit }).decide(post('/notes'))).rejects.toThrow('the disk is full')
  })
})

describe('fetch handlers', () => {
  const server = () =>
    createResourceServer({
      resource: notes,
      authorizationServers: issuer.issuer,
      operations: { tools: { write: { scopes: ['notes:write'] } } },
    })

  it('keep the body they were given', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const headers = { authorization: `Bearer ${await issuer.sign({ aud: notes })}` }
    const request = new Request(notes, { method: 'POST', headers, body })
    expect(await guardRequest(server(), request)).toMatchObject({ resource: notes })
    expect(await request.text()).toBe(body)
  })

  it('are spared a body that says it is too large', async () => {
    const headers = { authorization: `Bearer ${await issuer.sign({ aud: notes })}`, 'content-length': '2000000' }
    const request = new Request(notes, { method: 'POST', headers, body: '{}' })
    const answer = await guardRequest(server(), request)
    expect([answer instanceof Response && answer.status, request.bodyUsed]).toEqual([413, false])
  })
})

describe('the memory of used proofs', () => {
  it('says each thing is new once, until its end', async () => {
    let now = new Date(0)
    const memory = createProofMemory({ now: () => now }, 3)
    const until = new Date(1_000)
    expect(await memory.rememberOnce('a', until)).toBe(true)
    expect(await memory.rememberOnce('a', until)).toBe(false)
    expect(await memory.rememberOnce('a', new Date(9_000))).toBe(false)
    now = new Date(2_000)
    expect(await memory.rememberOnce('a', new Date(9_000))).toBe(true)
  })

  it('lets nothing pass twice that it had no room for: what ends no later is refused, what is fresher is not', async () => {
    const memory = createProofMemory({ now: () => new Date(0) }, 3)
    const remember = (identifier: string, second: number) =>
      memory.rememberOnce(identifier, new Date(second * 1_000 - 1))
    for (const [identifier, second] of [
      ['a', 5],
      ['b', 5],
      ['c', 6],
      ['d', 7],
    ] as const) {
      expect(await remember(identifier, second)).toBe(true)
    }
    expect(await remember('a', 5)).toBe(false)
    expect(await remember('never seen', 5)).toBe(false)
    expect(await remember('c', 6)).toBe(false)
    expect(await remember('e', 6)).toBe(true)
    // One second alone is more than there is room for.
    for (const identifier of ['f', 'g', 'h']) await remember(identifier, 8)
    for (const identifier of ['d', 'f', 'g', 'h', 'i']) expect(await remember(identifier, 8)).toBe(false)
    expect(await remember('i', 9)).toBe(true)
  })

  it('makes room at the expense of the key that used the most, however far ahead its proofs are dated', async () => {
    const memory = createProofMemory({ now: () => new Date(0) }, 100)
    const remember = (identifier: string, second: number) =>
      memory.rememberOnce(identifier, new Date(second * 1_000 - 1))
    for (let proof = 0; proof < 10; proof += 1) expect(await remember(`honest\n${proof}`, 301)).toBe(true)
    for (let proof = 0; proof < 500; proof += 1) await remember(`flood\n${proof}`, 590 + (proof % 10))
    for (let proof = 0; proof < 10; proof += 1) {
      expect(await remember(`honest\n${proof}`, 301)).toBe(false)
      expect(await remember(`honest\nnew ${proof}`, 302)).toBe(true)
      expect(await remember(`somebody else ${proof}\n1`, 301)).toBe(true)
    }
    for (let proof = 0; proof < 500; proof += 1) {
      expect(await remember(`flood\n${proof}`, 590 + (proof % 10))).toBe(false)
    }
  })
})
