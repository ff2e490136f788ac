/**
 * Finds the token in a request (RFC 6750 §2). The Authorization header is always read; a form body or the query only if a `dangerously…`
 * setting enables it, because such tokens end up in logs, histories and caches (RFC 9700 §4.3.2; MCP forbids the query).
 */

/** Both are off by default. Publish the enabled ones: `bearerMethodsOf`. */
export interface TokenPlaces {
  /** Also accept `access_token` in the query (RFC 6750 §2.3). Every log and proxy on the way sees it. */
  readonly dangerouslyAcceptTokenInQuery?: boolean
  /** Also accept `access_token` in a form body (RFC 6750 §2.2). */
  readonly dangerouslyAcceptTokenInBody?: boolean
}

/** Names of RFC 9728 `bearer_methods_supported`. */
export type TokenPlace = 'header' | 'body' | 'query'

export type TokenScheme = 'Bearer' | 'DPoP'

/** The credentials in a request. */
export interface PresentedCredentials {
  /** Value of the Authorization header. */
  readonly authorization: string | undefined
  /** Value of the DPoP header; several joined by commas, as Node does. */
  readonly dpop: string | undefined
  readonly method: string
  /** As the client knows it: public scheme, host and path. */
  readonly url: string
  /** The query as sent, without the question mark. Used only if tokens in it are accepted. */
  readonly query?: string | undefined
  /**
   * The body as sent, if its media type is application/x-www-form-urlencoded; absent for any other (RFC 6750 §2.2). Used only if tokens in
   * it are accepted.
   */
  readonly form?: string | undefined
}

/** A token with its scheme and place, or `undefined`. */
export type FoundToken =
  | { readonly token: string; readonly scheme: TokenScheme; readonly place: TokenPlace }
  | { readonly malformed: string; readonly scheme: TokenScheme }
  | undefined

const credentials = /^(bearer|dpop)(?:[ \t]+(.*))?$/i
/** `b64token` of RFC 6750 §2.1, which RFC 9449 §7.1 shares. */
const tokenSyntax = /^[A-Za-z0-9\-._~+/]+=*$/

interface Candidate {
  readonly token: string
  readonly scheme: TokenScheme
  readonly place: TokenPlace
}

/** The value of `bearer_methods_supported`. */
export function bearerMethodsOf(places: TokenPlaces = {}): readonly TokenPlace[] {
  return [
    'header',
    ...(places.dangerouslyAcceptTokenInBody === true ? (['body'] as const) : []),
    ...(places.dangerouslyAcceptTokenInQuery === true ? (['query'] as const) : []),
  ]
}

/**
 * Any other scheme counts as no token, and so do DPoP if it is not supported and a scheme without a value: a client with an empty
 * credential has none, and signs in when it is challenged.
 */
function inHeader(authorization: string | undefined, knowsDpop: boolean): Candidate[] {
  const match = credentials.exec(authorization?.trim() ?? '')
  const scheme: TokenScheme = match?.[1]?.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer'
  const token = match?.[2]?.trim() ?? ''
  if (token === '' || (scheme === 'DPoP' && !knowsDpop)) return []
  return [{ token, scheme, place: 'header' }]
}

function inParameters(encoded: string | undefined, place: 'body' | 'query'): Candidate[] {
  return (
    new URLSearchParams(encoded ?? '')
      .getAll('access_token')
      // A parameter without a value counts as omitted (RFC 6749 §3.1).
      .filter((token) => token !== '')
      .map((token) => ({ token, scheme: 'Bearer' as const, place }))
  )
}

/** A body without defined meaning carries no token (RFC 6750 §2.2). */
function hasBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

/**
 * Finds the token of a request. One in more than one place, or twice in one, is malformed (RFC 6750 §2: one method per request), and so is
 * text that cannot be a token. The scheme is case-insensitive.
 */
export function findToken(presented: PresentedCredentials, places: TokenPlaces, knowsDpop: boolean): FoundToken {
  const found = inHeader(presented.authorization, knowsDpop)
  if (places.dangerouslyAcceptTokenInBody === true && hasBody(presented.method))
    found.push(...inParameters(presented.form, 'body'))
  if (places.dangerouslyAcceptTokenInQuery === true) found.push(...inParameters(presented.query, 'query'))
  const [first, ...others] = found
  if (first === undefined) return undefined
  const { scheme, place } = first
  if (others.length > 0) return { malformed: 'the access token was sent in more than one way', scheme }
  if (tokenSyntax.test(first.token)) return first
  return {
    malformed: place === 'header' ? 'the Authorization header is malformed' : 'access_token is malformed',
    scheme,
  }
}

/** For logs: removes the token from a URL, or path and query. Everything else is unchanged. */
export function withoutQueryToken(url: string): string {
  return url.replace(/(?<=[?&])([^=&#]*)=[^&#]*/g, (parameter, name: string) =>
    isTokenName(name) ? `${name}=hidden` : parameter,
  )
}

/** Also if the name is percent-encoded, which parsers decode. */
function isTokenName(name: string): boolean {
  return new URLSearchParams(`${name}=`).has('access_token')
}
