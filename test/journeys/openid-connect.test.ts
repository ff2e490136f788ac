/** Plain OpenID Connect with openid-client: somebody uses the authorization server for signing in and nothing else. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import * as client from 'openid-client'
import { completeAuthorization } from '../support/authorization.js'
import { type Browser, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { type Stack, startStack } from '../support/stack.js'

const redirectUri = 'http://127.0.0.1:41574/callback'
const afterSignOut = 'http://127.0.0.1:41574/signed-out'

describeOnDatabases('OpenID Connect with openid-client (%s)', (database) => {
  let stack: Stack
  let browser: Browser
  let configuration: client.Configuration
  let tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers
  const nonce = client.randomNonce()

  beforeAll(async () => {
    stack = await startStack({ database })
    browser = stack.newBrowser()
  })
  afterAll(() => stack.close())

  it('discovers the issuer and registers (OpenID Connect Discovery, RFC 7591)', async () => {
    configuration = await client.dynamicClientRegistration(
      new URL(stack.issuer),
      {
        client_name: 'Sign-in only',
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [afterSignOut],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
      undefined,
      { execute: [client.allowInsecureRequests] },
    )
    expect(configuration.serverMetadata().issuer).toBe(stack.issuer)
    expect(configuration.serverMetadata().supportsPKCE()).toBe(true)
    expect(configuration.clientMetadata().client_secret).toEqual(expect.any(String))
  })

  it('signs in with PKCE, state and nonce, and gets an ID token', async () => {
    const codeVerifier = client.randomPKCECodeVerifier()
    const state = client.randomState()
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid email profile offline_access',
      prompt: 'consent',
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    })
    const callback = await completeAuthorization(browser, url.href, { account: stack.account })
    tokens = await client.authorizationCodeGrant(configuration, new URL(callback), {
      pkceCodeVerifier: codeVerifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    })
    expect(tokens.claims()).toMatchObject({ iss: stack.issuer, aud: configuration.clientMetadata().client_id, nonce })
  })

  it('reads the claims it was granted at userinfo', async () => {
    const subject = tokens.claims()?.sub ?? ''
    const claims = await client.fetchUserInfo(configuration, tokens.access_token, subject)
    expect(claims).toMatchObject({ sub: subject, email: stack.account.email })
  })

  it('does not get into the MCP server with a token that was made for userinfo', async () => {
    const response = await fetch(stack.resource, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens.access_token}`, 'content-type': 'application/json' },
      body: '{}',
    })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('invalid_token')
  })

  it('refreshes', async () => {
    const subject = tokens.claims()?.sub
    const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? '')
    expect(refreshed.claims()?.sub).toBe(subject)
    expect(refreshed.refresh_token).toEqual(expect.any(String))
    tokens = refreshed
  })

  it('answers prompt=none without a page while the person is signed in', async () => {
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid',
      prompt: 'none',
      id_token_hint: tokens.id_token ?? '',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    })
    const arrival = await browser.open(url.href)
    expect('left' in arrival).toBe(true)
    const stranger = await stack.newBrowser().open(url.href)
    expect('left' in stranger && new URL(stranger.left).searchParams.get('error')).toBe('login_required')
  })

  it('signs out by our page and comes back to the client (RP-Initiated Logout)', async () => {
    const url = client.buildEndSessionUrl(configuration, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: afterSignOut,
      state: 'after',
    })
    const page = pageOf(await browser.open(url.href))
    const arrival = await browser.press(page, 'Sign out')
    expect('left' in arrival && arrival.left).toBe(`${afterSignOut}?state=after`)
    const next = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    })
    expect(pageOf(await browser.open(next.href)).heading).toMatch(/sign in/i)
  })

  it('revokes its refresh token, which then refreshes no more', async () => {
    await client.tokenRevocation(configuration, tokens.refresh_token ?? '')
    await expect(client.refreshTokenGrant(configuration, tokens.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })
})
