import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { generateKeyPair } from 'jose'
import { systemClock } from '../../src/base/clock.js'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { createDpopKey, type DpopKey, type ProofRequest, unsignedJwt } from '../support/dpop-key.js'
import { type McpTestServer, startMcpTestServer, toolCall } from './mcp-test-server.js'

let server: McpTestServer
let key: DpopKey
let other: DpopKey
/** Bound to `key`. */
let token: string

beforeAll(async () => {
  ;[server, key, other] = await Promise.all([startMcpTestServer(), createDpopKey(), createDpopKey()])
  token = await boundToken(key)
})
afterAll(() => server.close())

const boundToken = ({ thumbprint }: DpopKey, scope?: string) =>
  server.token(scope, 'user-1', { cnf: { jkt: thumbprint } })

const challengeOf = (response: Response) => parseChallenge(response.headers.get('www-authenticate') ?? '')

function call(proof: string | undefined, presented = token, scheme = 'DPoP', at = server): Promise<Response> {
  const headers = { authorization: `${scheme} ${presented}`, ...(proof === undefined ? {} : { dpop: proof }) }
  return at.post(toolCall('whoami'), undefined, headers)
}

const prove = (request: Partial<ProofRequest> = {}, by = key) => by.prove({ url: server.url, token, ...request })

