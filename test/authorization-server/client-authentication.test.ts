/** How operator clients prove who they are: assertions (RFC 7523), secrets by hash, and the method they are registered for. */
import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type CryptoKey, decodeJwt, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { deviceCodeGrant } from '../support/device-client.js'
import { createDpopKey, unsignedJwt } from '../support/dpop-key.js'
import { discoverServer, register, requestTokens, type ServerMetadata } from '../support/oauth-client.js'
import { createSigningKey, type LoopbackServer, type SigningKey, startLoopbackServer } from '../support/token-issuer.js'
import { addConfidentialClient, startServer, type TestServer } from './server.js'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

describeOnDatabases('Client authentication, on %s', (kind) => {
  let server: TestServer
  let metadata: ServerMetadata
  let host: LoopbackServer
  let key: SigningKey
  let inline: string
  let remote: string

  beforeAll(async () => {
    host = await startLoopbackServer()
    key = await createSigningKey('client-key')
    host.routes.set('/jwks', { body: { keys: [key.publicJwk] } })
    server = await startServer(kind, { operatorFetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }) })
    metadata = await discoverServer(server.issuer)
    const machine = { token_endpoint_auth_method: 'private_key_jwt', client_secret: undefined }
    inline = (await addConfidentialClient(server, { ...machine, jwks: { keys: [key.publicJwk] } })).clientId
    remote = (await addConfidentialClient(server, { ...machine, jwks_uri: `${host.origin}/jwks` })).clientId
  })
  afterAll(async () => {
    await server.close()
    await host.close()
  })

  const now = () => Math.floor(Date.now() / 1000)
  interface Bent {
    readonly claims?: Record<string, unknown>
    readonly header?: Record<string, unknown>
    readonly key?: CryptoKey | Uint8Array
  }
  const assertionOf = (clientId: string, { claims = {}, header = {}, key: signingKey = key.privateKey }: Bent = {}) =>
    new SignJWT({
      iss: clientId,
      sub: clientId,
      aud: server.issuer,
      iat: now(),
      exp: now() + 60,
      jti: randomUUID(),
      ...claims,
    } as JWTPayload)
      .setProtectedHeader(Object.assign({ alg: 'ES256', kid: 'client-key' }, header))
      .sign(signingKey)
  const askWith = (assertion: string, parameters: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    requestTokens(
      metadata,
      {
        grant_type: 'client_credentials',
        client_assertion_type: assertionType,
        client_assertion: assertion,
        ...parameters,
      },
      headers,
    )

  it('is announced (MCP client credentials extension)', () => {
    expect(metadata).toMatchObject({
      token_endpoint_auth_methods_supported: expect.arrayContaining(['private_key_jwt', 'client_secret_basic']),
      token_endpoint_auth_signing_alg_values_supported: expect.arrayContaining(['ES256', 'RS256']),
      grant_types_supported: expect.arrayContaining(['client_credentials']),
    })
  })

  it('takes assertions signed with registered keys, inline or by jwks_uri, for the issuer', async () => {
    for (const clientId of [inline, remote]) {
      for (const aud of [server.issuer, [server.issuer]]) {
        const answer = await askWith(await assertionOf(clientId, { claims: { aud } }))
        expect(decodeJwt(answer.tokens?.access_token ?? '')).toMatchObject({ sub: clientId, aud: server.resource })
      }
    }
    // Kept, not fetched for each request.
    expect(host.hits.get('/jwks')).toBe(1)
  })

  it('takes an assertion together with a DPoP proof, and the same jti in both is no replay of either', async () => {
    const dpop = await createDpopKey()
    const jti = randomUUID()
    const first = await dpop.prove({ url: metadata.token_endpoint })
    const answer = await askWith(await assertionOf(inline), {}, { dpop: first })
    expect(answer.tokens?.token_type).toBe('DPoP')
    const again = await askWith(await assertionOf(inline), {}, { dpop: first })
    expect(again).toMatchObject({ status: 400, error: 'invalid_dpop_proof' })
    await askWith(await assertionOf(inline, { claims: { jti } }))
    expect((await askWith(await assertionOf(inline, { claims: { jti } }))).error).toBe('invalid_client')
  })

  it.each<[string, () => Promise<string> | string]>([
    ['for another audience', () => assertionOf(inline, { claims: { aud: 'https://other.example' } })],
    [
      'for us and somebody else',
      () => assertionOf(inline, { claims: { aud: [server.issuer, 'https://other.example'] } }),
    ],
    ['without audience', () => assertionOf(inline, { claims: { aud: undefined } })],
    ['that has expired', () => assertionOf(inline, { claims: { iat: now() - 120, exp: now() - 60 } })],
    ['without exp', () => assertionOf(inline, { claims: { exp: undefined } })],
    ['that lives for a day', () => assertionOf(inline, { claims: { exp: now() + 86_400 } })],
    ['from the future', () => assertionOf(inline, { claims: { iat: now() + 120, exp: now() + 180 } })],
    ['that is not valid yet', () => assertionOf(inline, { claims: { nbf: now() + 120 } })],
    ['without jti', () => assertionOf(inline, { claims: { jti: undefined } })],
    ['with a giant jti', () => assertionOf(inline, { claims: { jti: 'x'.repeat(600) } })],
    ['issued by somebody else', () => assertionOf(inline, { claims: { iss: remote } })],
    ['without issuer', () => assertionOf(inline, { claims: { iss: undefined } })],
    ['about a client that does not exist', () => assertionOf('nobody')],
    ['with another key', async () => assertionOf(inline, { key: (await generateKeyPair('ES256')).privateKey })],
    [
      'with an unknown kid',
      async () => assertionOf(inline, { header: { kid: 'other' }, key: (await generateKeyPair('ES256')).privateKey }),
    ],
    [
      'with HS256',
      () => assertionOf(inline, { header: { alg: 'HS256' }, key: new TextEncoder().encode('x'.repeat(32)) }),
    ],
    [
      'without signature',
      () => unsignedJwt({ alg: 'none' }, { iss: inline, sub: inline, aud: server.issuer, exp: now() + 60, jti: 'x' }),
    ],
  ])('refuses an assertion %s', async (_name, make) => {
    const { status, error, tokens } = await askWith(await make())
    expect([status, error, tokens]).toEqual([401, 'invalid_client', undefined])
  })

  it('refuses another assertion type, no JWT, and a secret in place of an assertion', async () => {
    expect((await askWith(await assertionOf(inline), { client_assertion_type: 'other' })).status).toBe(400)
    expect((await askWith('assertion')).status).toBe(400)
    const posted = { grant_type: 'client_credentials', client_id: inline, client_secret: 'secret' }
    expect((await requestTokens(metadata, posted)).error).toBe('invalid_client')
  })

  it('takes an assertion once, however many requests bring it at once', async () => {
    const assertion = await assertionOf(inline)
    const answers = await Promise.all(Array.from({ length: 10 }, () => askWith(assertion)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ error }) => error === 'invalid_client')).toHaveLength(9)
  })

  it('answers 503 while the keys of a client cannot be had, and never with invalid_client', async () => {
    const huge = { body: { keys: [], padding: 'x'.repeat(120_000) } }
    for (const broken of [{ status: 500, body: {} }, undefined, huge, { status: 302, body: {} }]) {
      const path = `/jwks-${randomUUID()}`
      if (broken !== undefined) host.routes.set(path, broken)
      const { clientId } = await addConfidentialClient(server, {
        token_endpoint_auth_method: 'private_key_jwt',
        client_secret: undefined,
        jwks_uri: `${host.origin}${path}`,
      })
      const answer = await askWith(await assertionOf(clientId))
      expect(answer).toMatchObject({ status: 503, error: 'temporarily_unavailable' })
      expect(answer.headers.get('retry-after')).toBe('30')
      server.advance(31)
      host.routes.set(path, { body: { keys: [key.publicJwk] } })
      expect((await askWith(await assertionOf(clientId))).status).toBe(200)
    }
  })

  it('goes on with the keys it has while their host sends nothing of use, and leaves it alone for a while', async () => {
    const path = `/jwks-${randomUUID()}`
    host.routes.set(path, { body: { keys: [key.publicJwk] } })
    const { clientId } = await addConfidentialClient(server, {
      token_endpoint_auth_method: 'private_key_jwt',
      client_secret: undefined,
      jwks_uri: `${host.origin}${path}`,
    })
    expect((await askWith(await assertionOf(clientId))).status).toBe(200)
    host.routes.set(path, { status: 302, body: {} })
    server.advance(2 * 3_600)
    for (const kid of ['client-key', 'client-key', 'made-up', 'another']) {
      const answer = await askWith(await assertionOf(clientId, { header: { kid } }))
      expect(answer.status).toBe(kid === 'client-key' ? 200 : 401)
    }
    expect(host.hits.get(path)).toBe(2)
  })

  it('takes a secret that only its hash is known of, and not the hash itself', async () => {
    const secret = randomUUID()
    const hash = createHash('sha256').update(secret).digest('hex')
    const { clientId } = await addConfidentialClient(server, { client_secret: undefined, client_secret_sha256: hash })
    const ask = (tried: string) => {
      const authorization = `Basic ${Buffer.from(`${clientId}:${tried}`).toString('base64')}`
      return requestTokens(metadata, { grant_type: 'client_credentials' }, { authorization })
    }
    expect((await ask(secret)).status).toBe(200)
    for (const wrong of [hash, hash.toUpperCase(), `${secret}x`])
      expect((await ask(wrong)).error).toBe('invalid_client')
  })

  it.each([
    ['client_secret_basic', 'client_secret_post'],
    ['client_secret_post', 'client_secret_basic'],
  ])('takes the secret as %s only where the operator said so, else either way', async (method, wrong) => {
    const strict = await addConfidentialClient(server, {
      token_endpoint_auth_method: method,
      demands_auth_method: true,
    })
    const lenient = await addConfidentialClient(server, { token_endpoint_auth_method: method })
    const ask = (client: typeof strict, by: string) =>
      by === 'client_secret_basic'
        ? requestTokens(metadata, { grant_type: 'client_credentials' }, { authorization: client.authorization })
        : requestTokens(metadata, {
            grant_type: 'client_credentials',
            client_id: client.clientId,
            client_secret: client.clientSecret,
          })
    expect((await ask(strict, method)).status).toBe(200)
    expect(await ask(strict, wrong)).toMatchObject({ status: 401, error: 'invalid_client' })
    expect((await ask(lenient, method)).status).toBe(200)
    expect((await ask(lenient, wrong)).status).toBe(200)
  })

  it('lets no registration call itself the operator’s', async () => {
    const response = await fetch(metadata.registration_endpoint ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        redirect_uris: ['https://client.example/cb'],
        made_by_operator: true,
        demands_auth_method: true,
        client_secret_sha256: 'a'.repeat(64),
      }),
    })
    const registered = JSON.stringify(await response.json())
    expect(response.status).toBe(201)
    for (const member of ['made_by_operator', 'demands_auth_method', 'sha256']) expect(registered).not.toContain(member)
  })
})

