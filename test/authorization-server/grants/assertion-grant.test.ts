/** Identity assertions exchanged for access tokens (RFC 7523 §2.1, MCP "enterprise-managed authorization"), with our own identity provider. */
import { createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt, generateKeyPair } from 'jose'
import type { TrustedIssuer } from '../../../src/oauth/trusted-issuer.js'
import { createOperatorFetch } from '../../../src/outbound/operator-fetch.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { createDpopKey, unsignedJwt } from '../../support/dpop-key.js'
import { type AssertionRequest, type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.js'
import { discoverServer, register, requestTokens, type ServerMetadata } from '../../support/oauth-client.js'
import { addConfidentialClient, resource, startServer, type TestServer } from '../server.js'

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const machine = { grant_types: [grantType] }
const fromFile = {
  clientId: 'from-file',
  clientSecret: 'a-secret-that-is-long-enough',
  authorization: `Basic ${btoa('from-file:a-secret-that-is-long-enough')}`,
}

describeOnDatabases('Identity assertions, on %s', (kind) => {
  let server: TestServer
  let metadata: ServerMetadata
  let idp: IdentityProvider
  let creating: IdentityProvider
  let client: Awaited<ReturnType<typeof addConfidentialClient>>
  let other: Awaited<ReturnType<typeof addConfidentialClient>>

  beforeAll(async () => {
    ;[idp, creating] = await Promise.all([startIdentityProvider(), startIdentityProvider()])
    const trusted = (provider: IdentityProvider, rest: Partial<TrustedIssuer>): TrustedIssuer => ({
      issuer: provider.issuer,
      jwksUri: `${provider.origin}/jwks`,
      clients: [],
      accounts: 'email',
      emailDomains: ['example.com'],
      algorithms: ['ES256'],
      maxLifetimeSeconds: 600,
      ...rest,
    })
    server = await startServer(kind, {
      operatorFetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }),
      trustedAssertionIssuers: [
        trusted(idp, {}),
        trusted(creating, { accounts: 'create', clients: ['https://app.example/client', 'machine-listed'] }),
      ],
      fileClients: [
        {
          metadata: {
            ...machine,
            client_id: fromFile.clientId,
            client_name: 'From the file',
            client_secret: fromFile.clientSecret,
            redirect_uris: [],
            response_types: [],
          },
        },
      ],
    })
    metadata = await discoverServer(server.issuer)
    ;[client, other] = await Promise.all([
      addConfidentialClient(server, machine),
      addConfidentialClient(server, machine),
    ])
  })
  afterAll(async () => {
    await server.close()
    await Promise.all([idp.close(), creating.close()])
  })

  const usual = () => ({
    sub: 'employee-1',
    email: server.account.email,
    aud: server.issuer,
    client_id: client.clientId,
    resource,
    scope: 'notes:read notes:write',
  })
  const assert = ({ claims = {}, ...rest }: AssertionRequest = {}, by = idp) =>
    by.assert({ ...rest, claims: { ...usual(), ...claims } })
  const exchange = (
    assertion: string,
    parameters: Record<string, string> = {},
    headers: Record<string, string> = {},
    as = client,
  ) =>
    requestTokens(
      metadata,
      { grant_type: grantType, assertion, ...parameters },
      { authorization: as.authorization, ...headers },
    )
  const claimsOf = (answer: Awaited<ReturnType<typeof exchange>>) => decodeJwt(answer.tokens?.access_token ?? '')

  it('are announced in the metadata', () => {
    expect(metadata).toMatchObject({
      grant_types_supported: expect.arrayContaining([grantType]),
      authorization_grant_profiles_supported: ['urn:ietf:params:oauth:grant-profile:id-jag'],
    })
  })

  it('give an access token of the person for the resource, no refresh token, and an audit event', async () => {
    const answer = await exchange(await assert())
    expect(answer).toMatchObject({ status: 200, tokens: { token_type: 'Bearer', scope: 'notes:read notes:write' } })
    expect(answer.headers.get('cache-control')).toMatch(/no-store/)
    expect(answer.tokens).not.toHaveProperty('refresh_token')
    expect(answer.tokens).not.toHaveProperty('id_token')
    const account = await server.accounts.findByEmail(server.account.email)
    expect(claimsOf(answer)).toMatchObject({
      sub: account?.id,
      client_id: client.clientId,
      aud: resource,
      scope: 'notes:read notes:write',
    })
    const events = await server.storage.prisma.auditEvent.findMany({ where: { type: 'assertion.accepted' } })
    expect(events).toEqual([
      expect.objectContaining({
        accountId: account?.id,
        clientId: client.clientId,
        detail: { issuer: idp.issuer, resource, scopes: ['notes:read', 'notes:write'], requestId: expect.any(String) },
      }),
    ])
  })

  it('are taken from a client of the operator’s file', async () => {
    const assertion = await assert({ claims: { client_id: fromFile.clientId } })
    expect(await exchange(assertion, {}, {}, fromFile)).toMatchObject({ status: 200 })
  })

  it('give what assertion and request have in common, of what the resource has', async () => {
    expect((await exchange(await assert(), { scope: 'notes:read notes:delete' })).tokens?.scope).toBe('notes:read')
    const wide = await assert({ claims: { scope: 'notes:read mail:send openid' } })
    expect((await exchange(wide)).tokens?.scope).toBe('notes:read')
    // Without a scope an assertion is worth the default.
    const plain = await assert({ claims: { scope: undefined } })
    expect((await exchange(plain, { scope: 'notes:write notes:delete' })).tokens?.scope).toBe('notes:read notes:write')
    expect((await exchange(await assert(), { scope: 'notes:delete' })).error).toBe('invalid_scope')
    expect((await exchange(await assert({ claims: { scope: 'mail:send' } }))).error).toBe('invalid_scope')
  })

  it('read the scope of the request as every grant does: spaces, unknown scopes and included ones', async () => {
    const writing = () => assert({ claims: { scope: 'notes:write' } })
    for (const scope of ['  ', 'mcp:tools', ' notes:read  notes:write ', 'openid']) {
      expect((await exchange(await writing(), { scope })).tokens?.scope).toBe('notes:read notes:write')
    }
    expect((await exchange(await writing(), { scope: ' notes:read ' })).tokens?.scope).toBe('notes:read')
    expect((await exchange(await writing(), { scope: 'notes:delete' })).error).toBe('invalid_scope')
    // The scope of an assertion is a limit that its issuer set. One that this server does not know allows nothing.
    expect((await exchange(await assert({ claims: { scope: 'mcp:tools' } }), { scope: 'notes:read' })).error).toBe(
      'invalid_scope',
    )
  })

  it('take any spelling of the resource, also when only the request names it', async () => {
    for (const [named, asked] of [
      [`${resource}/`, undefined],
      [undefined, resource],
      [undefined, undefined],
      ['HTTP://LOCALHOST:4000/mcp', `${resource}/`],
    ]) {
      const answer = await exchange(
        await assert({ claims: { resource: named } }),
        asked === undefined ? {} : { resource: asked },
      )
      expect(claimsOf(answer).aud).toBe(resource)
    }
  })

  it('count as a use of a client that registered itself, which nobody consents to', async () => {
    const registered = await register(metadata, {
      grant_types: ['authorization_code', grantType],
      token_endpoint_auth_method: 'client_secret_basic',
    })
    const secret = Buffer.from(`${registered.client_id}:${registered['client_secret']}`).toString('base64')
    const assertion = await assert({ claims: { client_id: registered.client_id } })
    expect((await exchange(assertion, {}, { authorization: `Basic ${secret}` })).status).toBe(200)
    const stored = await server.storage.prisma.client.findUnique({ where: { id: registered.client_id } })
    expect(stored?.lastUsedAt).toBeInstanceOf(Date)
  })

  it('take a time half a minute ahead: this clock may lag', async () => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iat: now + 30, nbf: now + 30, exp: now + 90 }
    expect((await exchange(await assert({ claims }))).status).toBe(200)
  })

  it('take one audience in a list', async () => {
    expect((await exchange(await assert({ claims: { aud: [server.issuer] } }))).status).toBe(200)
  })

  const now = () => Math.floor(Date.now() / 1000)
  it.each<[string, () => Promise<string> | string]>([
    ['text that is no JWT', () => 'neither-header-nor-payload'],
    ['the type JWT', () => assert({ header: { typ: 'JWT' } })],
    ['an ID token', () => assert({ header: { typ: 'id_token+jwt' } })],
    ['no type', () => assert({ header: { typ: undefined } })],
    [
      'alg none',
      () =>
        unsignedJwt(
          { alg: 'none', typ: 'oauth-id-jag+jwt' },
          { ...usual(), iss: idp.issuer, iat: now(), exp: now() + 60, jti: 'x' },
        ),
    ],
    ['no signature', async () => (await assert()).replace(/[^.]+$/, '')],
    ['another key under the same kid', async () => assert({ key: (await generateKeyPair('ES256')).privateKey })],
    [
      'an unknown kid',
      async () => assert({ header: { kid: 'unknown' }, key: (await generateKeyPair('ES256')).privateKey }),
    ],
    [
      'HS256 keyed with the public key',
      async () => {
        const spki = createPublicKey({ key: { ...idp.key.publicJwk }, format: 'jwk' }).export({
          type: 'spki',
          format: 'pem',
        })
        return assert({ header: { alg: 'HS256' }, key: new TextEncoder().encode(String(spki)) })
      },
    ],
    [
      'an algorithm that is not on the list',
      async () => assert({ header: { alg: 'RS256' }, key: (await generateKeyPair('RS256')).privateKey }),
    ],
    ['an issuer nobody trusts', () => assert({ claims: { iss: 'https://evil.example' } })],
    ['the issuer with a slash', () => assert({ claims: { iss: `${idp.issuer}/` } })],
    ['no issuer', () => assert({ claims: { iss: undefined } })],
    ['the key of one issuer for another', () => assert({ claims: { iss: creating.issuer } })],
    ['no sub', () => assert({ claims: { sub: undefined } })],
    ['an empty sub', () => assert({ claims: { sub: '' } })],
    ['a sub that is no text', () => assert({ claims: { sub: 7 } })],
    ['a sub with a NUL', () => assert({ claims: { sub: 'a\u0000b' } })],
    ['another audience', () => assert({ claims: { aud: 'https://other.example' } })],
    ['the token endpoint as audience', () => assert({ claims: { aud: metadata.token_endpoint } })],
    ['the issuer with a slash as audience', () => assert({ claims: { aud: `${server.issuer}/` } })],
    ['two audiences', () => assert({ claims: { aud: [server.issuer, 'https://other.example'] } })],
    ['no audience', () => assert({ claims: { aud: undefined } })],
    ['another client', () => assert({ claims: { client_id: other.clientId } })],
    ['no client', () => assert({ claims: { client_id: undefined } })],
    ['the client in a list', () => assert({ claims: { client_id: [client.clientId] } })],
    ['no jti', () => assert({ claims: { jti: undefined } })],
    ['no exp', () => assert({ claims: { exp: undefined } })],
    ['an exp as text', () => assert({ claims: { exp: String(now() + 60) } })],
    ['an exp in the past', () => assert({ claims: { iat: now() - 120, exp: now() - 20 } })],
    ['no iat', () => assert({ claims: { iat: undefined } })],
    ['an iat in the future', () => assert({ claims: { iat: now() + 75, exp: now() + 90 } })],
    ['an nbf in the future', () => assert({ claims: { nbf: now() + 75 } })],
    ['a life of an hour', () => assert({ claims: { exp: now() + 3_600 } })],
    ['a resource of somebody else', () => assert({ claims: { resource: 'https://other.example/mcp' } })],
    ['a resource in a list', () => assert({ claims: { resource: [resource] } })],
    ['scopes in a list', () => assert({ claims: { scope: ['notes:read'] } })],
    ['a binding to something unknown', () => assert({ claims: { cnf: { 'x5t#S256': 'x' } } })],
    ['a binding to a key, without a proof', () => assert({ claims: { cnf: { jkt: 'thumbprint' } } })],
    ['a giant', () => assert({ claims: { filler: 'x'.repeat(17_000) } })],
    ['an unlinked subject without email', () => assert({ claims: { sub: 'new', email: undefined } })],
    [
      'an unlinked subject whose email is not verified',
      () => assert({ claims: { sub: 'new', email_verified: false } }),
    ],
    [
      'an unlinked subject whose email is not verified, said as text',
      () => assert({ claims: { sub: 'new', email_verified: 'false' } }),
    ],
    [
      'an unlinked subject with full-width letters in another one’s email',
      () => assert({ claims: { sub: 'new', email: `\uff41${server.account.email.slice(1)}` } }),
    ],
    [
      'an unlinked subject with a line end behind another one’s email',
      () => assert({ claims: { sub: 'new', email: `${server.account.email}\n` } }),
    ],
    [
      'an unlinked subject with an email of a foreign domain',
      () => assert({ claims: { sub: 'new', email: 'ada@evil.example' } }),
    ],
    [
      'an unlinked subject with a look-alike email',
      () => assert({ claims: { sub: 'new', email: `x@evil.example@example.com` } }),
    ],
    [
      'an unlinked subject whose email has no account',
      () => assert({ claims: { sub: 'new', email: 'nobody@example.com' } }),
    ],
    ['an issuer that is not trusted for this client', () => assert({}, creating)],
  ])('are refused with %s', async (_name, make) => {
    const before = server.logLines.length
    const assertion = await make()
    const { status, error, tokens } = await exchange(assertion)
    expect([status, error, tokens]).toEqual([400, 'invalid_grant', undefined])
    const lines = server.logLines.slice(before).join('')
    expect(lines).toContain('"errorDetail"')
    expect(lines).not.toContain(assertion)
  })

  it('are refused when the request names another resource, or more than one', async () => {
    expect((await exchange(await assert(), { resource: 'https://other.example/mcp' })).error).toBe('invalid_grant')
    const body = new URLSearchParams({ grant_type: grantType, assertion: await assert() })
    for (const value of [resource, 'https://other.example/mcp']) body.append('resource', value)
    const answer = await fetch(metadata.token_endpoint, {
      method: 'POST',
      body,
      headers: { authorization: client.authorization },
    })
    expect(answer.status).toBe(400)
  })

  it('are refused without an assertion, from the wrong client, and from clients that do not authenticate', async () => {
    expect((await exchange('')).error).toBe('invalid_request')
    expect((await exchange(await assert(), {}, {}, other)).error).toBe('invalid_grant')
    const unrelated = await addConfidentialClient(server)
    expect((await exchange(await assert(), {}, {}, unrelated)).status).toBe(400)
    const wrong = { authorization: `Basic ${Buffer.from(`${client.clientId}:wrong`).toString('base64')}` }
    expect((await exchange(await assert(), {}, wrong)).error).toBe('invalid_client')
    // A public client that says it brings assertions is not believed.
    const registered = await register(metadata, { grant_types: ['authorization_code', grantType] })
    expect(registered['grant_types']).toEqual(['authorization_code'])
    await server.clients.save(
      'public-one',
      {
        client_id: 'public-one',
        redirect_uris: [],
        response_types: [],
        grant_types: [grantType],
        token_endpoint_auth_method: 'none',
      },
      'static',
    )
    const asPublic = await requestTokens(metadata, {
      grant_type: grantType,
      client_id: 'public-one',
      assertion: await assert({ claims: { client_id: 'public-one' } }),
    })
    expect(asPublic).toMatchObject({ status: 401, error: 'invalid_client' })
  })

  it('are good once, however many requests bring one at once', async () => {
    const assertion = await assert()
    const answers = await Promise.all(Array.from({ length: 10 }, () => exchange(assertion)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ error }) => error === 'invalid_grant')).toHaveLength(9)
  })

  it('are not used up by a request that is refused for another reason', async () => {
    const assertion = await assert()
    expect((await exchange(assertion, { scope: 'notes:delete' })).error).toBe('invalid_scope')
    expect((await exchange(assertion)).status).toBe(200)
  })

  it('can be bound to a key, which then binds the token (RFC 9449)', async () => {
    const [key, stranger] = await Promise.all([createDpopKey(), createDpopKey()])
    const assertion = await assert({ claims: { cnf: { jkt: key.thumbprint } } })
    const proof = (by = key) => by.prove({ url: metadata.token_endpoint })
    expect((await exchange(assertion, {}, { dpop: await proof(stranger) })).error).toBe('invalid_grant')
    const answer = await exchange(assertion, {}, { dpop: await proof() })
    expect(answer.tokens?.token_type).toBe('DPoP')
    expect(claimsOf(answer)).toMatchObject({ cnf: { jkt: key.thumbprint } })
  })

  describe('accounts', () => {
    it('stay linked to issuer and subject when the address changes, and never to the subject of another issuer', async () => {
      const person = await server.addAccount('grace@example.com')
      const first = await exchange(await assert({ claims: { sub: 'grace', email: person.email } }))
      expect(claimsOf(first).sub).toBe(person.id)
      const renamed = await exchange(await assert({ claims: { sub: 'grace', email: server.account.email } }))
      expect(claimsOf(renamed).sub).toBe(person.id)
      const silent = await exchange(await assert({ claims: { sub: 'grace', email: undefined } }))
      expect(claimsOf(silent).sub).toBe(person.id)
    })

    it('that are disabled get nothing, linked before or not', async () => {
      const person = await server.addAccount('linus@example.com')
      expect((await exchange(await assert({ claims: { sub: 'linus', email: person.email } }))).status).toBe(200)
      await server.accounts.disable(person.id)
      expect((await exchange(await assert({ claims: { sub: 'linus', email: person.email } }))).error).toBe(
        'invalid_grant',
      )
      expect((await exchange(await assert({ claims: { sub: 'linus-2', email: person.email } }))).error).toBe(
        'invalid_grant',
      )
      await server.accounts.enable(person.id)
      expect((await exchange(await assert({ claims: { sub: 'linus', email: person.email } }))).status).toBe(200)
    })

    it('are made where the operator allows it, once for one person, without a password', async () => {
      const listed = await addConfidentialClient(server, machine, 'machine-listed')
      const ask = async (claims: Record<string, unknown>) =>
        exchange(await assert({ claims: { client_id: listed.clientId, ...claims } }, creating), {}, {}, listed)
      const claims = { sub: 'new-hire', email: 'New.Hire@Example.com' }
      const answers = await Promise.all(Array.from({ length: 6 }, () => ask(claims)))
      expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
      const account = await server.accounts.findByEmail('new.hire@example.com')
      expect(new Set(answers.map((answer) => claimsOf(answer).sub))).toEqual(new Set([account?.id]))
      expect(account).toMatchObject({ passwordHash: undefined })
      expect((await ask({ sub: 'other-hire', email: 'hire@evil.example' })).error).toBe('invalid_grant')
      expect(await server.accounts.findByEmail('hire@evil.example')).toBeUndefined()
    })
  })

  it('are answered 503 while their issuer’s keys cannot be had: that is no fault of theirs', async () => {
    const provider = await startIdentityProvider()
    const rotating = await startServer(kind, {
      operatorFetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }),
      trustedAssertionIssuers: [
        {
          issuer: provider.issuer,
          jwksUri: `${provider.origin}/jwks`,
          clients: [],
          accounts: 'email',
          emailDomains: ['example.com'],
          algorithms: ['ES256'],
          maxLifetimeSeconds: 600,
        },
      ],
    })
    try {
      const target = await discoverServer(rotating.issuer)
      const confidential = await addConfidentialClient(rotating, machine)
      const ask = async () => {
        const assertion = await provider.assert({
          claims: { ...usual(), aud: rotating.issuer, client_id: confidential.clientId },
        })
        return requestTokens(
          target,
          { grant_type: grantType, assertion },
          { authorization: confidential.authorization },
        )
      }
      provider.routes.set('/jwks', { status: 500, body: {} })
      expect(await ask()).toMatchObject({ status: 503, error: 'temporarily_unavailable' })
      provider.routes.set('/jwks', { body: { keys: [provider.key.publicJwk] } })
      expect((await ask()).status).toBe(200)
    } finally {
      await rotating.close()
      await provider.close()
    }
  })
})

describe('A server that trusts no issuer of assertions', () => {
  it('neither announces nor offers the grant', async () => {
    const server = await startServer('embedded')
    try {
      const metadata = await discoverServer(server.issuer)
      expect(metadata['grant_types_supported']).not.toContain(grantType)
      expect(metadata).not.toHaveProperty('authorization_grant_profiles_supported')
      const client = await addConfidentialClient(server, machine)
      const request = { grant_type: grantType, assertion: 'x' }
      expect(await requestTokens(metadata, request, { authorization: client.authorization })).toMatchObject({
        status: 400,
        error: 'unsupported_grant_type',
      })
    } finally {
      await server.close()
    }
  })
})
