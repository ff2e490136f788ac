/**
 * Bearer token usage (RFC 6750) without any framework: an Authorization header in, an access token or a ready refusal out.
 * Only the Authorization header is read; tokens in a query, a form or a cookie do not exist here (MCP authorization, RFC 9700
 * §4.3.2).
 */
import { formatChallenge } from '../oauth/challenge.js'
import { OAuthError } from '../oauth/errors.js'
import { formatScope } from '../oauth/scope.js'
import type { AccessToken, TokenVerifier } from './access-token.js'

/** What to answer instead of serving the request. Adapters copy it to the response as it is. */
export interface Refusal {
  readonly status: number
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, string>>
  /** For the log; absent when the request merely carried no token. */
  readonly error?: OAuthError
}

export type Authentication = { readonly accessToken: AccessToken } | { readonly refusal: Refusal }

export interface BearerOptions {
  readonly verify: TokenVerifier
  /** URL of the RFC 9728 document, named in every challenge (RFC 9728 §5.1). */
  readonly resourceMetadataUrl: string
  /** Scopes a client without a token should ask for. */
  readonly challengeScopes: readonly string[]
}

const credentials = /^bearer(?:[ \t]+(.*))?$/i
/** `b64token` of RFC 6750 §2.1. */
const tokenSyntax = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * The refusal for an error: status and JSON body of the error, plus a challenge where RFC 6750 §3 wants one. `scope` is what the
 * client should ask for next.
 */
export function refuse(
  error: OAuthError,
  options: Pick<BearerOptions, 'resourceMetadataUrl'> & { readonly scopes?: readonly string[] },
): Refusal {
  const base = { status: error.status, body: error.toJSON(), error }
  if (error.status >= 500) return { ...base, headers: { 'cache-control': 'no-store', 'retry-after': '2' } }
  const challenge = formatChallenge({
    scheme: 'Bearer',
    parameters: {
      error: error.code,
      error_description: error.message,
      scope: options.scopes === undefined || options.scopes.length === 0 ? undefined : formatScope(options.scopes),
      resource_metadata: options.resourceMetadataUrl,
    },
  })
  return { ...base, headers: { 'cache-control': 'no-store', 'www-authenticate': challenge } }
}

/** RFC 6750 §3.1: a request without any token is told where to get one, and no error code. */
function askForToken({ resourceMetadataUrl, challengeScopes }: BearerOptions): Refusal {
  const scope = challengeScopes.length === 0 ? undefined : formatScope(challengeScopes)
  const challenge = formatChallenge({
    scheme: 'Bearer',
    parameters: { scope, resource_metadata: resourceMetadataUrl },
  })
  return {
    status: 401,
    headers: { 'cache-control': 'no-store', 'www-authenticate': challenge },
    body: { message: 'an access token is needed', resource_metadata: resourceMetadataUrl },
  }
}

/**
 * Authenticates one request by its Authorization header. The scheme's case does not matter; another scheme counts as no token;
 * a malformed Bearer header is `invalid_request` (400). Does not check scopes. Unexpected exceptions of the verifier pass
 * through: they are the caller's 500, never an accepted token.
 */
export async function authenticate(header: string | undefined, options: BearerOptions): Promise<Authentication> {
  const match = credentials.exec(header?.trim() ?? '')
  if (match === null) return { refusal: askForToken(options) }
  const token = match[1] ?? ''
  if (!tokenSyntax.test(token)) {
    return { refusal: refuse(new OAuthError('invalid_request', 'the Authorization header is malformed'), options) }
  }
  try {
    return { accessToken: await options.verify(token) }
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    const scopes = error.code === 'invalid_token' ? options.challengeScopes : []
    return { refusal: refuse(error, { ...options, scopes }) }
  }
}
