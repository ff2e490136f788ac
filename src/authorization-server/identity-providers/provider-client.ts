/**
 * This server as the client of other providers, by openid-client: authorization code with PKCE, `state`, `nonce` and, where the provider
 * has it, `iss` (RFC 9207). Owns what is checked of an answer. Does not decide what the person may do here.
 */
import type * as openid from 'openid-client'
import { type IdentityProvider, saysWhenSignedIn } from '../../oauth/identity-provider.js'
import { gitHubMetadata, readGitHubPerson } from './github.js'
import { identityOf, type ProviderIdentity } from './provider-identity.js'

export type ProviderFetch = (url: string, init?: RequestInit) => Promise<Response>

/** What begins a sign-in at the provider, and what its answer is held against. */
export interface ProviderChecks {
  /** Where the provider sends the browser. */
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  /** The person must prove themselves there, not longer ago than so many seconds. */
  readonly maxAgeSeconds?: number | undefined
}

export interface ProviderWishes {
  /** Asks for the proof even if the person is signed in there. */
  readonly isFresh: boolean
  readonly loginHint?: string | undefined
  readonly uiLocales?: string | undefined
}

/** The provider could not be asked, or its metadata cannot be used. */
export class ProviderUnavailable extends Error {
  constructor(cause: unknown) {
    super(`the identity provider cannot be asked: ${detailOf(cause)}`, { cause })
    this.name = 'ProviderUnavailable'
  }
}

/** The person, or the provider, said no. */
export class ProviderDeclined extends Error {
  constructor(error: string) {
    super(`the identity provider declined: ${error.replace(/[^\x20-\x7e]/g, '?').slice(0, 60)}`)
    this.name = 'ProviderDeclined'
  }
}

/** The answer does not hold: another issuer, state, nonce, subject or signature, or too old a sign-in. */
export class ProviderAnswerRefused extends Error {
  constructor(cause: unknown) {
    super(`the answer of the identity provider was refused: ${detailOf(cause)}`, { cause })
    this.name = 'ProviderAnswerRefused'
  }
}

/** Of what a library threw, its words: never what a provider or a browser sent. */
function detailOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.slice(0, 200) : 'unknown'
}

export interface ProviderClients {
  /** Where to send the browser. Rejects with ProviderUnavailable. */
  authorizationUrl(provider: IdentityProvider, checks: ProviderChecks, wishes: ProviderWishes): Promise<URL>
  /** Redeems the code of the address that the browser came back to. Rejects with one of the errors above. */
  identify(provider: IdentityProvider, checks: ProviderChecks, returned: URL): Promise<ProviderIdentity>
}

export interface ProviderClientOptions {
  /** For what the operator wrote, and what that names. */
  readonly send: ProviderFetch
  readonly secretOf: (provider: IdentityProvider) => string | undefined
  readonly nowMs: () => number
}

/** How long metadata are used before they are read again. */
const metadataMs = 3_600_000

const clockToleranceSeconds = 60

function customFetch(send: ProviderFetch): openid.CustomFetch {
  return (url, { method, headers, body, signal }) =>
    send(url, {
      method,
      headers,
      ...(body == null ? {} : { body: String(body) }),
      ...(signal === undefined ? {} : { signal }),
    })
}

/** By the way that the provider names; OpenID Connect Discovery §3 says which one it means if it names none. */
function authenticationBy(client: typeof openid, secret: string | undefined): openid.ClientAuth {
  if (secret === undefined) return client.None()
  const [post, basic] = [client.ClientSecretPost(secret), client.ClientSecretBasic(secret)]
  return (server, ...request) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    return (methods.includes('client_secret_basic') ? basic : post)(server, ...request)
  }
}

async function discover(
  provider: IdentityProvider,
  secret: string | undefined,
  { send }: ProviderClientOptions,
): Promise<openid.Configuration> {
  const client = await import('openid-client')
  const { issuer, clientId } = provider
  const metadata = { [client.clockTolerance]: clockToleranceSeconds }
  const authentication = authenticationBy(client, secret)
  const isLoopback = issuer.startsWith('http:')
  if (provider.preset !== 'github')
    return client.discovery(new URL(issuer), clientId, metadata, authentication, {
      [client.customFetch]: customFetch(send),
      ...(isLoopback ? { execute: [client.allowInsecureRequests] } : {}),
    })
  const configuration = new client.Configuration(gitHubMetadata(issuer), clientId, metadata, authentication)
  if (isLoopback) client.allowInsecureRequests(configuration)
  configuration[client.customFetch] = customFetch(send)
  return configuration
}

