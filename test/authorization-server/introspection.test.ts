import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { exportJWK, SignJWT } from 'jose'
import { outageError } from '../../src/database/outage.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { createTokenVerifier } from '../../src/resource-server/token-verifier.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { type Grant, newGrant, obtainTokens, refresh, register, revoke, type Tokens } from '../support/oauth-client.js'
import { createSigningKey } from '../support/token-issuer.js'
import { watchStatements } from '../support/watched-statements.js'
import { addConfidentialClient, readJson, startServer, type TestServer } from './server.js'

const { afterwards, watched } = watchStatements()

type Machine = Awaited<ReturnType<typeof addConfidentialClient>>

describeOnDatabases('Introspection of opaque tokens (RFC 7662), on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  let resourceServer: Machine
  let stranger: Machine
  beforeAll(async () => {
    const database = watched(await openTestDatabase(kind, 'auth'))
    server = await startServer(kind, { database, accessTokenFormat: 'opaque', refreshGraceSeconds: 20 })
    grant = await newGrant(server)
    resourceServer = await addConfidentialClient(server, { introspects: server.resource })
    stranger = await addConfidentialClient(server)
  })
  afterAll(() => server.close())

  const tokensFor = () =>
    obtainTokens(grant, server.newBrowser(), { account: server.account }, 'notes:read notes:write')
  const introspect = async (token: string, by: Machine | undefined, parameters: Record<string, string> = {}) => {
    const response = await fetch(`${server.issuer}/introspect`, {
      method: 'POST',
      body: new URLSearchParams({ token, ...parameters }),
      headers: by === undefined ? {} : { authorization: by.authorization },
    })
    return { status: response.status, body: await readJson(response), headers: response.headers }
  }
  const inactive = { active: false }

  it('tells the resource server whose audience the token has', async () => {
    const { access_token: token } = await tokensFor()
    expect(token).toMatch(/^[\w-]{40,}$/)
    const { body, headers } = await introspect(token, resourceServer)
    expect(body).toMatchObject({
      active: true,
      aud: server.resource,
      iss: server.issuer,
      client_id: grant.clientId,
      scope: 'notes:read notes:write',
      sub: expect.any(String),
      exp: expect.any(Number),
      token_type: 'Bearer',
    })
    expect(JSON.stringify(body)).not.toContain(server.account.email)
    expect(headers.get('cache-control')).toMatch(/no-store/)
  })

  it.each(['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const)(
    'tells the library, found by the issuer alone, which shows who it is by %s',
    async (method) => {
      const { publicJwk, privateKey } = await createSigningKey('rs-1')
      const { clientId, clientSecret } = await addConfidentialClient(server, {
        introspects: server.resource,
        token_endpoint_auth_method: method,
        ...(method === 'private_key_jwt' && { client_secret: undefined, jwks: { keys: [publicJwk] } }),
      })
      const byKey = { clientId, privateKey: { ...(await exportJWK(privateKey)), kid: 'rs-1', alg: 'ES256' } }
      const introspection = method === 'private_key_jwt' ? byKey : { clientId, clientSecret, clientAuthMethod: method }
      const { verify } = createTokenVerifier({
        audience: server.resource,
        authorizationServers: [{ issuer: server.issuer, introspection: { ...introspection, maxAgeSeconds: 0 } }],
        fetch: createOperatorFetch({ timeoutMs: 10_000, maxBytes: 100_000 }),
        clock: { now: () => new Date() },
      })
      const { access_token: token } = await tokensFor()
      // Twice: an assertion is good once.
      for (let times = 0; times < 2; times += 1) {
        expect(await verify(token)).toMatchObject({ clientId: grant.clientId, scopes: ['notes:read', 'notes:write'] })
      }
      await revoke(grant, token)
      await expect(verify(token)).rejects.toMatchObject({ code: 'invalid_token' })
    },
  )

  it('tells anybody else nothing but that it is not active (CVE-2026-58425)', async () => {
    const { access_token: token, refresh_token: refreshToken } = await tokensFor()
    const elsewhere = await addConfidentialClient(server, { introspects: 'https://other.example/mcp' })
    for (const by of [stranger, elsewhere]) {
      for (const value of [token, refreshToken ?? '']) expect((await introspect(value, by)).body).toEqual(inactive)
    }
    expect((await introspect(refreshToken ?? '', resourceServer)).body).toEqual(inactive)
  })

  it('wants authentication', async () => {
    const { access_token: token } = await tokensFor()
    for (const by of [undefined, { ...resourceServer, authorization: 'Basic eDp5' }]) {
      const { status, body } = await introspect(token, by)
      expect([400, 401]).toContain(status)
      expect(body).toMatchObject({ error: expect.stringMatching(/^invalid_(client|request)$/) })
    }
    // A public client, whose name anybody can send, learns nothing, not even about its own token.
    expect((await introspect(token, undefined, { client_id: grant.clientId })).body).toEqual(inactive)
  })

  it.each([
    ['a letter', 'x'],
    ['five thousand', 'x'.repeat(5_000)],
    ['U+0000', '\u0000'],
    ['a path', '../x'],
  ])('does not know what was never issued: %s', async (_name, token) => {
    expect((await introspect(token, resourceServer)).body).toEqual(inactive)
  })

  it('calls tokens that verify themselves inactive, to whoever has authenticated, and the log no error', async () => {
    const signed = await createSigningKey('elsewhere')
    const foreign = await new SignJWT({ iss: server.issuer, aud: server.resource })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'elsewhere' })
      .sign(signed.privateKey)
    for (const token of [foreign, 'eyJhbGciOiJub25lIn0.e30.', 'eyJhbGciOiJub25lIn0']) {
      for (const by of [resourceServer, stranger]) {
        const { status, body, headers } = await introspect(token, by)
        expect({ status, body }).toEqual({ status: 200, body: inactive })
        expect(headers.get('cache-control')).toMatch(/no-store/)
      }
      const { status, body } = await introspect(token, { ...resourceServer, authorization: 'Basic eDp5' })
      expect({ status, error: body['error'] }).toEqual({ status: 401, error: 'invalid_client' })
      expect((await introspect(token, undefined)).body).toMatchObject({ error: 'invalid_request' })
    }
    expect(server.logLines.filter((line) => line.includes('unsupported_token_type'))).toEqual([])
  })

  it('knows at once that a token was revoked, and its grant with it, in one step even when the answer is lost', async () => {
    const { access_token: token, refresh_token: refreshToken = '' } = await tokensFor()
    const { prisma } = server.storage
    const left = async () => [
      await prisma.grant.count(),
      await prisma.artifact.count({ where: { model: { in: ['AccessToken', 'RefreshToken'] } } }),
    ]
    const [grants = 0, artifacts = 0] = await left()
    const ended = (subject: Partial<Grant> = {}) => revoke({ ...grant, ...subject }, token)
    // Of another client it ends nothing.
    const { client_id: clientId } = await register(grant.server, { redirect_uris: [grant.redirectUri] })
    await ended({ clientId })
    expect(await left()).toEqual([grants, artifacts])

    afterwards.set('family_end', () => Promise.reject(outageError(new Error('Connection terminated unexpectedly'))))
    expect(await ended()).toBe(503)
    expect(await left()).toEqual([grants - 1, artifacts - 2])
    expect(await ended()).toBe(200)
    expect((await introspect(token, resourceServer)).body).toEqual(inactive)
    expect((await refresh(grant, refreshToken)).error).toBe('invalid_grant')
  })

  it('tells the audit trail whose access ended with an access token, once', async () => {
    const { access_token: token } = await tokensFor()
    const told = () => server.storage.prisma.auditEvent.findMany({ where: { type: 'grant.revoked' } })
    const before = (await told()).length
    expect([await revoke(grant, token), await revoke(grant, token)]).toEqual([200, 200])
    await eventually(async () => (await told()).length > before)
    const [entry, ...more] = (await told()).slice(before)
    const person = await server.storage.prisma.account.findFirst({ where: { email: server.account.email } })
    expect(entry).toMatchObject({ clientId: grant.clientId, accountId: person?.id, detail: { reason: 'client' } })
    expect(more).toEqual([])
  })

  it.each<[string, (tokens: Tokens) => Promise<unknown>]>([
    ['its refresh token is revoked', (tokens) => revoke(grant, tokens.refresh_token ?? '')],
    [
      'its refresh token is used again after the grace, when its successor was used',
      async (tokens) => {
        const next = await refresh(grant, tokens.refresh_token ?? '')
        await refresh(grant, next.tokens?.refresh_token ?? '')
        server.advance(21)
        await refresh(grant, tokens.refresh_token ?? '')
      },
    ],
    ['it expires', async () => server.advance(600 + 16)],
  ])('knows at once that %s', async (_what, happens) => {
    const tokens = await tokensFor()
    expect((await introspect(tokens.access_token, resourceServer)).body).toMatchObject({ active: true })
    await happens(tokens)
    expect((await introspect(tokens.access_token, resourceServer)).body).toEqual(inactive)
  })

  it('knows at once that a person was disabled', async () => {
    const person = await server.addAccount(`introspected-${kind}@example.com`)
    const { access_token: token } = await obtainTokens(grant, server.newBrowser(), { account: person }, 'notes:read')
    expect((await introspect(token, resourceServer)).body).toMatchObject({ active: true, sub: person.id })
    await server.accounts.disable(person.id)
    expect((await introspect(token, resourceServer)).body).toEqual(inactive)
  })

  it('knows the access token of every one of several equal refreshes', async () => {
    const { refresh_token: refreshToken } = await tokensFor()
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(grant, refreshToken ?? '')))
    for (const { tokens } of answers) {
      expect((await introspect(tokens?.access_token ?? '', resourceServer)).body).toMatchObject({ active: true })
    }
  })

  it('gives clients tokens of their own as well', async () => {
    const response = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
      headers: { authorization: stranger.authorization },
    })
    const { access_token: token } = await readJson(response)
    const { body } = await introspect(String(token), resourceServer)
    expect(body).toMatchObject({
      active: true,
      client_id: stranger.clientId,
      aud: server.resource,
      scope: 'notes:read notes:write',
    })
  })
})
