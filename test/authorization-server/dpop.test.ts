/** DPoP at the authorization server (RFC 9449 §5, §6, §10): tokens, codes and refresh tokens that are bound to a client's key. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { describeOnDatabases } from '../support/describe-with.js'
import { createDpopKey, type DpopKey, type ProofRequest, unsignedJwt } from '../support/dpop-key.js'
import {
  completeCode,
  discoverServer,
  exchangeOf,
  type Grant,
  type IssuedCode,
  newGrant,
  requestTokens,
  type ServerMetadata,
  type TokenAnswer,
} from '../support/oauth-client.js'
import { addConfidentialClient, startServer, type TestServer } from './server.js'

describeOnDatabases('DPoP, on %s', (kind) => {
  let server: TestServer
  let metadata: ServerMetadata
  let machine: Awaited<ReturnType<typeof addConfidentialClient>>
  let grant: Grant
  let key: DpopKey
  let other: DpopKey
  beforeAll(async () => {
    server = await startServer(kind)
    metadata = await discoverServer(server.issuer)
    ;[machine, grant, key, other] = await Promise.all([
      addConfidentialClient(server),
      newGrant(server),
      createDpopKey(),
      createDpopKey(),
    ])
  })
  afterAll(() => server.close())

  const prove = (request: Partial<ProofRequest> = {}, by = key) =>
    by.prove({ url: metadata.token_endpoint, ...request })
  const headersWith = (proof: string | undefined): Record<string, string> =>
    proof === undefined ? {} : { dpop: proof }
  const askAsMachine = (proof: string | undefined): Promise<TokenAnswer> =>
    requestTokens(
      metadata,
      { grant_type: 'client_credentials' },
      { authorization: machine.authorization, ...headersWith(proof) },
    )

  it('is announced in the metadata', () => {
    expect(metadata).toMatchObject({ dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519'] })
  })

  it('binds the token to the key of the proof, and says so', async () => {
    const { tokens } = await askAsMachine(await prove())
    expect(tokens?.token_type).toBe('DPoP')
    expect(decodeJwt(tokens?.access_token ?? '')).toMatchObject({ cnf: { jkt: key.thumbprint }, aud: server.resource })
  })

  it('leaves a client without proofs as it is', async () => {
    const { tokens } = await askAsMachine(undefined)
    expect(tokens?.token_type).toBe('Bearer')
    expect(decodeJwt(tokens?.access_token ?? '')).not.toHaveProperty('cnf')
  })

  it('insists on a proof from a client that registered dpop_bound_access_tokens (§5.2)', async () => {
    const bound = await addConfidentialClient(server, { dpop_bound_access_tokens: true })
    const ask = (proof?: string) =>
      requestTokens(
        metadata,
        { grant_type: 'client_credentials' },
        { authorization: bound.authorization, ...headersWith(proof) },
      )
    expect(await ask()).toMatchObject({ status: 400, error: expect.stringMatching(/^invalid_/) })
    expect((await ask(await prove())).tokens?.token_type).toBe('DPoP')
  })

  const now = () => Math.floor(Date.now() / 1000)
  it.each<[string, () => Promise<string> | string]>([
    ['that is not a JWT', () => 'proof'],
    ['sent twice', async () => `${await prove()}, ${await prove()}`],
    ['for another method', () => prove({ method: 'GET' })],
    ['for another endpoint', () => prove({ url: `${server.issuer}/introspect` })],
    ['for another host', () => prove({ url: 'https://other.test/token' })],
    ['without htu', () => prove({ claims: { htu: undefined } })],
    ['without iat', () => prove({ claims: { iat: undefined } })],
    ['of six minutes ago', () => prove({ claims: { iat: now() - 360 } })],
    ['from the future', () => prove({ claims: { iat: now() + 360 } })],
    ['without jti', () => prove({ claims: { jti: undefined } })],
    ['of another type', () => prove({ header: { typ: 'JWT' } })],
    ['without its key', () => prove({ header: { jwk: undefined } })],
    ['with the private key in its header', () => prove({ header: { jwk: key.privateJwk } })],
    ['signed by another key', async () => prove({ header: { jwk: other.publicJwk } })],
    ['with a nonce nobody gave', () => prove({ claims: { nonce: 'x' } })],
    ['with RS256', async () => prove({}, await createDpopKey('RS256'))],
    [
      'with alg none',
      () =>
        unsignedJwt(
          { alg: 'none', typ: 'dpop+jwt', jwk: key.publicJwk },
          { htm: 'POST', htu: metadata.token_endpoint, iat: now(), jti: 'x' },
        ),
    ],
  ])('refuses a proof %s', async (_name, make) => {
    expect(await askAsMachine(await make())).toMatchObject({ status: 400, error: 'invalid_dpop_proof' })
  })

  it('takes a proof once, however many requests bring it at once, and asks for a new one in the words of DPoP', async () => {
    const proof = await prove()
    const answers = await Promise.all(Array.from({ length: 12 }, () => askAsMachine(proof)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ error }) => error === 'invalid_dpop_proof')).toHaveLength(11)
    // A proof is used up by its key and jti (RFC 9449 §11.1), so it is no better in the hands of another client.
    const second = await addConfidentialClient(server)
    const parameters = { grant_type: 'client_credentials' }
    const headers = { authorization: second.authorization, dpop: proof }
    expect((await requestTokens(metadata, parameters, headers)).error).toBe('invalid_dpop_proof')
  })

  describe('a code', () => {
    const newCode = (dpopJkt?: string) =>
      completeCode(
        grant,
        server.newBrowser(),
        { account: server.account },
        dpopJkt === undefined ? {} : { dpop_jkt: dpopJkt },
      )

    const redeem = (issued: IssuedCode, proof?: string) =>
      requestTokens(metadata, exchangeOf(grant, issued), headersWith(proof))

    const refresh = (refreshToken: string | undefined, proof?: string) =>
      requestTokens(
        metadata,
        { grant_type: 'refresh_token', client_id: grant.clientId, refresh_token: refreshToken ?? '' },
        headersWith(proof),
      )

    it('bound by dpop_jkt is redeemed with that key only, and a wrong key burns nothing (§10)', async () => {
      const code = await newCode(key.thumbprint)
      expect(await redeem(code)).toMatchObject({ status: 400, error: 'invalid_grant' })
      expect(await redeem(code, await prove({}, other))).toMatchObject({ status: 400, error: 'invalid_grant' })
      expect((await redeem(code, await prove())).tokens?.token_type).toBe('DPoP')
    })

    it('leads to a refresh token bound to the key, for a public client (§5)', async () => {
      const { tokens } = await redeem(await newCode(), await prove())
      expect(decodeJwt(tokens?.access_token ?? '')).toMatchObject({ cnf: { jkt: key.thumbprint } })
      expect(await refresh(tokens?.refresh_token)).toMatchObject({ status: 400, error: 'invalid_grant' })
      expect(await refresh(tokens?.refresh_token, await prove({}, other))).toMatchObject({ error: 'invalid_grant' })
      // A proof for elsewhere neither works nor spends the token.
      const stray = await refresh(tokens?.refresh_token, await prove({ url: `${server.issuer}/other` }))
      expect(stray.error).toBe('invalid_dpop_proof')
      const next = await refresh(tokens?.refresh_token, await prove())
      expect(next.tokens?.token_type).toBe('DPoP')
      // Within the grace window the same successor again, but only for the holder of the key.
      expect(await refresh(tokens?.refresh_token, await prove({}, other))).toMatchObject({ error: 'invalid_grant' })
      const repeated = await refresh(tokens?.refresh_token, await prove())
      expect(repeated.tokens?.refresh_token).toBe(next.tokens?.refresh_token)
      expect((await refresh(next.tokens?.refresh_token, await prove())).status).toBe(200)
    })
  })

  describe('a refresh token', () => {
    /** A code of that client, redeemed with a proof or without. */
    const tokensOf = async (metadataOf: Record<string, unknown>, proof?: string) => {
      const client = await addConfidentialClient(server, {
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [grant.redirectUri],
        ...metadataOf,
      })
      const own = { ...grant, clientId: client.clientId }
      const issued = await completeCode(own, server.newBrowser(), { account: server.account }, {})
      const { client_id: _named, ...exchange } = exchangeOf(own, issued) as Record<string, string>
      const first = await requestTokens(metadata, exchange, {
        authorization: client.authorization,
        ...headersWith(proof),
      })
      const refresh = (token: string | undefined, refreshProof?: string) =>
        requestTokens(
          metadata,
          { grant_type: 'refresh_token', refresh_token: token ?? '' },
          { authorization: client.authorization, ...headersWith(refreshProof) },
        )
      return { token: first.tokens?.refresh_token, refresh }
    }

    it('of a client that authenticates and proves a key is not rotated (FAPI 2.0 §5.3.2.1)', async () => {
      const { token, refresh } = await tokensOf({ dpop_bound_access_tokens: true }, await prove())
      for (let times = 0; times < 3; times += 1) {
        const answer = await refresh(token, await prove())
        expect(answer.tokens).toMatchObject({ token_type: 'DPoP', refresh_token: token })
        expect(decodeJwt(answer.tokens?.access_token ?? '')).toMatchObject({ cnf: { jkt: key.thumbprint } })
        server.advance(3_600)
      }
      const grants = await server.storage.prisma.auditEvent.count({ where: { type: 'grant.revoked' } })
      expect(grants).toBe(0)
    })

    it('of a client that authenticates without a key is rotated', async () => {
      const { token, refresh } = await tokensOf({})
      const { tokens } = await refresh(token)
      expect(tokens?.refresh_token).not.toBe(token)
      // The same client may begin to prove a key; what it held is as good as before.
      expect((await refresh(tokens?.refresh_token, await prove())).tokens?.refresh_token).toBe(tokens?.refresh_token)
    })

    it('that is used again after the grace gets its unused successor with the same key alone', async () => {
      const client = grant.clientId
      const issued = await completeCode(grant, server.newBrowser(), { account: server.account }, {})
      const first = await requestTokens(metadata, exchangeOf(grant, issued), headersWith(await prove()))
      const token = first.tokens?.refresh_token ?? ''
      const refresh = async (value: string, by = key) =>
        requestTokens(
          metadata,
          { grant_type: 'refresh_token', client_id: client, refresh_token: value },
          headersWith(await prove({}, by)),
        )
      const lost = await refresh(token)
      expect(lost.tokens?.refresh_token).not.toBe(token)
      server.advance(60)
      expect((await refresh(token, other)).error).toBe('invalid_grant')
      expect((await refresh(token)).tokens?.refresh_token).toBe(lost.tokens?.refresh_token)
    })
  })

  it('is checked at userinfo too, with a DPoP challenge', async () => {
    const { code, codeVerifier } = await completeCode(
      { ...grant, resource: '' },
      server.newBrowser(),
      { account: server.account },
      { scope: 'openid email' },
    )
    const { tokens } = await requestTokens(
      metadata,
      {
        grant_type: 'authorization_code',
        client_id: grant.clientId,
        redirect_uri: grant.redirectUri,
        code,
        code_verifier: codeVerifier,
      },
      { dpop: await prove() },
    )
    const token = tokens?.access_token ?? ''
    const url = metadata.userinfo_endpoint ?? ''
    const ask = (headers: Record<string, string>) => fetch(url, { headers })
    const proof = await key.prove({ method: 'GET', url, token })
    const answered = await ask({ authorization: `DPoP ${token}`, dpop: proof })
    expect(await answered.json()).toMatchObject({ email: server.account.email })
    for (const headers of [
      { authorization: `DPoP ${token}`, dpop: proof },
      { authorization: `Bearer ${token}` },
      { authorization: `DPoP ${token}`, dpop: await key.prove({ method: 'GET', url }) },
      { authorization: `DPoP ${token}`, dpop: await other.prove({ method: 'GET', url, token }) },
    ]) {
      const refused = await ask(headers)
      expect(refused.status).toBe(401)
      expect(refused.headers.get('www-authenticate')).toMatch(/DPoP .*algs="ES256 EdDSA Ed25519"/)
    }
  })
})