describe('a key-bound access token with a proof (RFC 9449 §7.1)', () => {
  it.each<[string, () => Promise<Response>]>([
    ['as usual', async () => call(await prove())],
    ['with the scheme in another case', async () => call(await prove(), token, 'dpop')],
    ['with a query and fragment in htu', async () => call(await prove({ url: `${server.url}?a=b#c` }))],
    ['with a slash at the end of htu', async () => call(await prove({ url: `${server.url}/` }))],
    ['with an upper-case scheme in htu', async () => call(await prove({ url: server.url.replace('http', 'HTTP') }))],
    [
      'almost five minutes old',
      async () => call(await prove({ claims: { iat: Math.floor(Date.now() / 1000) - 290 } })),
    ],
    ['with a claim of its own', async () => call(await prove({ claims: { nonce: 'from somewhere else' } }))],
  ])('is accepted %s', async (_name, request) => {
    expect((await request()).status).toBe(200)
  })

  it('is accepted with Ed25519, under both of its names', async () => {
    for (const algorithm of ['EdDSA', 'Ed25519']) {
      const edwards = await createDpopKey(algorithm)
      const bound = await boundToken(edwards)
      expect((await call(await prove({ token: bound }, edwards), bound)).status).toBe(200)
    }
  })

  it('leaves plain Bearer tokens as they are', async () => {
    expect((await server.post(toolCall('whoami'), await server.token())).status).toBe(200)
  })

  it('is announced in the resource metadata (RFC 9728 §2), and browsers may send the header', async () => {
    const metadata = await (await fetch(`${server.origin}/.well-known/oauth-protected-resource/mcp`)).json()
    expect(metadata).toMatchObject({ dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519'] })
    expect(metadata).not.toHaveProperty('dpop_bound_access_tokens_required')
    const preflight = await fetch(server.url, { method: 'OPTIONS' })
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/\bDPoP\b/)
  })

  it('is challenged with DPoP when scopes are missing', async () => {
    const narrow = await boundToken(key, 'notes:read')
    const headers = { authorization: `DPoP ${narrow}`, dpop: await prove({ token: narrow }) }
    const response = await server.post(toolCall('delete_note'), undefined, headers)
    expect(response.status).toBe(403)
    expect(challengeOf(response)).toMatchObject({
      scheme: 'DPoP',
      parameters: { error: 'insufficient_scope', algs: 'ES256 EdDSA Ed25519', scope: 'notes:read notes:delete' },
    })
  })
})

describe('proofs that are refused (RFC 9449 §4.3)', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const payload = () => ({ htm: 'POST', htu: server.url, iat: now(), jti: 'unsigned', ath: 'x' })

  it.each<[string, () => Promise<string | undefined> | string]>([
    ['none', async () => undefined],
    ['an empty one', () => ''],
    ['not a JWT', () => 'proof'],
    ['two of them', async () => `${await prove()}, ${await prove()}`],
    ['a giant', async () => prove({ claims: { filler: 'x'.repeat(9_000) } })],
    ['another method', () => prove({ method: 'GET' })],
    ['a method in lower case', () => prove({ method: 'post' })],
    ['another path', () => prove({ url: `${server.origin}/other` })],
    ['another host', () => prove({ url: 'http://other.test/mcp' })],
    ['another port', () => prove({ url: 'http://127.0.0.1:1/mcp' })],
    ['another scheme', () => prove({ url: server.url.replace('http:', 'https:') })],
    ['user information in htu', () => prove({ url: server.url.replace('//', '//user@') })],
    ['an htu that is no URL', () => prove({ url: '/mcp' })],
    ['no htu', () => prove({ claims: { htu: undefined } })],
    ['no htm', () => prove({ claims: { htm: undefined } })],
    ['no iat', () => prove({ claims: { iat: undefined } })],
    ['an iat as text', () => prove({ claims: { iat: String(now()) } })],
    ['an iat more than five minutes ago', () => prove({ claims: { iat: now() - 302 } })],
    ['an iat more than five minutes ahead', () => prove({ claims: { iat: now() + 310 } })],
    ['an exp in the past', () => prove({ claims: { exp: now() - 10 } })],
    ['no jti', () => prove({ claims: { jti: undefined } })],
    ['an empty jti', () => prove({ claims: { jti: '' } })],
    ['a jti that is no string', () => prove({ claims: { jti: 7 } })],
    ['a giant jti', () => prove({ claims: { jti: 'x'.repeat(600) } })],
    ['no ath', () => key.prove({ url: server.url })],
    ['the ath of another token', async () => prove({ token: await boundToken(key) })],
    ['another key', () => prove({}, other)],
    ['the bound key named, another one signing', async () => prove({}, await otherSigning())],
    ['the type JWT', () => prove({ header: { typ: 'JWT' } })],
    ['the type at+jwt', () => prove({ header: { typ: 'at+jwt' } })],
    ['no type', () => prove({ header: { typ: undefined } })],
    ['no key', () => prove({ header: { jwk: undefined } })],
    ['the private key in its header', () => prove({ header: { jwk: key.privateJwk } })],
    ['a symmetric key in its header', () => prove({ header: { jwk: { kty: 'oct', k: 'AAAA' } } })],
    [
      'an unknown critical header',
      async () => {
        const [, claims, signature] = (await prove()).split('.')
        const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: key.publicJwk, crit: ['other'], other: 1 }
        return `${unsignedJwt(header, {}).split('.')[0]}.${claims}.${signature}`
      },
    ],
    ['alg none', () => unsignedJwt({ alg: 'none', typ: 'dpop+jwt', jwk: key.publicJwk }, payload())],
    ['no signature', async () => (await prove()).replace(/[^.]+$/, '')],
    [
      'HS256 keyed with the public key',
      () => {
        const header = { alg: 'HS256', typ: 'dpop+jwt', jwk: key.publicJwk }
        const unsigned = unsignedJwt(header, payload()).slice(0, -1)
        const mac = createHmac('sha256', JSON.stringify(key.publicJwk)).update(unsigned).digest('base64url')
        return `${unsigned}.${mac}`
      },
    ],
    ['RS256, which is not on the list', async () => prove({}, await createDpopKey('RS256'))],
  ])('%s', async (_name, make) => {
    const response = await call(await make())
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ error: 'invalid_dpop_proof' })
    expect(challengeOf(response)).toMatchObject({
      scheme: 'DPoP',
      parameters: {
        error: 'invalid_dpop_proof',
        algs: 'ES256 EdDSA Ed25519',
        resource_metadata: `${server.origin}/.well-known/oauth-protected-resource/mcp`,
      },
    })
  })

  /** Names the bound key in the header, but signs with its own. */
  async function otherSigning(): Promise<DpopKey> {
    const { privateKey } = await generateKeyPair('ES256')
    return { ...key, prove: (request) => key.prove(request, privateKey) }
  }

  it('one used before, though its token is in the cache', async () => {
    const proof = await prove()
    expect((await call(proof)).status).toBe(200)
    const again = await call(proof)
    expect([again.status, await again.json()]).toEqual([401, expect.objectContaining({ error: 'invalid_dpop_proof' })])
    expect((await call(undefined)).status).toBe(401)
    expect((await call(await prove())).status).toBe(200)
  })

  it('all but one of the same proof sent many times at once', async () => {
    const proof = await prove()
    const statuses = (await Promise.all(Array.from({ length: 12 }, () => call(proof)))).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 401)).toHaveLength(11)
  })

  it('says why only in the log, and never logs token or proof', async () => {
    const proof = await prove({ method: 'GET' })
    const before = server.logLines.length
    await call(proof)
    const lines = server.logLines.slice(before).join('')
    expect(JSON.parse(lines)).toMatchObject({ error: 'invalid_dpop_proof', errorDetail: 'made for another method' })
    for (const secret of [proof, token]) expect(lines).not.toContain(secret)
  })
})