const scopesOf = ({ preset }: IdentityProvider): string =>
  preset === 'github' ? 'read:user user:email' : 'openid email profile'

/** What the ID token left out is asked for; `sub` must be the same there (OpenID Connect Core §5.3.4). */
async function claimsOf(
  client: typeof openid,
  provider: IdentityProvider,
  configuration: openid.Configuration,
  claims: openid.IDToken,
  accessToken: string,
): Promise<Readonly<Record<string, unknown>>> {
  const endpoint = configuration.serverMetadata().userinfo_endpoint
  const needed = ['email', ...(provider.groups === undefined ? [] : [provider.groups.claim])]
  if (endpoint === undefined || needed.every((name) => claims[name] !== undefined)) return claims
  const more = await client.fetchUserInfo(configuration, accessToken, claims.sub)
  return { ...more, ...claims }
}

/** Errors of the library, told apart: what the provider declined, what does not hold, and what could not be asked. */
function failureOf(client: typeof openid, error: unknown): Error {
  if (error instanceof client.AuthorizationResponseError) return new ProviderDeclined(error.error)
  if (error instanceof client.ResponseBodyError) return new ProviderAnswerRefused(error)
  const isOfLibrary = error instanceof client.ClientError
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  // Time-outs, refused connections, and statuses that are no answer to the request.
  if (!isOfLibrary || code === 'OAUTH_TIMEOUT' || code === 'OAUTH_RESPONSE_IS_NOT_CONFORM')
    return new ProviderUnavailable(error)
  return new ProviderAnswerRefused(error)
}

export function createProviderClients(options: ProviderClientOptions): ProviderClients {
  const known = new Map<
    string,
    { readonly from: IdentityProvider; readonly until: number; readonly found: Promise<openid.Configuration> }
  >()

  const configurationOf = async (provider: IdentityProvider): Promise<openid.Configuration> => {
    const kept = known.get(provider.id)
    if (kept !== undefined && kept.from === provider && kept.until > options.nowMs()) return kept.found
    const found = discover(provider, options.secretOf(provider), options)
    known.set(provider.id, { from: provider, until: options.nowMs() + metadataMs, found })
    return found.catch((error: unknown) => {
      // The next person asks again.
      if (known.get(provider.id)?.found === found) known.delete(provider.id)
      throw new ProviderUnavailable(error)
    })
  }

  return {
    authorizationUrl: async (provider, checks, { isFresh, loginHint, uiLocales }) => {
      const client = await import('openid-client')
      const configuration = await configurationOf(provider)
      const { redirectUri, state, nonce, codeVerifier, maxAgeSeconds } = checks
      const isOpenid = saysWhenSignedIn(provider)
      return client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: scopesOf(provider),
        state,
        code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...(isOpenid ? { nonce } : {}),
        ...(isOpenid && isFresh ? { prompt: 'login' } : {}),
        ...(isOpenid && maxAgeSeconds !== undefined ? { max_age: String(maxAgeSeconds) } : {}),
        ...(isOpenid && loginHint !== undefined ? { login_hint: loginHint } : {}),
        ...(isOpenid && uiLocales !== undefined ? { ui_locales: uiLocales } : {}),
      })
    },
    identify: async (provider, { state, nonce, codeVerifier, maxAgeSeconds }, returned) => {
      const client = await import('openid-client')
      const configuration = await configurationOf(provider)
      const isOpenid = saysWhenSignedIn(provider)
      try {
        const tokens = await client.authorizationCodeGrant(configuration, returned, {
          pkceCodeVerifier: codeVerifier,
          expectedState: state,
          ...(isOpenid ? { expectedNonce: nonce, idTokenExpected: true } : {}),
          ...(isOpenid && maxAgeSeconds !== undefined ? { maxAge: maxAgeSeconds } : {}),
        })
        const idToken = tokens.claims()
        if (provider.preset === 'github')
          return await readGitHubPerson(client, configuration, provider, tokens.access_token)
        if (idToken === undefined) throw new ProviderAnswerRefused(new Error('there is no ID token'))
        const claims = await claimsOf(client, provider, configuration, idToken, tokens.access_token)
        // The library has compared `iss` with the metadata; of Entra, with its template.
        return identityOf(provider, { issuer: idToken.iss, subject: idToken.sub }, claims)
      } catch (error) {
        throw error instanceof ProviderAnswerRefused || error instanceof ProviderUnavailable
          ? error
          : failureOf(client, error)
      }
    },
  }
}
