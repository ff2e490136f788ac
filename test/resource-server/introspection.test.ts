import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from 'jose'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import type { TokenVerifier } from '../../src/resource-server/index.js'
import { createIntrospectionVerifier } from '../../src/resource-server/introspection.js'
import { type Answer, type LoopbackServer, resource, startLoopbackServer } from '../support/token-issuer.js'

const now = new Date('2026-11-21T12:00:00Z')
const seconds = now.getTime() / 1000
const active = {
  active: true,
  aud: resource,
  client_id: 'client-1',
  sub: 'user-1',
  exp: seconds + 60,
  scope: 'notes:read',
}

let server: LoopbackServer
let options: Parameters<typeof createIntrospectionVerifier>[0] & { readonly clientSecret: string }
let verify: TokenVerifier
/** For a caller that checks proofs. */
let verifyBound: TokenVerifier

beforeAll(async () => {
  server = await startLoopbackServer()
  options = {
    endpoint: async () => `${server.origin}/introspection`,
    clientId: 'resource server',
    clientSecret: 'sécret:+/%',
    issuer: 'https://issuer.test',
    audience: resource,
    fetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 10_000 }),
    clock: { now: () => now },
  }
  verify = createIntrospectionVerifier(options)
  verifyBound = createIntrospectionVerifier({ ...options, takesBoundTokens: true })
})
afterAll(() => server.close())

function answer(body: unknown, status = 200): void {
  server.routes.set('/introspection', { status, body })
}

describe('token introspection (RFC 7662)', () => {
  it('sends the token in the body and its own credentials form-encoded (RFC 6749 §2.3.1)', async () => {
    let seen: { body: string; authorization: string | undefined } | undefined
    server.routes.set('/introspection', (body, authorization): Answer => {
      seen = { body, authorization }
      return { body: active }
    })
    await verify('opaque token')
    expect(seen?.body).toBe('token=opaque+token&token_type_hint=access_token')
    const credentials = Buffer.from(seen?.authorization?.replace('Basic ', '') ?? '', 'base64').toString()
    expect(credentials).toBe('resource+server:s%C3%A9cret%3A%2B%2F%25')
  })

  it('answers what an active token says', async () => {
    answer({ ...active, iss: 'https://issuer.test', jti: 'token-1' })
    await expect(verify('token')).resolves.toMatchObject({
      subject: 'user-1',
      clientId: 'client-1',
      scopes: ['notes:read'],
      expiresAt: seconds + 60,
      tokenId: 'token-1',
    })
  })

  it('answers which key a token is bound to, only for who checks proofs (RFC 9449 §6.2)', async () => {
    answer({ ...active, cnf: { jkt: 'thumbprint' }, token_type: 'DPoP' })
    expect(await verifyBound('token')).toMatchObject({ keyThumbprint: 'thumbprint' })
    await expect(verify('token')).rejects.toMatchObject({ code: 'invalid_token' })
    answer({ ...active, token_type: 'Bearer' })
    expect(await verifyBound('token')).not.toHaveProperty('keyThumbprint')
    for (const odd of [
      { cnf: { jkt: 'thumbprint' }, token_type: 'Bearer' },
      { token_type: 'DPoP' },
      { cnf: { 'x5t#S256': 'thumbprint' } },
    ]) {
      answer({ ...active, ...odd })
      await expect(verifyBound('token')).rejects.toMatchObject({ code: 'invalid_token' })
    }
  })

  it('sends a secret in the form where that is how it is registered', async () => {
    const seen: unknown[] = []
    server.routes.set('/introspection', (body, authorization): Answer => {
      seen.push(Object.fromEntries(new URLSearchParams(body)), authorization)
      return { body: active }
    })
    await createIntrospectionVerifier({ ...options, clientAuthMethod: 'client_secret_post' })('a&token=b')
    expect(seen).toEqual([
      {
        token: 'a&token=b',
        token_type_hint: 'access_token',
        client_id: 'resource server',
        client_secret: 'sécret:+/%',
      },
      undefined,
    ])
  })

  it.each(['JWK', 'PEM'])(
    'signs an assertion with its key, a new one for each request: %s (RFC 7523)',
    async (form) => {
      const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
      const jwk = { ...(await exportJWK(privateKey)), kid: 'rs-1', alg: 'ES256' }
      const { clientSecret: _, ...common } = options
      const key = form === 'JWK' ? { privateKey: jwk } : { privateKey: await exportPKCS8(privateKey), keyId: 'rs-1' }
      const verifyByKey = createIntrospectionVerifier({ ...common, ...key })
      const assertions: string[] = []
      server.routes.set('/introspection', (body, authorization): Answer => {
        const parameters = new URLSearchParams(body)
        expect(authorization).toBeUndefined()
        expect(parameters.get('client_id')).toBe('resource server')
        expect(parameters.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
        assertions.push(parameters.get('client_assertion') ?? '')
        return { body: active }
      })
      await verifyByKey('token')
      await verifyByKey('token')
      const verified = await Promise.all(
        assertions.map((assertion) =>
          jwtVerify(assertion, publicKey, {
            issuer: 'resource server',
            subject: 'resource server',
            audience: 'https://issuer.test',
            currentDate: now,
            maxTokenAge: 1,
          }),
        ),
      )
      expect(verified.map(({ protectedHeader }) => protectedHeader)).toEqual(
        Array.from({ length: 2 }, () => ({ alg: 'ES256', kid: 'rs-1' })),
      )
      expect(new Set(verified.map(({ payload }) => payload.jti)).size).toBe(2)
    },
  )

  it('says at once that a private key is none', () => {
    const { clientSecret: _, ...common } = options
    expect(() => createIntrospectionVerifier({ ...common, privateKey: 'no key' })).toThrow()
  })

  it('asks nobody about a token longer than any', async () => {
    server.hits.clear()
    await expect(verify('x'.repeat(16_385))).rejects.toMatchObject({ code: 'invalid_token' })
    expect(server.hits.size).toBe(0)
  })

  it.each([
    ['an inactive token', { active: false }],
    ['another audience', { ...active, aud: 'https://other.test' }],
    ['no audience', { ...active, aud: undefined }],
    ['another issuer', { ...active, iss: 'https://evil.test' }],
    ['a past exp', { ...active, exp: seconds - 60 }],
    ['no exp', { ...active, exp: undefined }],
    ['a key-bound token', { ...active, cnf: { jkt: 'x' } }],
    ['a refresh token that is active too', { ...active, token_type: 'refresh_token' }],
    ['a refresh token, told in another member', { ...active, token_use: 'refresh_token' }],
    ['a DPoP token', { ...active, token_type: 'DPoP' }],
    ['no client_id', { ...active, client_id: undefined }],
  ])('refuses %s', async (_name, body) => {
    answer(body)
    await expect(verify('token')).rejects.toMatchObject({ code: 'invalid_token', status: 401 })
  })

  it.each([
    ['status 500', {}, 500],
    ['status 401 for its own credentials', { error: 'invalid_client' }, 401],
    ['an answer that is not an object', ['active'], 200],
    ['active as text', { active: 'true' }, 200],
    ['an answer over the size limit', { ...active, padding: 'x'.repeat(20_000) }, 200],
  ])('never opens on %s: 503', async (_name, body, status) => {
    answer(body, status)
    await expect(verify('token')).rejects.toMatchObject({ code: 'temporarily_unavailable', status: 503 })
  })
})
