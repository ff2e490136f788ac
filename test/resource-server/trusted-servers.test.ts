import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { createCustomVerifier, type TrustedServer } from '../../src/resource-server/index.js'
import { createTokenVerifier, type TokenVerifierSettings } from '../../src/resource-server/token-verifier.js'
import { type Answer, resource, startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js'

let now = new Date('2026-11-21T12:00:00Z')
const clock = { now: () => now }
const fetch = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 })
const credentials = { clientId: 'resource-server', clientSecret: 'secret' }
const invalid = { code: 'invalid_token', status: 401 }
const outage = { code: 'temporarily_unavailable', status: 503 }

/** Two authorization servers: `first` and `second`. */
let first: TokenIssuer
let second: TokenIssuer

beforeAll(async () => {
  first = await startTokenIssuer(resource, clock.now)
  second = await startTokenIssuer(resource, clock.now)
})
afterAll(() => Promise.all([first.close(), second.close()]))

const active = () => ({ active: true, aud: resource, client_id: 'client-1', exp: now.getTime() / 1000 + 600 })
/** Answers `active` for these tokens only. */
const introspecting =
  (...tokens: string[]) =>
  (body: string): Answer => ({
    body: tokens.includes(new URLSearchParams(body).get('token') ?? '') ? active() : { active: false },
  })

beforeEach(() => {
  for (const issuer of [first, second]) {
    issuer.routes.set('/introspection', introspecting('opaque'))
    issuer.hits.clear()
  }
})

function verifierOf(authorizationServers: readonly TrustedServer[], settings: Partial<TokenVerifierSettings> = {}) {
  return createTokenVerifier({ audience: resource, clock, fetch, authorizationServers, ...settings }).verify
}

describe('several authorization servers', () => {
  it('verifies the tokens of each with its own keys, and asks only the one concerned', async () => {
    const verify = verifierOf([{ issuer: first.issuer }, { issuer: second.issuer }])
    await expect(verify(await second.sign())).resolves.toMatchObject({ issuer: second.issuer })
    expect(first.hits.size).toBe(0)
    await expect(verify(await first.sign())).resolves.toMatchObject({ issuer: first.issuer })
  })

  it('refuses a token that one of them signed in the name of the other', async () => {
    const verify = verifierOf([{ issuer: first.issuer }, { issuer: second.issuer }])
    const forged = await second.sign({ iss: first.issuer })
    await expect(verify(forged)).rejects.toMatchObject(invalid)
  })

  it.each([
    ['an unknown issuer', () => first.sign({ iss: 'https://evil.test' })],
    ['an issuer that differs by a slash', () => first.sign({ iss: `${first.issuer}/` })],
    ['no issuer', () => first.sign({ iss: undefined })],
    ['an issuer that is no string', () => first.sign({ iss: [first.issuer] })],
    ['a name every object has', () => first.sign({ iss: '__proto__' })],
    ['an opaque token', async () => 'opaque'],
    ['a token longer than any', async () => `${await first.sign()}${'A'.repeat(20_000)}`],
  ])('refuses %s and fetches nothing', async (_name, token) => {
    const verify = verifierOf([{ issuer: first.issuer }, { issuer: second.issuer }])
    await expect(verify(await token())).rejects.toMatchObject(invalid)
    expect([first.hits.size, second.hits.size]).toEqual([0, 0])
  })

  it('takes nothing that only resembles a token, and never fails on it', async () => {
    const verify = verifierOf([{ issuer: first.issuer }, { issuer: second.issuer }])
    const [header = '', payload = '', signature = ''] = (await first.sign()).split('.')
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const parts = [
      '',
      '.',
      'null',
      encoded(null),
      encoded([]),
      encoded({ alg: 7 }),
      encoded({ alg: 'ES256', iss: {} }),
      '%',
      '\u0000',
    ]
    const resembling = parts.flatMap((part) => [
      `${part}.${payload}.${signature}`,
      `${header}.${part}.${signature}`,
      `${header}.${payload}.${part}`,
      `${header}.${payload}.${signature}.${part}`,
      `${part}.${header}.${payload}.${signature}`,
    ])
    for (const token of resembling) await expect(verify(token)).rejects.toMatchObject(invalid)
  })

  it('goes on with one while the other is down', async () => {
    const down = 'http://127.0.0.1:9'
    const verify = verifierOf([{ issuer: down }, { issuer: first.issuer }])
    await expect(verify(await first.sign())).resolves.toBeDefined()
    await expect(verify(await first.sign({ iss: down }))).rejects.toMatchObject(outage)
  })

  it('applies the rules of the resource to all, and those of a server to its own tokens', async () => {
    const ofAcme = ({ claims }: { claims: Readonly<Record<string, unknown>> }) =>
      claims['tenant'] === 'acme' ? undefined : 'not of this tenant'
    const verify = verifierOf(
      [
        { issuer: first.issuer, checkClaims: ofAcme, algorithms: ['ES256'] },
        { issuer: second.issuer, algorithms: ['RS256'] },
      ],
      { tokensWithoutUser: 'refuse', audienceAliases: [`${resource}/`] },
    )
    await expect(verify(await first.sign({ tenant: 'acme', aud: `${resource}/` }))).resolves.toBeDefined()
    await expect(verify(await first.sign({ tenant: 'other' }))).rejects.toMatchObject(invalid)
    await expect(verify(await first.sign({ tenant: 'acme', sub: 'client-1' }))).rejects.toMatchObject(invalid)
    await expect(verify(await second.sign())).rejects.toMatchObject(invalid)
  })

  it('takes keys that are known, or known by address, and asks for no metadata then', async () => {
    const verify = verifierOf([
      { issuer: first.issuer, keys: [first.key.publicJwk] },
      { issuer: second.issuer, jwksUri: `${second.issuer}/jwks` },
    ])
    await verify(await first.sign())
    await verify(await second.sign())
    expect([...first.hits.keys(), ...second.hits.keys()]).toEqual(['/jwks'])
  })
})

