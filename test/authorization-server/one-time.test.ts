/** Client assertions (RFC 7523 §3) and DPoP proofs (RFC 9449 §11.1) are good once, at every endpoint that takes them. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { outageError } from '../../src/database/outage.js'
import { noUsageLimits } from '../../src/oauth/usage-limits.js'
import { type ClientKey, newClientKey, signClientAssertion } from '../support/client-assertion.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { createDpopKey, type DpopKey, unsignedJwt } from '../support/dpop-key.js'
import { watchStatements } from '../support/watched-statements.js'
import { addConfidentialClient, readJson, startServer, type TestServer } from './server.js'

const { meanwhile, watched } = watchStatements()
const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'
const limited = { limit: 3, windowSeconds: 3_650 * 86_400 }

/** Every endpoint that authenticates clients, with a request that it answers. */
const endpoints: readonly (readonly [path: string, fields: Readonly<Record<string, string>>, takesProofs: boolean])[] =
  [
    ['/token', { grant_type: 'client_credentials' }, true],
    [
      '/par',
      {
        response_type: 'code',
        redirect_uri: 'https://client.example/cb',
        scope: 'notes:read',
        resource: 'http://localhost:4000/mcp',
        code_challenge: 'x'.repeat(43),
        code_challenge_method: 'S256',
      },
      true,
    ],
    ['/device/authorize', { scope: 'notes:read' }, false],
    ['/revoke', { token: 'unknown' }, false],
    ['/introspect', { token: 'unknown' }, false],
    ['/revocations', {}, false],
  ]

