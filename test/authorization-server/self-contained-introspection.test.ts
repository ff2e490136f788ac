/** JWT access tokens at the introspection endpoint: what a resource server that only introspects is told of them. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { createTokenVerifier } from '../../src/resource-server/token-verifier.js'
import { keyPolicy } from '../../src/storage/keys/key-lifecycle.js'
import { revokeKey } from '../../src/storage/keys/key-rotation.js'
import type { Account } from '../support/authorization.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { createDpopKey } from '../support/dpop-key.js'
import { type Grant, newGrant, obtainTokens, refresh, requestTokens, revoke } from '../support/oauth-client.js'
import { createSigningKey } from '../support/token-issuer.js'
import { addConfidentialClient, readJson, startServer, type TestServer } from './server.js'

type Machine = Awaited<ReturnType<typeof addConfidentialClient>>

describeOnDatabases('Introspection of JWT access tokens (RFC 7662 §2.2), on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  let resourceServer: Machine
  beforeAll(async () => {
    server = await startServer(kind, { refreshGraceSeconds: 20 })
    grant = await newGrant(server)
    resourceServer = await addConfidentialClient(server, { introspects: server.resource })
  })
  afterAll(() => server.close())

  const tokensFor = (account: Account = server.account, by = grant) =>
    obtainTokens(by, server.newBrowser(), { account }, 'notes:read notes:write')
  const introspect = async (token: string, by: Machine = resourceServer, parameters: Record<string, string> = {}) => {
    const response = await fetch(`${server.issuer}/introspect`, {
      method: 'POST',
      body: new URLSearchParams({ token, ...parameters }),
      headers: { authorization: by.authorization },
    })
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    return readJson(response)
  }
  const inactive = { active: false }

  it('tells the resource server of its audience what the token says', async () => {
    const { access_token: token } = await tokensFor()
    const body = await introspect(token)
    expect(body).toEqual({ ...decodeJwt(token), active: true, token_type: 'Bearer' })
    expect(body).toMatchObject({
      ...{ iss: server.issuer, aud: server.resource, client_id: grant.clientId, scope: 'notes:read notes:write' },
      ...{ sub: expect.any(String), exp: expect.any(Number), iat: expect.any(Number), jti: expect.any(String) },
    })
  })

  it.each(['access_token', 'refresh_token', 'jwt', ''])('whatever the hint: %p', async (hint) => {
    const { access_token: token } = await tokensFor()
    expect(await introspect(token, resourceServer, { token_type_hint: hint })).toMatchObject({ active: true })
  })

  it('lets a program in that introspects every token, until it is revoked', async () => {
    const { clientId, clientSecret } = resourceServer
    const introspection = { clientId, clientSecret, tokens: 'all' as const, maxAgeSeconds: 0 }
    const { verify } = createTokenVerifier({
      audience: server.resource,
      authorizationServers: [{ issuer: server.issuer, introspection }],
      fetch: createOperatorFetch({ timeoutMs: 10_000, maxBytes: 100_000 }),
      clock: { now: () => new Date() },
    })
    const { access_token: token } = await tokensFor()
    expect(await verify(token)).toMatchObject({ clientId: grant.clientId, scopes: ['notes:read', 'notes:write'] })
    await revoke(grant, token)
    await expect(verify(token)).rejects.toMatchObject({ code: 'invalid_token' })
  })

  it('names the key of a bound token, and the client of one that acts for itself', async () => {
    const machine = await addConfidentialClient(server)
    const key = await createDpopKey()
    const proof = await key.prove({ url: grant.server.token_endpoint })
    const parameters = { grant_type: 'client_credentials' }
    const headers = { authorization: machine.authorization, dpop: proof }
    const { tokens } = await requestTokens(grant.server, parameters, headers)
    expect(await introspect(tokens?.access_token ?? '')).toMatchObject({
      ...{ active: true, token_type: 'DPoP', cnf: { jkt: key.thumbprint } },
      ...{ client_id: machine.clientId, sub: machine.clientId },
    })
  })

  it('tells nobody else anything', async () => {
    const { access_token: token } = await tokensFor()
    const elsewhere = await addConfidentialClient(server, { introspects: 'https://other.example/mcp' })
    const prefix = await addConfidentialClient(server, { introspects: `${server.resource}/` })
    const plain = await addConfidentialClient(server)
    for (const by of [elsewhere, prefix, plain]) expect(await introspect(token, by)).toEqual(inactive)
    const own = await fetch(`${server.issuer}/introspect`, {
      method: 'POST',
      body: new URLSearchParams({ token, client_id: grant.clientId }),
    })
    expect(await readJson(own)).toEqual(inactive)
    const refused = await fetch(`${server.issuer}/introspect`, { method: 'POST', body: new URLSearchParams({ token }) })
    expect([refused.status, await readJson(refused)]).toEqual([
      400,
      expect.objectContaining({ error: 'invalid_request' }),
    ])
  })

  it('does not know one that was bent, or signed by another key under our name', async () => {
    const { access_token: token, refresh_token: refreshToken = '' } = await tokensFor()
    const [header = '', payload = '', signature = ''] = token.split('.')
    const { privateKey } = await createSigningKey('x')
    const forged = await new SignJWT(decodeJwt(token))
      .setProtectedHeader({ ...decodeProtectedHeader(token), alg: 'ES256' })
      .sign(privateKey)
    const widened = Buffer.from(JSON.stringify({ ...decodeJwt(token), scope: 'notes:delete' })).toString('base64url')
    for (const bent of [
      forged,
      `${header}.${widened}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${token}x`,
      `${token}.${token}`,
      refreshToken,
    ])
      expect([bent, await introspect(bent)]).toEqual([bent, inactive])
  })

  it.each<[string, (token: string, person: Account & { id: string }, by: Grant, refreshToken: string) => unknown]>([
    ['it was revoked', (token, _person, by) => revoke(by, token)],
    ['its refresh token was revoked', (_token, _person, by, refreshToken) => revoke(by, refreshToken)],
    [
      'its refresh token was used twice',
      async (_token, _person, by, refreshToken) => {
        const { tokens: successor } = await refresh(by, refreshToken)
        await refresh(by, successor?.refresh_token ?? '')
        server.advance(21)
        await refresh(by, refreshToken)
      },
    ],
    ['its person was disabled', (_token, { id }) => server.accounts.disable(id)],
    ['its client was removed', (_token, _person, by) => server.clients.remove(by.clientId)],
  ])('is inactive at once when %s', async (name, end) => {
    const person = await server.addAccount(`${name.replaceAll(' ', '-')}-${kind}@example.com`)
    const by = await newGrant(server)
    const { access_token: token, refresh_token: refreshToken = '' } = await tokensFor(person, by)
    const { access_token: other } = await tokensFor()
    expect(await introspect(token)).toMatchObject({ active: true })
    await end(token, person, by, refreshToken)
    expect(await introspect(token)).toEqual(inactive)
    expect(await introspect(other)).toMatchObject({ active: true })
  })

  it('is active again for a person who came back, and signs in anew', async () => {
    const person = await server.addAccount(`back-${kind}@example.com`)
    const { access_token: before } = await tokensFor(person)
    await server.accounts.disable(person.id)
    await server.accounts.enable(person.id)
    expect(await introspect(before)).toEqual(inactive)
  })

  it('is inactive when it is over, to the second', async () => {
    const { access_token: token } = await tokensFor()
    server.advance(599)
    const { exp = 0 } = decodeJwt(token)
    server.advance(exp - Math.floor(server.storage.clock.now().getTime() / 1000))
    expect(await introspect(token)).toEqual(inactive)
  })
})

describeOnDatabases('A key that was revoked, on %s', (kind) => {
  it('leaves no token active', async () => {
    const server = await startServer(kind)
    try {
      const grant = await newGrant(server)
      const resourceServer = await addConfidentialClient(server, { introspects: server.resource })
      const tokens = await obtainTokens(grant, server.newBrowser(), { account: server.account }, 'notes:read')
      const policy = keyPolicy({ rotationDays: 0, leadSeconds: 86_400, sessionTtlSeconds: 86_400 })
      const revoked = await revokeKey(server.storage, policy, decodeProtectedHeader(tokens.access_token).kid ?? '')
      expect(revoked).not.toEqual([])
      const response = await fetch(`${server.issuer}/introspect`, {
        method: 'POST',
        body: new URLSearchParams({ token: tokens.access_token }),
        headers: { authorization: resourceServer.authorization },
      })
      expect(await readJson(response)).toEqual({ active: false })
    } finally {
      await server.close()
    }
  })
})