describe('opaque tokens and JWTs side by side', () => {
  const both = (tokens: 'opaque' | 'refused' | 'all'): TrustedServer => ({
    issuer: first.issuer,
    introspection: { ...credentials, tokens },
  })

  it('chooses by shape, and never asks about a JWT', async () => {
    const verify = verifierOf([both('opaque')])
    await expect(verify('opaque')).resolves.toMatchObject({ clientId: 'client-1', issuer: first.issuer })
    await expect(verify('unknown')).rejects.toMatchObject(invalid)
    expect(first.hits.get('/introspection')).toBe(2)
    const forged = await second.sign({ iss: first.issuer })
    first.routes.set('/introspection', introspecting(forged))
    await expect(verify(forged)).rejects.toMatchObject(invalid)
    await expect(verify(await first.sign())).resolves.toBeDefined()
    expect(first.hits.get('/introspection')).toBe(2)
  })

  it.each(['a.b.c', 'not-base64.e30.e30', 'e30.e30.e30'])(
    'takes %s for opaque: it has dots but no header',
    async (token) => {
      first.routes.set('/introspection', introspecting(token))
      await expect(verifierOf([both('opaque')])(token)).resolves.toBeDefined()
    },
  )

  it('asks about a JWT that fails only where that is set, and never in an outage', async () => {
    const foreign = await second.sign({ iss: first.issuer })
    first.routes.set('/introspection', introspecting(foreign))
    await expect(verifierOf([both('refused')])(foreign)).resolves.toBeDefined()
    first.routes.set('/jwks', { status: 500, body: {} })
    const asked = first.hits.get('/introspection')
    await expect(verifierOf([both('refused')])(foreign)).rejects.toMatchObject(outage)
    expect(first.hits.get('/introspection')).toBe(asked)
    first.routes.set('/jwks', { body: { keys: [first.key.publicJwk] } })
  })

  it('asks about every token where that is set, so that a revoked JWT is refused', async () => {
    const token = await first.sign()
    await expect(verifierOf([both('all')])(token)).rejects.toMatchObject(invalid)
    first.routes.set('/introspection', introspecting(token))
    const verify = verifierOf([both('all')])
    await expect(verify(token)).resolves.toBeDefined()
    expect(first.hits.get('/jwks')).toBeUndefined()
    first.routes.set('/introspection', introspecting())
    now = new Date(now.getTime() + 10_000)
    await expect(verify(token)).rejects.toMatchObject(invalid)
  })

  it('never opens when introspection is down, and goes on with JWTs', async () => {
    const verify = verifierOf([both('opaque')])
    await verify('opaque')
    first.routes.set('/introspection', { status: 500, body: {} })
    await expect(verify('another')).rejects.toMatchObject(outage)
    await expect(verify(await first.sign())).resolves.toBeDefined()
    now = new Date(now.getTime() + 10_000)
    await expect(verify('opaque')).rejects.toMatchObject(outage)
  })

  it('sends opaque tokens to the one server that is named, never to several', async () => {
    const servers = [first, second].map(({ issuer }) => ({ issuer, introspection: credentials }))
    expect(() => verifierOf(servers)).toThrow('opaqueTokensOf')
    expect(() => verifierOf(servers, { opaqueTokensOf: 'https://other.test' })).toThrow('opaqueTokensOf')
    const verify = verifierOf(servers, { opaqueTokensOf: second.issuer })
    await expect(verify('opaque')).resolves.toMatchObject({ issuer: second.issuer })
    expect(first.hits.size).toBe(0)
  })

  it('asks at an endpoint that is set, without metadata', async () => {
    const endpoint = `${second.issuer}/introspection`
    await expect(
      verifierOf([{ issuer: first.issuer, introspection: { ...credentials, endpoint } }])('opaque'),
    ).resolves.toMatchObject({ issuer: first.issuer })
    expect(first.hits.size).toBe(0)
  })
})

