/**
 * Authenticates a request without any framework: takes headers, returns an access token or a complete refusal. Supports Bearer (RFC 6750)
 * and, if configured, DPoP (RFC 9449 §7). Only the Authorization header is read for tokens unless `TokenPlaces` says otherwise.
 */
import { formatChallenge } from '../oauth/challenge.js'
import { dpopProofAlgorithms } from '../oauth/dpop.js'
import { OAuthError } from '../oauth/errors.js'
import { formatScope, isScopeToken } from '../oauth/scope.js'
import { type AccessToken, invalidToken, type TokenVerifier } from './access-token.js'
import { checkDpopProof, type DpopOptions } from './dpop.js'
import {
  findToken,
  type PresentedCredentials,
  type TokenPlace,
  type TokenPlaces,
  type TokenScheme,
} from './token-place.js'

export type { PresentedCredentials, TokenScheme } from './token-place.js'

/** The response instead of serving the request. Adapters copy it unchanged. */
export interface Refusal {
  readonly status: number
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
  /** For the log; absent if the request only lacked a token. */
  readonly error?: OAuthError
}

/** A request with a valid token. */
export interface Authenticated {
  readonly accessToken: AccessToken
  /** The token as sent, for an SDK; never log it. */
  readonly token: string
  readonly place: TokenPlace
  /** Headers to set on the response, names in lower case: the response to a URL with a token must not be cached (RFC 6750 §2.3). */
  readonly headers: Readonly<Record<string, string>>
}

export type Authentication = Authenticated | { readonly refusal: Refusal }

export interface BearerOptions extends TokenPlaces {
  readonly verify: TokenVerifier
  /** URL of the RFC 9728 document, named in every challenge (RFC 9728 §5.1). */
  readonly resourceMetadataUrl: string
  /** Scopes that a client without a token should request. */
  readonly challengeScopes: readonly string[]
  /** If set, key-bound tokens are accepted too, with a proof. If absent, the DPoP scheme is not supported. */
  readonly dpop?: DpopOptions | undefined
  /** The realm, for people and old clients (RFC 9110 §11.5). Default: none; MCP clients do not need it. */
  readonly realm?: string | undefined
  /** Name the metadata in 401 responses; default true. MCP clients use it for discovery; without it they try the well-known URLs. */
  readonly requireMetadataOn401?: boolean | undefined
}

export interface ChallengeOptions {
  /** Absent: not named. */
  readonly resourceMetadataUrl?: string | undefined
  /** Scopes that the client should request next. */
  readonly scopes?: readonly string[]
  /** Default Bearer. */
  readonly scheme?: TokenScheme
  readonly realm?: string | undefined
}

function challenge(
  { resourceMetadataUrl, scopes = [], scheme = 'Bearer', realm }: ChallengeOptions,
  error?: OAuthError,
): Record<string, string> {
  // A scope in a token may be malformed, and no client could request it.
  const scope = formatScope(scopes.filter(isScopeToken))
  const written = formatChallenge({
    scheme,
    parameters: {
      realm,
      error: error?.code,
      error_description: error?.message,
      scope: scope === '' ? undefined : scope,
      resource_metadata: resourceMetadataUrl,
      // RFC 9449 §7.1.
      algs: scheme === 'DPoP' ? dpopProofAlgorithms.join(' ') : undefined,
    },
  })
  return { 'cache-control': 'no-store', 'www-authenticate': written }
}

/** The refusal for an error: status and JSON body of the error, plus a challenge if RFC 6750 §3 requires one. */
export function refuse(error: OAuthError, options: ChallengeOptions): Refusal {
  const base = { status: error.status, body: error.toJSON(), error }
  if (error.status >= 500) return { ...base, headers: { 'cache-control': 'no-store', 'retry-after': '2' } }
  return { ...base, headers: challenge(options, error) }
}

/** The common parts of all challenges of a resource. */
function challengeOptions(options: BearerOptions, status: number): ChallengeOptions {
  const { resourceMetadataUrl, realm, requireMetadataOn401 = true } = options
  const named = status !== 401 || requireMetadataOn401
  return { realm, ...(named && { resourceMetadataUrl }) }
}

/** RFC 6750 §3.1: a request without any token gets a challenge without an error code. */
function askForToken(options: BearerOptions): Refusal {
  const shared = challengeOptions(options, 401)
  const { resourceMetadataUrl } = shared
  return {
    status: 401,
    headers: challenge({
      ...shared,
      scopes: options.challengeScopes,
      scheme: options.dpop?.required === true ? 'DPoP' : 'Bearer',
    }),
    body: {
      message: 'an access token is needed',
      ...(resourceMetadataUrl !== undefined && { resource_metadata: resourceMetadataUrl }),
    },
  }
}

/** Presenting a bound token as Bearer, or an unbound one as DPoP, is a downgrade (RFC 9449 §7.1, §7.2). */
function checkScheme(scheme: TokenScheme, { keyThumbprint }: AccessToken, required: boolean): void {
  if (scheme === 'Bearer' && keyThumbprint !== undefined) throw invalidToken('bound to a key but presented as Bearer')
  if (scheme === 'DPoP' && keyThumbprint === undefined) throw invalidToken('presented with DPoP but bound to no key')
  if (scheme === 'Bearer' && required) throw invalidToken('only key-bound tokens are taken here')
}

/**
 * Authenticates one request by its headers, and by its form or query if `TokenPlaces` enables them. The scheme's case does not matter;
 * another scheme counts as no token; a malformed token, or one in two places, is `invalid_request` (400). Does not check scopes. Unexpected
 * exceptions of the verifier pass through: they are the caller's 500, never an accepted token.
 */
export async function authenticate(presented: PresentedCredentials, options: BearerOptions): Promise<Authentication> {
  const found = findToken(presented, options, options.dpop !== undefined)
  if (found === undefined) return { refusal: askForToken(options) }
  const { scheme } = found
  if ('malformed' in found) {
    const malformed = new OAuthError('invalid_request', found.malformed)
    return { refusal: refuse(malformed, { ...challengeOptions(options, malformed.status), scheme }) }
  }
  const { token, place } = found
  const required = options.dpop?.required ?? false
  let challenged: TokenScheme = required ? 'DPoP' : scheme
  try {
    // May come from the cache, but the proof of a key-bound token is checked at each request.
    const accessToken = await options.verify(token)
    const { keyThumbprint } = accessToken
    if (options.dpop !== undefined && keyThumbprint !== undefined) challenged = 'DPoP'
    checkScheme(scheme, accessToken, required)
    if (options.dpop !== undefined && keyThumbprint !== undefined) {
      await checkDpopProof(presented.dpop ?? '', { ...presented, accessToken: token, keyThumbprint }, options.dpop)
    }
    return { accessToken, token, place, headers: place === 'query' ? { 'cache-control': 'private' } : {} }
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    const scopes = error.code === 'invalid_token' ? options.challengeScopes : []
    const shared = challengeOptions(options, error.status)
    return { refusal: refuse(error, { ...shared, scopes, scheme: challenged }) }
  }
}
