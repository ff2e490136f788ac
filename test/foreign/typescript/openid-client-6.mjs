// openid-client 6: a confidential client that registers itself and signs people in.
import * as client from 'openid-client'
import { listen, openBrowser } from './callback.mjs'
import { serve } from './steps.mjs'

let configuration
let callback
let redirectUri
let tokens

await serve({
  async setUp({ issuer, redirect_uri }) {
    redirectUri = redirect_uri
    callback = await listen(redirectUri)
    configuration = await client.dynamicClientRegistration(
      new URL(issuer),
      {
        client_name: 'openid-client 6',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
      },
      undefined,
      { execute: [client.allowInsecureRequests] },
    )
    return {}
  },
  async signIn({ scope }) {
    const codeVerifier = client.randomPKCECodeVerifier()
    const state = client.randomState()
    const nonce = client.randomNonce()
    openBrowser(
      client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope,
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      }),
    )
    tokens = await client.authorizationCodeGrant(configuration, await callback.wait(), {
      pkceCodeVerifier: codeVerifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    })
    return { claims: tokens.claims(), scope: tokens.scope, accessToken: tokens.access_token }
  },
  async userinfo() {
    const subject = tokens.claims()?.sub ?? client.skipSubjectCheck
    return { claims: await client.fetchUserInfo(configuration, tokens.access_token, subject) }
  },
  async refresh({ scope }) {
    const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token, { scope })
    tokens = refreshed
    return { scope: tokens.scope, accessToken: tokens.access_token }
  },
  async revoke() {
    await client.tokenRevocation(configuration, tokens.refresh_token)
    return {}
  },
})
