import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createLocalJWKSet, exportSPKI, importJWK } from 'jose'
import { OAuthError } from '../../src/oauth/errors.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { type TokenVerifier, userOf } from '../../src/resource-server/index.js'
import { createRemoteKeySet } from '../../src/resource-server/key-set.js'
import { createJwtVerifier, type JwtRules } from '../../src/resource-server/verifier.js'
import { createSigningKey, resource, startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js'

const now = new Date('2026-11-21T12:00:00Z')
const seconds = now.getTime() / 1000
const clock = { now: () => now }
const fetch = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 })

let issuer: TokenIssuer
let verify: TokenVerifier

function verifierOf(options: Partial<JwtRules> = {}): TokenVerifier {
  const keys = createRemoteKeySet({ jwksUri: async () => `${issuer.origin}/jwks`, fetch, clock })
  return createJwtVerifier({ issuer: issuer.issuer, audience: resource, keys, clock, ...options })
}

beforeAll(async () => {
  issuer = await startTokenIssuer(resource, clock.now)
  verify = verifierOf()
})
afterAll(() => issuer.close())

async function rejection(token: string, verifier: TokenVerifier = verify): Promise<OAuthError> {
  try {
    await verifier(token)
  } catch (error) {
    if (error instanceof OAuthError) return error
    throw error
  }
  throw new Error('the token was accepted')
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** The token with another header, its signature left as it was. */
function withHeader(token: string, header: object): string {
  const [, payload, signature] = token.split('.')
  return `${encode(header)}.${payload}.${signature}`
}

describe('JWT access tokens (RFC 9068 §4)', () => {
  it('answers what a good token says', async () => {
    const accessToken = await verify(await issuer.sign({ scope: 'notes:read notes:write', jti: 'token-1' }))
    expect(accessToken).toMatchObject({
      subject: 'user-1',
      clientId: 'client-1',
      scopes: ['notes:read', 'notes:write'],
      expiresAt: seconds + 600,
      audience: [resource],
      issuer: issuer.issuer,
      tokenId: 'token-1',
    })
    expect(userOf(accessToken)).toBe('user-1')
  })

  it('knows no user when the subject is the client itself', async () => {
    expect(userOf(await verify(await issuer.sign({ sub: 'client-1' })))).toBeUndefined()
  })

  it.each([
    ['an audience list that holds this resource', { aud: ['https://other.test/api', resource] }],
    ['an exp just past, within the tolerance', { exp: seconds - 3 }],
    ['an iat half a minute ahead: this clock lags', { iat: seconds + 30 }],
    ['iat and nbf a minute ahead', { iat: seconds + 60, nbf: seconds + 60 }],
    ['no scope at all', { scope: undefined }],
  ])('accepts %s', async (_name, claims) => {
    await expect(verify(await issuer.sign(claims))).resolves.toMatchObject({ clientId: 'client-1' })
  })

  it('accepts the long form of the type', async () => {
    await expect(verify(await issuer.sign({}, { typ: 'application/at+jwt' }))).resolves.toBeDefined()
  })

  it.each([
    ['another issuer', { iss: 'https://evil.test' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'https://other.test/mcp' }],
    ['the audience with a slash', { aud: `${resource}/` }],
    ['the audience in upper case', { aud: 'HTTP://LOCALHOST:4000/mcp' }],
    ['only the origin as audience', { aud: 'http://localhost:4000' }],
    ['an empty audience list', { aud: [] }],
    ['a non-string audience', { aud: [{ resource }] }],
    ['no audience', { aud: undefined }],
    ['an exp in the past', { exp: seconds - 6 }],
    ['no exp', { exp: undefined }],
    ['an exp as text', { exp: String(seconds + 600) }],
    ['an exp ten years ahead', { exp: seconds + 10 * 365 * 86_400 }],
    ['an nbf in the future', { nbf: seconds + 61 }],
    ['an nbf as text', { nbf: String(seconds) }],
    ['an iat in the future', { iat: seconds + 61 }],
    ['an iat as text', { iat: 'now' }],
    ['no iat', { iat: undefined }],
    ['neither client_id nor azp', { client_id: undefined }],
    ['an azp that is not a string', { client_id: undefined, azp: 7 }],
    ['a client_id that is not a string', { client_id: ['client-1'] }],
    ['no sub', { sub: undefined }],
    ['a sub that is not a string', { sub: { id: 'user-1' } }],
    ['a scope list that holds more than strings', { scope: ['notes:read', 7] }],
    ['a scope that is an object', { scope: undefined, scopes: { 'notes:read': true } }],
    ['a key binding (cnf)', { cnf: { jkt: 'thumbprint' } }],
  ])('refuses %s', async (_name, claims) => {
    expect(await rejection(await issuer.sign(claims))).toMatchObject({ code: 'invalid_token', status: 401 })
  })

  it.each([
    ['a slash at the end', (text: string) => `${text}/`],
    ['an upper-case host', (text: string) => text.toUpperCase()],
  ])('refuses the issuer with %s', async (_name, change) => {
    expect((await rejection(await issuer.sign({ iss: change(issuer.issuer) }))).code).toBe('invalid_token')
  })

  it.each([['JWT'], ['id_token+jwt'], ['at+jwt2'], [undefined]])('refuses the type %s', async (typ) => {
    expect((await rejection(await issuer.sign({}, { typ }))).code).toBe('invalid_token')
  })

  it('says that a clock is wrong when a time lies further ahead than clocks may differ', async () => {
    const { detail } = await rejection(await issuer.sign({ iat: seconds + 95 }))
    expect(detail).toBe("iat lies 95 s in the future: this clock is behind, or the issuer's is ahead")
  })

  it('takes the tolerances that the program sets, each for its own times', async () => {
    const patient = verifierOf({ futureToleranceSeconds: 120 })
    await expect(patient(await issuer.sign({ iat: seconds + 119 }))).resolves.toBeDefined()
    await expect(patient(await issuer.sign({ exp: seconds - 6 }))).rejects.toMatchObject({ detail: 'expired' })
    const lenient = verifierOf({ clockToleranceSeconds: 90, futureToleranceSeconds: 0 })
    await expect(lenient(await issuer.sign({ exp: seconds - 89 }))).resolves.toBeDefined()
    await expect(lenient(await issuer.sign({ iat: seconds + 1 }))).rejects.toMatchObject({ code: 'invalid_token' })
  })

  it('tells the public the same for every reason, and the log the real one', async () => {
    const expired = await rejection(await issuer.sign({ exp: seconds - 60 }))
    const foreign = await rejection(await issuer.sign({ aud: 'https://other.test' }))
    expect(expired.message).toBe(foreign.message)
    expect(expired.detail).not.toBe(foreign.detail)
  })
})

describe('what issuers in the field write differently', () => {
  it.each([
    ['scope as a list', { scope: ['notes:read', 'notes:write'] }],
    ['scopes as a list', { scope: undefined, scopes: ['notes:read', 'notes:write'] }],
    ['scopes as one string', { scope: undefined, scopes: 'notes:read notes:write' }],
    ['scp as a list', { scope: undefined, scp: ['notes:read', 'notes:write', 'notes:read'] }],
    [
      'scope, and other names that say something else',
      { scope: 'notes:read notes:write', scopes: ['all'], scp: 'all' },
    ],
  ])('reads the scopes of a token with %s', async (_name, claims) => {
    const { scopes } = await verify(await issuer.sign(claims))
    expect(scopes).toEqual(['notes:read', 'notes:write'])
  })

  it('finds the client in azp when there is no client_id', async () => {
    const azp = { azp: 'client-2' }
    expect((await verify(await issuer.sign({ ...azp, client_id: undefined }))).clientId).toBe('client-2')
    expect((await verify(await issuer.sign(azp))).clientId).toBe('client-1')
  })

  it('tries each key that fits a token without kid, and believes none of them falsely', async () => {
    const [first, second] = await Promise.all([createSigningKey('a'), createSigningKey('b')])
    const stranger = await createSigningKey('b')
    const keys = createLocalJWKSet({ keys: [issuer.key.publicJwk, first.publicJwk, second.publicJwk] })
    const verifyAny = createJwtVerifier({ issuer: issuer.issuer, audience: resource, keys, clock })
    for (const { privateKey } of [first, second]) {
      await expect(verifyAny(await issuer.sign({}, { kid: undefined }, privateKey))).resolves.toBeDefined()
    }
    const forged = await issuer.sign({}, { kid: undefined }, stranger.privateKey)
    expect((await rejection(forged, verifyAny)).code).toBe('invalid_token')
    const expired = await issuer.sign({ exp: seconds - 60 }, { kid: undefined }, second.privateKey)
    expect(await rejection(expired, verifyAny)).toMatchObject({ detail: expect.stringContaining('exp') })
  })
})

describe('rules of the resource', () => {
  it('takes the audience in each spelling that is listed, and in no other', async () => {
    const verifyAliases = verifierOf({ audienceAliases: [`${resource}/`, 'https://former.test/mcp'] })
    for (const aud of [resource, `${resource}/`, 'https://former.test/mcp', ['https://former.test/mcp', 'x']]) {
      await expect(verifyAliases(await issuer.sign({ aud }))).resolves.toBeDefined()
    }
    for (const aud of ['https://former.test', 'https://former.test/mcp/', `${resource}//`]) {
      expect((await rejection(await issuer.sign({ aud }), verifyAliases)).code).toBe('invalid_token')
    }
  })

  it.each([
    ['by default', undefined, { user: true, client: true, nobody: false }],
    ['when they are allowed', 'allow', { user: true, client: true, nobody: true }],
    ['when they are refused', 'refuse', { user: true, client: false, nobody: false }],
  ] as const)('takes tokens without a user as told: %s', async (_name, tokensWithoutUser, wanted) => {
    const verifyAs = verifierOf(tokensWithoutUser === undefined ? {} : { tokensWithoutUser })
    const subjects = { user: 'user-1', client: 'client-1', nobody: undefined }
    for (const [kind, sub] of Object.entries(subjects)) {
      const taken = await verifyAs(await issuer.sign({ sub })).then(
        (accessToken) => userOf(accessToken) === (kind === 'user' ? 'user-1' : undefined),
        () => false,
      )
      expect([kind, taken]).toEqual([kind, Object.entries(wanted).find(([name]) => name === kind)?.[1]])
    }
  })

  it('asks a check of its own, after all others, and tells its reason to the log only', async () => {
    const seen: unknown[] = []
    const verifyTenant = verifierOf({
      checkClaims: ({ claims, subject }) => {
        seen.push(subject)
        return claims['tenant'] === 'acme' ? undefined : 'not of this tenant'
      },
    })
    await expect(verifyTenant(await issuer.sign({ tenant: 'acme' }))).resolves.toBeDefined()
    const refused = await rejection(await issuer.sign({ tenant: 'other' }), verifyTenant)
    expect(refused).toMatchObject({ code: 'invalid_token', detail: 'not of this tenant' })
    expect(refused.message).not.toContain('tenant')
    await rejection(await issuer.sign({ tenant: 'acme', exp: seconds - 60 }), verifyTenant)
    expect(seen).toEqual(['user-1', 'user-1'])
  })
})

describe('signatures (RFC 8725)', () => {
  it.each(['none', 'None', 'NONE', ''])('refuses alg %p with the signature stripped', async (alg) => {
    const [, payload] = (await issuer.sign()).split('.')
    const token = `${encode({ alg, typ: 'at+jwt', kid: 'key-1' })}.${payload}.`
    expect((await rejection(token)).code).toBe('invalid_token')
  })

  it.each(['', ' '])('refuses HS256 keyed with the public PEM (prefix %p)', async (prefix) => {
    const [, payload] = (await issuer.sign()).split('.')
    const publicKey = await importJWK(issuer.key.publicJwk, 'ES256', { extractable: true })
    if (publicKey instanceof Uint8Array) throw new Error('expected a public key')
    const signed = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'key-1' })}.${payload}`
    const secret = prefix + (await exportSPKI(publicKey))
    const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
    expect((await rejection(token)).code).toBe('invalid_token')
  })

  it('refuses an algorithm that is not on the list', async () => {
    expect((await rejection(await issuer.sign(), verifierOf({ algorithms: ['RS256'] }))).code).toBe('invalid_token')
  })

  it('refuses a signature by another key under a known kid', async () => {
    const other = await createSigningKey('key-1')
    expect((await rejection(await issuer.sign({}, {}, other.privateKey))).code).toBe('invalid_token')
  })

  it('ignores a key that the token brings along', async () => {
    const other = await createSigningKey('key-1')
    const token = await issuer.sign({}, { jwk: other.publicJwk }, other.privateKey)
    expect((await rejection(token)).code).toBe('invalid_token')
  })

  it.each([
    ['an unknown critical header', { crit: ['exp'], exp: 1 }],
    ['an unencoded payload', { b64: false, crit: ['b64'] }],
  ])('refuses %s', async (_name, extra) => {
    const token = withHeader(await issuer.sign(), { alg: 'ES256', kid: 'key-1', typ: 'at+jwt', ...extra })
    expect((await rejection(token)).code).toBe('invalid_token')
  })

  it.each([
    ['a stripped signature', (token: string) => `${token.split('.').slice(0, 2).join('.')}.`],
    ['a changed payload', (token: string) => token.replace(/\.e/, '.f')],
    ['two parts', (token: string) => token.split('.').slice(0, 2).join('.')],
    ['five parts', (token: string) => `${token}.x.y`],
    ['plain text', () => 'opaque-token'],
    ['a huge token', (token: string) => token + 'A'.repeat(20_000)],
  ])('refuses %s', async (_name, change) => {
    expect((await rejection(change(await issuer.sign()))).code).toBe('invalid_token')
  })
})
