import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { UnsecuredJWT } from 'jose'
import * as client from 'openid-client'
import { readJson } from '../../authorization-server/server.js'
import { completeAuthorization } from '../../support/authorization.js'
import { type ClientKey, newClientKey, signClientAssertion } from '../../support/client-assertion.js'
import { createDpopKey, type DpopKey } from '../../support/dpop-key.js'
import { temporaryFolder } from '../../support/run-folder.js'
import { type Stack, startStack } from '../../support/stack.js'

const redirectUri = 'https://rp.example/callback'
const listTools = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} })

type Parameters = Readonly<Record<string, string | undefined>>

const verifier = 'v'.repeat(43)

/** Of the plan FAPI 2.0 security profile, with private_key_jwt and DPoP: the happy flows, and the modules whose names end in `fails`. */
describe('FAPI 2.0 security profile, with private_key_jwt and DPoP', () => {
  let stack: Stack
  let key: ClientKey
  let otherKey: ClientKey
  let configuration: client.Configuration
  let machine: client.Configuration
  beforeAll(async () => {
    ;[key, otherKey] = await Promise.all([newClientKey('fapi-1', 'ES256'), newClientKey('fapi-2', 'ES256')])
    const file = join(temporaryFolder('fapi'), 'clients.json')
    const entry = (id: string, by: ClientKey, metadata: object) => ({
      client_id: id,
      client_name: id,
      jwks: { keys: [by.publicJwk] },
      token_endpoint_auth_signing_alg: 'ES256',
      id_token_signed_response_alg: 'ES256',
      dpop_bound_access_tokens: true,
      ...metadata,
    })
    const interactive = {
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      require_pushed_authorization_requests: true,
    }
    const clients = [entry('rp', key, interactive), entry('other', otherKey, interactive), entry('machine', key, {})]
    writeFileSync(file, JSON.stringify({ clients }))
    stack = await startStack({ database: 'embedded', env: { GATEHOUSE_FILE: file } })
    const discover = (id: string) =>
      client.discovery(
        new URL(stack.issuer),
        id,
        { id_token_signed_response_alg: 'ES256' },
        client.PrivateKeyJwt({ key: key.privateKey, kid: key.kid }),
        {
          execute: [client.allowInsecureRequests],
        },
      )
    ;[configuration, machine] = await Promise.all([discover('rp'), discover('machine')])
  })
  afterAll(() => stack.close())

  const usual = async (parameters: Parameters = {}) => {
    const all: Parameters = {
      redirect_uri: redirectUri,
      scope: 'openid email notes:read',
      state: client.randomState(),
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...parameters,
    }
    return Object.fromEntries(
      Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    )
  }
  const authorize = (url: URL) => completeAuthorization(stack.newBrowser(), url.href, { account: stack.account })

  it('from the pushed request to userinfo, a tool call and a refresh that changes nothing', async () => {
    const dpop = client.getDPoPHandle(configuration, await client.randomDPoPKeyPair('ES256'))
    const parameters = await usual()
    const url = await client.buildAuthorizationUrlWithPAR(configuration, parameters, { DPoP: dpop })
    expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri'])
    const callback = new URL(await authorize(url))
    expect(Object.fromEntries(callback.searchParams)).toMatchObject({
      iss: stack.issuer,
      state: parameters['state'],
    })
    const checks = { pkceCodeVerifier: verifier, expectedState: parameters['state'] ?? '', idTokenExpected: true }
    const tokens = await client.authorizationCodeGrant(configuration, callback, checks, undefined, { DPoP: dpop })
    expect([tokens.token_type, tokens.scope]).toEqual(['dpop', 'openid email notes:read'])
    const sub = tokens.claims()?.sub ?? ''
    expect(await client.fetchUserInfo(configuration, tokens.access_token, sub, { DPoP: dpop })).toMatchObject({
      email: stack.account.email,
    })
    const callTool = (token: string) => {
      const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json, text/event-stream' })
      const resource = new URL(stack.resource)
      return client.fetchProtectedResource(configuration, token, resource, 'POST', listTools, headers, { DPoP: dpop })
    }
    expect((await callTool(tokens.access_token)).status).toBe(200)
    const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? '', undefined, {
      DPoP: dpop,
    })
    expect(refreshed.refresh_token ?? tokens.refresh_token).toBe(tokens.refresh_token)
    expect((await callTool(refreshed.access_token)).status).toBe(200)
    const again = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? '', undefined, { DPoP: dpop })
    expect(again.access_token).not.toBe(refreshed.access_token)
  })

  it('a machine gets a token for the resource with client credentials', async () => {
    const dpop = client.getDPoPHandle(machine, await client.randomDPoPKeyPair('ES256'))
    const tokens = await client.clientCredentialsGrant(machine, { scope: 'notes:read' }, { DPoP: dpop })
    expect([tokens.token_type, tokens.scope, tokens.refresh_token]).toEqual(['dpop', 'notes:read', undefined])
    const headers = new Headers({ 'content-type': 'application/json' })
    const call = (options: object) =>
      client.fetchProtectedResource(
        machine,
        tokens.access_token,
        new URL(stack.resource),
        'POST',
        listTools,
        headers,
        options,
      )
    expect((await call({ DPoP: dpop })).status).toBe(200)
    await expect(call({})).rejects.toMatchObject({ status: 401 })
  })

  /** What openid-client would not send: forms with an assertion and a proof, either of them bent. */
  const post = async (path: string, fields: Parameters, assertion: string, proof?: string) => {
    const given = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
    const body = new URLSearchParams({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      ...Object.fromEntries(given),
    })
    const headers = proof === undefined ? {} : { dpop: proof }
    const response = await fetch(stack.issuer + path, { method: 'POST', body, headers })
    return { status: response.status, body: await readJson(response) }
  }
  const assert = (claims: Readonly<Record<string, unknown>> = {}, by = key, clientId = 'rp') =>
    signClientAssertion(by, { clientId, audience: stack.issuer, claims })
  const push = async (fields: Parameters = {}, assertion?: string) =>
    post(
      '/par',
      { client_id: 'rp', response_type: 'code', ...(await usual()), ...fields },
      assertion ?? (await assert()),
    )
  const now = () => Math.floor(Date.now() / 1_000)

  it('a request has to be pushed, and what is pushed is used within ten minutes, once, by its client', async () => {
    const plain = client.buildAuthorizationUrl(configuration, await usual())
    const refused = await stack.newBrowser().open(plain.href)
    expect('left' in refused && new URL(refused.left).searchParams.get('error')).toBe('invalid_request')

    const pushed = await push()
    expect([pushed.status, Number(pushed.body['expires_in']) < 600]).toEqual([201, true])
    const at = (clientId: string, requestUri: unknown) =>
      new URL(
        `${stack.issuer}/authorize?${new URLSearchParams({ client_id: clientId, request_uri: String(requestUri) })}`,
      )
    const requestUri = pushed.body['request_uri']
    await expect(authorize(at('other', requestUri))).rejects.toThrow()
    expect(await authorize(at('rp', requestUri))).toContain('code=')
    const reused = await stack.newBrowser().open(at('rp', requestUri).href)
    expect('page' in reused && reused.page.status).toBe(400)
    await expect(authorize(at('rp', 'urn:ietf:params:oauth:request_uri:unknown'))).rejects.toThrow()
  })

  it.each<[string, Parameters, string]>([
    ['a redirect with a query', { redirect_uri: `${redirectUri}?tenant=2` }, 'invalid_request'],
    ['a redirect with another path', { redirect_uri: `${redirectUri}/` }, 'invalid_request'],
    ['no redirect', { redirect_uri: undefined }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['response_type token', { response_type: 'token' }, 'unsupported_response_type'],
    ['response_type code id_token', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['no response_type', { response_type: undefined }, 'invalid_request'],
    ['a request_uri', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }, 'request_uri_not_supported'],
    ['another client_id', { client_id: 'other' }, 'invalid_request'],
  ])('a pushed request with %s is refused', async (_name, fields, error) => {
    const { status, body } = await push(fields)
    expect([status >= 400, body['error'], body['request_uri']]).toEqual([true, expect.stringMatching(error), undefined])
  })

  it('a long state comes back whole, and scopes in any order are taken', async () => {
    const state = 's'.repeat(384)
    const { body } = await push({ state, scope: 'notes:read email openid' })
    const parameters = new URLSearchParams({ client_id: 'rp', request_uri: String(body['request_uri']) })
    const callback = await authorize(new URL(`${stack.issuer}/authorize?${parameters}`))
    expect(new URL(callback).searchParams.get('state')).toBe(state)
  })

  it.each<[string, () => Promise<string>]>([
    ['that has expired', () => assert({ exp: now() - 120, iat: now() - 180 })],
    ['without exp', () => assert({ exp: undefined })],
    ['without jti', () => assert({ jti: undefined })],
    ['for another issuer', () => assert({ aud: 'https://other.example' })],
    ['from the future', () => assert({ nbf: now() + 90, exp: now() + 150 })],
    ['whose issuer is another client', () => assert({ iss: 'other' })],
    ['of another client’s key', () => assert({}, otherKey)],
    [
      'by RS256, which is not the registered algorithm',
      async () => {
        const rsa = await newClientKey(key.kid, 'RS256')
        return assert({}, rsa)
      },
    ],
    [
      'without a signature',
      async () => new UnsecuredJWT({ iss: 'rp', sub: 'rp', aud: stack.issuer, jti: 'x', exp: now() + 60 }).encode(),
    ],
  ])('an assertion %s is refused, at the pushed request and the token endpoint', async (_name, make) => {
    expect((await push({}, await make())).body['error']).toBe('invalid_client')
    const fields = { grant_type: 'refresh_token', refresh_token: 'x' }
    expect((await post('/token', fields, await make())).body['error']).toBe('invalid_client')
  })

  it('an assertion that was used once is refused the second time', async () => {
    const assertion = await assert()
    expect((await push({}, assertion)).status).toBe(201)
    expect((await push({}, assertion)).body['error']).toBe('invalid_client')
  })

  const codeFor = async (fields: Parameters = {}) => {
    const { body } = await push(fields)
    const parameters = new URLSearchParams({ client_id: 'rp', request_uri: String(body['request_uri']) })
    const callback = await authorize(new URL(`${stack.issuer}/authorize?${parameters}`))
    return new URL(callback).searchParams.get('code') ?? ''
  }
  const exchange = async (code: string, dpop: DpopKey | undefined, fields: Parameters = {}, assertion?: string) =>
    post(
      '/token',
      { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier, ...fields },
      assertion ?? (await assert()),
      await dpop?.prove({ url: `${stack.issuer}/token` }),
    )

  it('a code is for its client, its verifier, its redirect and its key, and good once', async () => {
    const [dpop, other] = [await createDpopKey(), await createDpopKey()]
    const code = await codeFor({ dpop_jkt: dpop.thumbprint })
    const refused = [
      await exchange(code, other),
      await exchange(code, undefined),
      await exchange(code, dpop, { code_verifier: 'w'.repeat(43) }),
      await exchange(code, dpop, { code_verifier: undefined }),
      await exchange(code, dpop, { redirect_uri: `${redirectUri}/` }),
      await exchange(code, dpop, {}, await assert({}, otherKey, 'other')),
    ]
    expect(refused.map(({ status, body }) => [status, body['access_token']])).toEqual(
      refused.map(() => [400, undefined]),
    )
    const { body } = await exchange(code, dpop)
    const ask = async (authorization: string, by: DpopKey | undefined) => {
      const proof = await by?.prove({
        method: 'GET',
        url: `${stack.issuer}/userinfo`,
        token: String(body['access_token']),
      })
      const headers = { authorization, ...(proof === undefined ? {} : { dpop: proof }) }
      return (await fetch(`${stack.issuer}/userinfo`, { headers })).status
    }
    const token = String(body['access_token'])
    expect(await ask(`DPoP ${token}`, dpop)).toBe(200)
    expect(
      await Promise.all([
        ask(`Bearer ${token}`, dpop),
        ask(`Bearer ${token}`, undefined),
        ask(`DPoP ${token}`, other),
        ask(`DPoP ${token}`, undefined),
      ]),
    ).toEqual([400, 401, 401, 400])
    const stolen = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
    const proof = await dpop.prove({ url: `${stack.issuer}/token` })
    expect((await post('/token', stolen, await assert({}, otherKey, 'other'), proof)).body['error']).toBe(
      'invalid_grant',
    )
    expect((await exchange(code, dpop)).body['error']).toBe('invalid_grant')
    expect(await ask(`DPoP ${token}`, dpop)).toBe(401)
  })
})