describeOnDatabases('A secret that is empty is none (RFC 6749 §2.3.1), on %s', (kind) => {
  let server: TestServer
  let metadata: ServerMetadata
  let publicId: string
  beforeAll(async () => {
    server = await startServer(kind)
    metadata = await discoverServer(server.issuer)
    publicId = (await register(metadata, { grant_types: ['authorization_code', 'refresh_token', deviceCodeGrant] }))
      .client_id
  })
  afterAll(() => server.close())

  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  const endpoints = [
    ['/token', { grant_type: 'authorization_code', code: 'x', redirect_uri: 'x', code_verifier: 'x'.repeat(43) }],
    ['/revoke', { token: 'x' }],
    ['/device/authorize', { scope: 'notes:read' }],
    ['/par', { response_type: 'code', redirect_uri: 'http://127.0.0.1:1/', code_challenge: 'x'.repeat(43) }],
  ] as const
  const post = async (
    path: string,
    parameters: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
  ) => {
    const response = await fetch(server.issuer + path, {
      method: 'POST',
      headers,
      body: new URLSearchParams(parameters),
    })
    const text = await response.text()
    return { status: response.status, error: text === '' ? undefined : (JSON.parse(text) as { error?: string }).error }
  }
  /** An answer about the request itself, not about who sent it. */
  const isLetIn = ({ error }: { error?: string | undefined }) =>
    error !== 'invalid_client' && error !== 'invalid_request'

  const forms: readonly [string, (id: string) => [Record<string, string>, Record<string, string>]][] = [
    ['in the header', (id) => [{}, basic(`${id}:`)]],
    ['in the header, beside client_id', (id) => [{ client_id: id }, basic(`${id}:`)]],
    ['in the body', (id) => [{ client_id: id, client_secret: '' }, {}]],
    ['in both', (id) => [{ client_id: id, client_secret: '' }, basic(`${id}:`)]],
    ['as a scheme alone, beside client_id', (id) => [{ client_id: id }, { authorization: 'Basic' }]],
    ['as a scheme and a blank, beside client_id', (id) => [{ client_id: id }, { authorization: 'Basic ' }]],
  ]

  it.each(forms)('lets a public client in %s, at every endpoint', async (_name, form) => {
    for (const [path, parameters] of endpoints) {
      const [more, headers] = form(publicId)
      const answer = await post(path, { ...parameters, ...more }, headers)
      const expected = await post(path, { ...parameters, client_id: publicId }, {})
      expect([path, answer]).toEqual([path, expected])
      if (path !== '/par') expect([path, isLetIn(answer)]).toEqual([path, true])
    }
  })

  it.each(forms)('never lets a confidential client in %s', async (_name, form) => {
    const secret = await addConfidentialClient(server, { grant_types: ['client_credentials'] })
    const keys = await addConfidentialClient(server, {
      token_endpoint_auth_method: 'private_key_jwt',
      client_secret: undefined,
      jwks: { keys: [(await createSigningKey('k')).publicJwk] },
    })
    for (const { clientId } of [secret, keys]) {
      for (const [path, parameters] of [
        ...endpoints,
        ['/introspect', { token: 'x' }] as const,
        ['/token', { grant_type: 'client_credentials' }] as const,
      ]) {
        const [more, headers] = form(clientId)
        const { error } = await post(path, { ...parameters, ...more }, headers)
        expect([path, error]).toEqual([path, 'invalid_client'])
      }
    }
  })

  it('still takes a secret in the header beside an empty one in the body, and refuses two clients', async () => {
    const operator = { demands_auth_method: true, token_endpoint_auth_method: 'client_secret_basic' }
    const { authorization } = await addConfidentialClient(server, operator)
    const grant = { grant_type: 'client_credentials', client_secret: '' }
    expect((await post('/token', grant, { authorization })).status).toBe(200)
    const [path, parameters] = endpoints[0]
    const two = await post(path, { ...parameters, client_id: 'another' }, basic(`${publicId}:`))
    expect([two.status, two.error]).toEqual([400, 'invalid_request'])
  })

  it.each(['Bearer', 'Bearer ', 'bearer\t', 'DPoP', 'Basic'])('%p at userinfo is challenged', async (authorization) => {
    const response = await fetch(`${server.issuer}/userinfo`, { headers: { authorization } })
    expect(response.status).toBe(401)
    const challenge = response.headers.get('www-authenticate') ?? ''
    expect(challenge).toMatch(/^Bearer /)
    expect(challenge).not.toContain('error=')
  })

  it('a token after several blanks is read at userinfo', async () => {
    const response = await fetch(`${server.issuer}/userinfo`, { headers: { authorization: 'Bearer   nonsense' } })
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('error="invalid_token"'),
    ])
  })
})
