/**
 * A relying party as the OpenID Foundation's suite plays one: openid-client speaks the protocol, a browser walks through the pages.
 * Does not judge: assertions are the test's.
 */
import * as client from 'openid-client'
import type { TestServer } from '../../authorization-server/server.js'
import { completeAuthorization } from '../../support/authorization.js'
import type { Browser } from '../../support/browser.js'

export const redirectUri = 'https://rp.example/callback'

export interface RelyingParty {
  readonly server: TestServer
  readonly configuration: client.Configuration
}

/** Registers by itself (OpenID Connect Dynamic Client Registration §3). */
export async function registerRelyingParty(
  server: TestServer,
  metadata: Readonly<Partial<client.ClientMetadata>> = {},
): Promise<RelyingParty> {
  const configuration = await client.dynamicClientRegistration(
    new URL(server.issuer),
    { client_name: 'Relying party', redirect_uris: [redirectUri], ...metadata },
    undefined,
    { execute: [client.allowInsecureRequests] },
  )
  return { server, configuration }
}

/** A client that the operator made, with what it authenticates with; `metadata` names its `id_token_signed_response_alg`, if any. */
export async function operatorsRelyingParty(
  server: TestServer,
  clientId: string,
  clientSecret: string | undefined,
  metadata: Readonly<Partial<client.ClientMetadata>> = {},
  authentication?: client.ClientAuth,
): Promise<RelyingParty> {
  const configuration = await client.discovery(
    new URL(server.issuer),
    clientId,
    { ...(clientSecret === undefined ? {} : { client_secret: clientSecret }), ...metadata },
    authentication,
    { execute: [client.allowInsecureRequests] },
  )
  return { server, configuration }
}

export interface Flow {
  readonly url: URL
  readonly checks: client.AuthorizationCodeGrantChecks
}

/** An authorization request with state, nonce and PKCE; `undefined` takes a parameter out. */
export async function startFlow(
  { configuration }: RelyingParty,
  parameters: Readonly<Record<string, string | undefined>> = {},
): Promise<Flow> {
  const codeVerifier = client.randomPKCECodeVerifier()
  const all: Record<string, string | undefined> = {
    redirect_uri: redirectUri,
    scope: 'openid',
    state: client.randomState(),
    nonce: client.randomNonce(),
    code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    ...parameters,
  }
  const given = Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
  const checks: client.AuthorizationCodeGrantChecks = {
    idTokenExpected: given['scope']?.split(' ').includes('openid') ?? false,
    ...(given['state'] === undefined ? {} : { expectedState: given['state'] }),
    ...(given['nonce'] === undefined ? {} : { expectedNonce: given['nonce'] }),
    ...(given['code_challenge'] === undefined ? {} : { pkceCodeVerifier: codeVerifier }),
  }
  return { url: client.buildAuthorizationUrl(configuration, given), checks }
}

export type RelyingPartyTokens = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers

/** From the request to verified tokens, through the pages. */
export async function signInAt(
  party: RelyingParty,
  browser: Browser,
  parameters: Readonly<Record<string, string | undefined>> = {},
): Promise<RelyingPartyTokens> {
  const { url, checks } = await startFlow(party, parameters)
  const callback = await completeAuthorization(browser, url.href, { account: party.server.account })
  return client.authorizationCodeGrant(party.configuration, new URL(callback), checks)
}