describeOnDatabases('Used once, on %s', (kind) => {
  let server: TestServer
  let clientKey: ClientKey
  let key: DpopKey
  let clientId: string
  beforeAll(async () => {
    server = await startServer(kind, { database: watched(await openTestDatabase(kind, 'auth')) })
    ;[clientKey, key] = await Promise.all([newClientKey('k', 'ES256'), createDpopKey()])
    clientId = await newClient(server)
  })
  afterAll(() => server.close())
  beforeEach(() => meanwhile.clear())

  const newClient = async (at: TestServer) => {
    const client = await addConfidentialClient(at, {
      token_endpoint_auth_method: 'private_key_jwt',
      client_secret: undefined,
      jwks: { keys: [clientKey.publicJwk] },
      grant_types: ['client_credentials', 'authorization_code', 'refresh_token', deviceCode],
      response_types: ['code'],
      redirect_uris: ['https://client.example/cb'],
      introspects: at.resource,
    })
    return client.clientId
  }
  const assertionOf = (jti: string, client = clientId, at = server) =>
    signClientAssertion(clientKey, { clientId: client, audience: at.issuer, claims: { jti } })
  const proofFor = (path: string, jti: string, by = key) =>
    by.prove({ url: `${server.issuer}${path}`, claims: { jti } })
  const send = (
    path: string,
    fields: Readonly<Record<string, string>>,
    assertion: string,
    headers: Readonly<Record<string, string>> = {},
    at = server,
  ) =>
    fetch(`${at.issuer}${path}`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({
        ...fields,
        ...(path === '/par' && { client_id: clientId }),
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    })
  const errorOf = async (response: Response) => [response.status, (await readJson(response))['error']]

  it.each(endpoints)('a used assertion stays used at %s, whatever else the request says', async (path, fields) => {
    const jti = randomUUID()
    const assertion = await assertionOf(jti)
    expect((await send(path, fields, assertion)).status).toBeLessThan(300)
    const forged = unsignedJwt({ alg: 'none', typ: 'dpop+jwt' }, { jti })
    const unrelated = await proofFor('/elsewhere', jti)
    for (const headers of [{}, { dpop: forged }, { dpop: `x.${forged.split('.')[1]}.x` }, { dpop: unrelated }]) {
      expect(await errorOf(await send(path, fields, assertion, headers))).toEqual([401, 'invalid_client'])
    }
  })

  it.each(endpoints.filter(([, , takesProofs]) => takesProofs))(
    'assertion and proof of one request may have one jti at %s, and each is used up',
    async (path, fields) => {
      const jti = randomUUID()
      const [assertion, proof] = [await assertionOf(jti), await proofFor(path, jti)]
      expect((await send(path, fields, assertion, { dpop: proof })).status).toBeLessThan(300)
      expect(await errorOf(await send(path, fields, assertion))).toEqual([401, 'invalid_client'])
      const again = await send(path, fields, await assertionOf(randomUUID()), { dpop: proof })
      expect(await errorOf(again)).toEqual([400, 'invalid_dpop_proof'])
    },
  )

  it('a proof is of its key: by another client it is a replay, the same jti of another key is another proof', async () => {
    const jti = randomUUID()
    const proof = await proofFor('/token', jti)
    const fields = { grant_type: 'client_credentials' }
    const [second, other] = await Promise.all([newClient(server), createDpopKey()])
    expect((await send('/token', fields, await assertionOf(randomUUID()), { dpop: proof })).status).toBe(200)
    const stolen = await send('/token', fields, await assertionOf(randomUUID(), second), { dpop: proof })
    expect(await errorOf(stolen)).toEqual([400, 'invalid_dpop_proof'])
    const own = await proofFor('/token', jti, other)
    expect((await send('/token', fields, await assertionOf(randomUUID()), { dpop: own })).status).toBe(200)
  })

  it('an assertion is of its client: the same jti of another client is another assertion', async () => {
    const jti = randomUUID()
    const second = await newClient(server)
    const fields = { grant_type: 'client_credentials' }
    for (const client of [clientId, second])
      expect((await send('/token', fields, await assertionOf(jti, client))).status).toBe(200)
  })

  it('a proof that is dated ahead is remembered as long as it is fresh', async () => {
    const iat = Math.floor(Date.now() / 1000) + 290
    const proof = await key.prove({ url: `${server.issuer}/token`, claims: { iat } })
    const before = await server.storage.prisma.artifact.findMany({ where: { model: 'ReplayDetection' } })
    const fields = { grant_type: 'client_credentials' }
    expect((await send('/token', fields, await assertionOf(randomUUID()), { dpop: proof })).status).toBe(200)
    const known = new Set(before.map(({ idHash }) => idHash))
    const after = await server.storage.prisma.artifact.findMany({ where: { model: 'ReplayDetection' } })
    const ends = after.filter(({ idHash }) => !known.has(idHash)).map(({ expiresAt }) => Number(expiresAt) / 1000)
    expect(Math.max(...ends)).toBeGreaterThan(iat + 300)
  })

  it('a request that a limit refuses (429) uses up neither: its repetition, byte by byte, is taken later', async () => {
    const tight = await startServer(kind, { usageLimits: { ...noUsageLimits, 'token-client': limited } })
    try {
      const client = await newClient(tight)
      const fields = { grant_type: 'client_credentials' }
      const ask = async (assertion: string, dpop?: string) =>
        send('/token', fields, assertion, dpop === undefined ? {} : { dpop }, tight)
      for (let used = 0; used < limited.limit; used += 1) {
        expect((await ask(await assertionOf(randomUUID(), client, tight))).status).toBe(200)
      }
      const assertion = await assertionOf(randomUUID(), client, tight)
      const proof = await key.prove({ url: `${tight.issuer}/token` })
      for (const _time of [1, 2]) expect((await ask(assertion, proof)).status).toBe(429)
      expect(await tight.storage.prisma.artifact.count({ where: { model: 'ReplayDetection' } })).toBe(limited.limit)
    } finally {
      await tight.close()
    }
  })

  it('a request whose commit fails (503) uses up neither', async () => {
    const opaque = await startServer(kind, {
      accessTokenFormat: 'opaque',
      database: watched(await openTestDatabase(kind, 'auth')),
    })
    try {
      const client = await newClient(opaque)
      const assertion = await assertionOf(randomUUID(), client, opaque)
      const dpop = await key.prove({ url: `${opaque.issuer}/token` })
      const ask = () => send('/token', { grant_type: 'client_credentials' }, assertion, { dpop }, opaque)
      meanwhile.set('always+issue', () => Promise.reject(outageError(new Error('lock timeout'))))
      expect(await errorOf(await ask())).toEqual([503, 'temporarily_unavailable'])
      expect((await ask()).status).toBe(200)
      expect(await errorOf(await ask())).toEqual([401, 'invalid_client'])
    } finally {
      await opaque.close()
    }
  })
})