describe('settings that contradict each other', () => {
  it('are refused at once', () => {
    expect(() => verifierOf([])).toThrow('no authorization server')
    expect(() => verifierOf([{ issuer: first.issuer }, { issuer: first.issuer }])).toThrow('twice')
    expect(() => verifierOf([{ issuer: first.issuer, keys: [] }])).toThrow('no key')
  })

  it('lets servers be looked up at start', async () => {
    const { discoveries } = createTokenVerifier({
      audience: resource,
      clock,
      fetch,
      authorizationServers: [{ issuer: first.issuer }],
    })
    await expect(discoveries.get(first.issuer)?.ready()).resolves.toMatchObject({ warnings: expect.any(Array) })
  })
})

describe('a verifying function of one’s own', () => {
  const rules = { issuer: 'https://issuer.test', audience: resource, clock }

  it('says what a token says; what any token must say is still checked', async () => {
    const verify = createCustomVerifier(async (token) => (token === 'good' ? active() : undefined), rules)
    await expect(verify('good')).resolves.toMatchObject({ clientId: 'client-1', issuer: rules.issuer })
    await expect(verify('bad')).rejects.toMatchObject(invalid)
    for (const change of [
      { aud: 'https://other.test' },
      { exp: 1 },
      { exp: undefined },
      { iss: 'https://evil.test' },
    ]) {
      const answering = createCustomVerifier(async () => ({ ...active(), ...change }), rules)
      await expect(answering('token')).rejects.toMatchObject(invalid)
    }
  })

  it('refuses with its own OAuth errors, and is an outage when it fails', async () => {
    const failing = createCustomVerifier(async () => Promise.reject(new Error('database down')), rules)
    await expect(failing('token')).rejects.toMatchObject({ ...outage, detail: 'the verifying function failed' })
  })
})
