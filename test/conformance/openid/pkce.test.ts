import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { authorizationCodeGrant, ClientSecretBasic, randomPKCECodeVerifier } from 'openid-client'
import { addConfidentialClient, readJson, startServer, type TestServer } from '../../authorization-server/server.js'
import { completeAuthorization } from '../../support/authorization.js'
import {
  operatorsRelyingParty,
  type RelyingParty,
  redirectUri,
  registerRelyingParty,
  signInAt,
  startFlow,
} from './relying-party.js'

const interactive = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code' as const],
  redirect_uris: [redirectUri],
}
const withoutChallenge = { code_challenge: undefined, code_challenge_method: undefined }

/** Of the basic plan as published, which sends no PKCE: oidcc-server and all that follow it. */
describe('PKCE, and the one client that may go without (OAuth 2.1 §7.5.1, require_pkce)', () => {
  let server: TestServer
  let excepted: RelyingParty
  let ordinary: RelyingParty
  beforeAll(async () => {
    server = await startServer('embedded')
    const party = async (metadata: Readonly<Record<string, unknown>>) => {
      const { clientId, clientSecret } = await addConfidentialClient(server, { ...interactive, ...metadata })
      return operatorsRelyingParty(server, clientId, clientSecret, {}, ClientSecretBasic(clientSecret))
    }
    excepted = await party({ require_pkce: false })
    ordinary = await party({})
  })
  afterAll(() => server.close())

  const errorOf = async (party: RelyingParty, parameters: Readonly<Record<string, string | undefined>>) => {
    const { url } = await startFlow(party, parameters)
    const arrival = await server.newBrowser().open(url.href)
    return 'left' in arrival ? new URL(arrival.left).searchParams.get('error') : arrival.page.heading
  }

  it('is not demanded of a confidential client that the operator excepted and that sends nonce', async () => {
    const tokens = await signInAt(excepted, server.newBrowser(), withoutChallenge)
    expect(tokens.claims()).toMatchObject({ iss: server.issuer, nonce: expect.any(String) })
    // A code without a challenge is for signing in: it never becomes a token for the resource.
    expect(tokens.access_token.split('.')).toHaveLength(1)
  })

  it.each<[string, Readonly<Record<string, string | undefined>>]>([
    ['without nonce', { ...withoutChallenge, nonce: undefined }],
    ['with an empty nonce', { ...withoutChallenge, nonce: '' }],
    ['without openid', { ...withoutChallenge, scope: 'email' }],
    ['that asks for a scope of the resource', { ...withoutChallenge, scope: 'openid notes:read' }],
    ['that names the resource', { ...withoutChallenge, resource: 'http://localhost:4000/mcp' }],
    ['that names no scope, which means those of the resource', { ...withoutChallenge, scope: '' }],
    ['with a method and no challenge', { code_challenge: undefined }],
    ['with the plain method', { code_challenge_method: 'plain' }],
  ])('is demanded of the excepted client in a request %s', async (_name, parameters) => {
    expect(await errorOf(excepted, parameters)).toBe('invalid_request')
  })

  it('is demanded of every other client: the operator’s confidential one, its public one, one that registers itself', async () => {
    expect(await errorOf(ordinary, withoutChallenge)).toBe('invalid_request')
    // Stored past the rules, as by hand in the database.
    const metadata = { client_id: 'public', client_name: 'Public', ...interactive, require_pkce: false }
    await server.clients.save('public', { ...metadata, token_endpoint_auth_method: 'none' }, 'static')
    expect(await errorOf(await operatorsRelyingParty(server, 'public', undefined), withoutChallenge)).not.toMatch(
      /Sign in/,
    )
    const itself = await registerRelyingParty(server, { require_pkce: false })
    expect(itself.configuration.clientMetadata()['require_pkce']).toBeUndefined()
    expect(await errorOf(itself, withoutChallenge)).not.toMatch(/Sign in/)
  })

  it('cannot be taken out of a request on the way: a verifier without a challenge is refused (RFC 9700 §2.1.1)', async () => {
    const { url, checks } = await startFlow(excepted, withoutChallenge)
    const callback = await completeAuthorization(server.newBrowser(), url.href, { account: server.account })
    const given = { ...checks, pkceCodeVerifier: randomPKCECodeVerifier() }
    await expect(authorizationCodeGrant(excepted.configuration, new URL(callback), given)).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  it('counts when the excepted client uses it: the wrong verifier, or none, is refused', async () => {
    for (const pkceCodeVerifier of [randomPKCECodeVerifier(), undefined]) {
      const { url, checks } = await startFlow(excepted)
      const { pkceCodeVerifier: _right, ...others } = checks
      const callback = await completeAuthorization(server.newBrowser(), url.href, { account: server.account })
      const given = pkceCodeVerifier === undefined ? others : { ...others, pkceCodeVerifier }
      await expect(authorizationCodeGrant(excepted.configuration, new URL(callback), given)).rejects.toMatchObject({
        error: 'invalid_grant',
      })
    }
  })

  it('gives no token for the resource to a code without a challenge', async () => {
    const { url } = await startFlow(excepted, withoutChallenge)
    const callback = await completeAuthorization(server.newBrowser(), url.href, { account: server.account })
    const { client_id: clientId, client_secret: secret } = excepted.configuration.clientMetadata()
    const response = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: new URL(callback).searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        resource: 'http://localhost:4000/mcp',
      }),
    })
    expect([response.status, (await readJson(response))['error']]).toEqual([400, 'invalid_target'])
  })

  it('is announced as S256 alone, whatever the operator excepts', () => {
    expect(excepted.configuration.serverMetadata().code_challenge_methods_supported).toEqual(['S256'])
  })
})

describe('Pushed authorization requests, demanded of one client (RFC 9126 §6, require_pushed_authorization_requests)', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer('embedded')
  })
  afterAll(() => server.close())

  it('refuses the client’s plain request and takes the pushed one', async () => {
    const { clientId, clientSecret } = await addConfidentialClient(server, {
      ...interactive,
      require_pushed_authorization_requests: true,
    })
    const party = await operatorsRelyingParty(server, clientId, clientSecret, {}, ClientSecretBasic(clientSecret))
    const { url } = await startFlow(party)
    const arrival = await server.newBrowser().open(url.href)
    expect('left' in arrival && new URL(arrival.left).searchParams.get('error')).toBe('invalid_request')

    const pushed = await fetch(`${server.issuer}/par`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: url.searchParams,
    })
    const { request_uri: requestUri } = await readJson(pushed)
    const short = new URLSearchParams({ client_id: clientId, request_uri: String(requestUri) })
    const callback = await completeAuthorization(server.newBrowser(), `${server.issuer}/authorize?${short}`, {
      account: server.account,
    })
    expect(new URL(callback).searchParams.get('code')).toEqual(expect.any(String))
  })
})