describe('downgrades (RFC 9449 §7.1, §7.2)', () => {
  it('refuses a bound token presented as Bearer, with and without a proof, and says DPoP', async () => {
    for (const proof of [undefined, await prove()]) {
      const response = await call(proof, token, 'Bearer')
      expect(response.status).toBe(401)
      expect(challengeOf(response)).toMatchObject({ scheme: 'DPoP', parameters: { error: 'invalid_token' } })
    }
  })

  it('refuses an unbound token presented as DPoP', async () => {
    const plain = await server.token()
    const response = await call(await prove({ token: plain }), plain)
    expect([response.status, await response.json()]).toEqual([401, expect.objectContaining({ error: 'invalid_token' })])
  })

  it.each([
    ['a certificate', { 'x5t#S256': 'thumbprint' }],
    ['a key and a certificate', { jkt: 'x', 'x5t#S256': 'y' }],
    ['nothing', {}],
    ['a number', { jkt: 7 }],
    ['text', 'thumbprint'],
    ['null', null],
  ])('refuses a token bound to %s, whichever way it comes', async (_name, cnf) => {
    const odd = await server.token('notes:read', 'user-1', { cnf })
    for (const scheme of ['Bearer', 'DPoP']) {
      expect((await call(await prove({ token: odd }), odd, scheme)).status).toBe(401)
    }
  })

  it('answers 400 to a malformed DPoP header', async () => {
    expect((await call(await prove(), 'two tokens')).status).toBe(400)
  })
})

describe('a server that takes only bound tokens', () => {
  let strict: McpTestServer
  beforeAll(async () => {
    strict = await startMcpTestServer({}, { dpopRequired: true })
  })
  afterAll(() => strict.close())

  it('says so in metadata and challenge, refuses Bearer, takes DPoP', async () => {
    const metadata = await (await fetch(`${strict.origin}/.well-known/oauth-protected-resource/mcp`)).json()
    expect(metadata).toMatchObject({ dpop_bound_access_tokens_required: true })
    const asked = await strict.post(toolCall('whoami'))
    expect(challengeOf(asked)).toEqual({
      scheme: 'DPoP',
      parameters: {
        scope: 'notes:read notes:write',
        resource_metadata: `${strict.origin}/.well-known/oauth-protected-resource/mcp`,
        algs: 'ES256 EdDSA Ed25519',
      },
    })
    const plain = await strict.post(toolCall('whoami'), await strict.token())
    expect(plain.status).toBe(401)
    expect(challengeOf(plain)).toMatchObject({ scheme: 'DPoP', parameters: { error: 'invalid_token' } })
    const bound = await strict.token('notes:read', 'user-1', { cnf: { jkt: key.thumbprint } })
    const proof = await key.prove({ url: strict.url, token: bound })
    expect((await call(proof, bound, 'DPoP', strict)).status).toBe(200)
  })
})

describe('a server that cannot remember proofs', () => {
  it('answers 503 and lets nothing pass, while Bearer tokens work on', async () => {
    const replays = { rememberOnce: () => Promise.reject(new Error('the database is gone')) }
    const lame = await startMcpTestServer({ dpop: { replays, clock: systemClock } })
    try {
      const bound = await lame.token('notes:read', 'user-1', { cnf: { jkt: key.thumbprint } })
      const proof = await key.prove({ url: lame.url, token: bound })
      const response = await call(proof, bound, 'DPoP', lame)
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
      expect((await lame.post(toolCall('whoami'), await lame.token())).status).toBe(200)
    } finally {
      await lame.close()
    }
  })
})
