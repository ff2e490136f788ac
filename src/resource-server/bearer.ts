/**
 * How a token is presented, without any framework: headers in, an access token or a ready refusal out. Bearer (RFC 6750) and,
 * where it is set up, DPoP (RFC 9449 §7). Only the Authorization header is read for tokens; those in a query, a form or a
 * cookie do not exist here (MCP authorization, RFC 9700 §4.3.2).
 */
import { formatChallenge } from '../oauth/challenge.js'
import { dpopProofAlgorithms } from '../oauth/dpop.js'
import { OAuthError } from '../oauth/errors.js'
import { formatScope } from '../oauth/scope.js'
import { type AccessToken, invalidToken, type TokenVerifier } from './access-token.js'
import { checkDpopProof, type DpopOptions } from './dpop.js'

/** What to answer instead of serving the request. Adapters copy it to the response as it is. */
export interface Refusal {
  readonly status: number
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, unknown>>
  /** For the log; absent when the request merely carried no token. */
  readonly error?: OAuthError
}

export type Authentication = { readonly accessToken: AccessToken } | { readonly refusal: Refusal }

/** What a request says about its caller. */
export interface PresentedCredentials {
  /** Value of the Authorization header. */
  readonly authorization: string | undefined
  /** Value of the DPoP header; several joined by commas, as Node does. */
  readonly dpop: string | undefined
  readonly method: string
  /** As the client knows it: public scheme, host and path. */
  readonly url: string
}

export type TokenScheme = 'Bearer' | 'DPoP'

export interface BearerOptions {
  readonly verify: TokenVerifier
  /** URL of the RFC 9728 document, named in every challenge (RFC 9728 §5.1). */
  readonly resourceMetadataUrl: string
  /** Scopes a client without a token should ask for. */
  readonly challengeScopes: readonly string[]
  /** Given: key-bound tokens are taken too, with a proof. Absent: the DPoP scheme is unknown here. */
  readonly dpop?: DpopOptions | undefined
}

const credentials = /^(bearer|dpop)(?:[ \t]+(.*))?$/i
/** `b64token` of RFC 6750 §2.1, which RFC 9449 §7.1 shares. */
const tokenSyntax = /^[A-Za-z0-9\-._~+/]+=*$/

export interface ChallengeOptions {
  readonly resourceMetadataUrl: string
  /** What the client should ask for next. */
  readonly scopes?: readonly string[]
  /** Default Bearer. */
  readonly scheme?: TokenScheme
}

function challenge(
  { resourceMetadataUrl, scopes = [], scheme = 'Bearer' }: ChallengeOptions,
  error?: OAuthError,
): Record<string, string> {
  const written = formatChallenge({
    scheme,
    parameters: {
      error: error?.code,
      error_description: error?.message,
      scope: scopes.length === 0 ? undefined : formatScope(scopes),
      resource_metadata: resourceMetadataUrl,
      // RFC 9449 §7.1.
      algs: scheme === 'DPoP' ? dpopProofAlgorithms.join(' ') : undefined,
    },
  })
  return { 'cache-control': 'no-store', 'www-authenticate': written }
}

/** The refusal for an error: status and JSON body of the error, plus a challenge where RFC 6750 §3 wants one. */
export function refuse(error: OAuthError, options: ChallengeOptions): Refusal {
  const base = { status: error.status, body: error.toJSON(), error }
  if (error.status >= 500) return { ...base, headers: { 'cache-control': 'no-store', 'retry-after': '2' } }
  return { ...base, headers: challenge(options, error) }
}

/** RFC 6750 §3.1: a request without any token is told where to get one, and no error code. */
function askForToken({ resourceMetadataUrl, challengeScopes, dpop }: BearerOptions): Refusal {
  return {
    status: 401,
    headers: challenge({
      resourceMetadataUrl,
      scopes: challengeScopes,
      scheme: dpop?.required === true ? 'DPoP' : 'Bearer',
    }),
    body: { message: 'an access token is needed', resource_metadata: resourceMetadataUrl },
  }
}

/** Both ways of presenting a token as the other kind are downgrades (RFC 9449 §7.1, §7.2). */
function checkScheme(scheme: TokenScheme, { keyThumbprint }: AccessToken, required: boolean): void {
  if (scheme === 'Bearer' && keyThumbprint !== undefined) throw invalidToken('bound to a key but presented as Bearer')
  if (scheme === 'DPoP' && keyThumbprint === undefined) throw invalidToken('presented with DPoP but bound to no key')
  if (scheme === 'Bearer' && required) throw invalidToken('only key-bound tokens are taken here')
}

/**
 * Authenticates one request by its headers. The scheme's case does not matter; another scheme counts as no token; a malformed
 * header is `invalid_request` (400). Does not check scopes. Unexpected exceptions of the verifier pass through: they are the
 * caller's 500, never an accepted token.
 */
export async function authenticate(presented: PresentedCredentials, options: BearerOptions): Promise<Authentication> {
  const match = credentials.exec(presented.authorization?.trim() ?? '')
  const scheme: TokenScheme = match?.[1]?.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer'
  if (match === null || (scheme === 'DPoP' && options.dpop === undefined)) return { refusal: askForToken(options) }
  const token = match[2] ?? ''
  if (!tokenSyntax.test(token)) {
    const malformed = new OAuthError('invalid_request', 'the Authorization header is malformed')
    return { refusal: refuse(malformed, { resourceMetadataUrl: options.resourceMetadataUrl, scheme }) }
  }
  const required = options.dpop?.required ?? false
  let challenged: TokenScheme = required ? 'DPoP' : scheme
  try {
    // Possibly known from a cache; the proof of a bound one is checked anew each time.
    const accessToken = await options.verify(token)
    const { keyThumbprint } = accessToken
    if (options.dpop !== undefined && keyThumbprint !== undefined) challenged = 'DPoP'
    checkScheme(scheme, accessToken, required)
    if (options.dpop !== undefined && keyThumbprint !== undefined) {
      await checkDpopProof(presented.dpop ?? '', { ...presented, accessToken: token, keyThumbprint }, options.dpop)
    }
    return { accessToken }
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    const scopes = error.code === 'invalid_token' ? options.challengeScopes : []
    return { refusal: refuse(error, { resourceMetadataUrl: options.resourceMetadataUrl, scopes, scheme: challenged }) }
  }
}
