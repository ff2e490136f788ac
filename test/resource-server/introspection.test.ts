import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createOperatorFetch } from '../../src/platform/operator-fetch.js'
import { createIntrospectionVerifier, type TokenVerifier } from '../../src/resource-server/index.js'
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
let verify: TokenVerifier
/** For a caller that checks proofs. */
let verifyBound: TokenVerifier

beforeAll(async () => {
  server = await startLoopbackServer()
  const options = {
    endpoint: async () => `${server.origin}/introspection`,
    clientId: 'resource server',
    clientSecret: 'sécret:+/%',
    issuer: 'https://issuer.test',
    audience: resource,
    fetch: createOperatorFetch({ timeoutMs: 500, maxBytes: 10_000 }),
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

  it.each([
    ['an inactive token', { active: false }],
    ['another audience', { ...active, aud: 'https://other.test' }],
    ['no audience', { ...active, aud: undefined }],
    ['another issuer', { ...active, iss: 'https://evil.test' }],
    ['a past exp', { ...active, exp: seconds - 60 }],
    ['no exp', { ...active, exp: undefined }],
    ['a key-bound token', { ...active, cnf: { jkt: 'x' } }],
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
