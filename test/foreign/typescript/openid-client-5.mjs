// openid-client 5, which NextAuth 4 is built on: a confidential client that registers itself and signs people in.
import { generators, Issuer } from 'openid-client-5'
import { listen, openBrowser } from './callback.mjs'
import { serve } from './steps.mjs'

let client
let callback
let redirectUri
let tokens

await serve({
  async setUp({ issuer, redirect_uri }) {
    redirectUri = redirect_uri
    callback = await listen(redirectUri)
    const discovered = await Issuer.discover(issuer)
    client = await discovered.Client.register({
      client_name: 'openid-client 5',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
    })
    return {}
  },
  async signIn({ scope }) {
    const code_verifier = generators.codeVerifier()
    const state = generators.state()
    const nonce = generators.nonce()
    openBrowser(
      client.authorizationUrl({
        scope,
        state,
        nonce,
        code_challenge: generators.codeChallenge(code_verifier),
        code_challenge_method: 'S256',
      }),
    )
    const answer = client.callbackParams((await callback.wait()).href)
    tokens = await client.callback(redirectUri, answer, { code_verifier, state, nonce })
    return { claims: tokens.claims(), scope: tokens.scope, accessToken: tokens.access_token }
  },
  async userinfo() {
    return { claims: await client.userinfo(tokens) }
  },
  async refresh({ scope }) {
    tokens = await client.refresh(tokens, { exchangeBody: { scope } })
    return { scope: tokens.scope, accessToken: tokens.access_token }
  },
  async revoke() {
    await client.revoke(tokens.refresh_token)
    return {}
  },
})
