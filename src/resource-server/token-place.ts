/**
 * Where in a request its token is (RFC 6750 §2). The Authorization header counts always; a form body or the query only where a
 * setting with an ugly name says so, because tokens in them end up in logs, histories and caches (RFC 9700 §4.3.2; MCP forbids
 * the query). What a setting does not name does not exist here.
 */

/** Both are off unless they are set. Announce what is on: `bearerMethodsOf`. */
export interface TokenPlaces {
  /** Also take `access_token` of the query (RFC 6750 §2.3). Every log and proxy on the way sees it. */
  readonly dangerouslyAcceptTokenInQuery?: boolean
  /** Also take `access_token` of a form body (RFC 6750 §2.2). */
  readonly dangerouslyAcceptTokenInBody?: boolean
}

/** Names of RFC 9728 `bearer_methods_supported`. */
export type TokenPlace = 'header' | 'body' | 'query'

export type TokenScheme = 'Bearer' | 'DPoP'

/** What a request says about its caller. */
export interface PresentedCredentials {
  /** Value of the Authorization header. */
  readonly authorization: string | undefined
  /** Value of the DPoP header; several joined by commas, as Node does. */
  readonly dpop: string | undefined
  readonly method: string
  /** As the client knows it: public scheme, host and path. */
  readonly url: string
  /** The query as it was sent, without the question mark. Only read where tokens in it are taken. */
  readonly query?: string | undefined
  /**
   * The body as it was sent, when its media type is application/x-www-form-urlencoded; absent for any other (RFC 6750 §2.2). Only
   * read where tokens in it are taken.
   */
  readonly form?: string | undefined
}

/** A token with the way it came, or `undefined` where there is none. */
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

/** What `bearer_methods_supported` has to say. */
export function bearerMethodsOf(places: TokenPlaces = {}): readonly TokenPlace[] {
  return [
    'header',
    ...(places.dangerouslyAcceptTokenInBody === true ? (['body'] as const) : []),
    ...(places.dangerouslyAcceptTokenInQuery === true ? (['query'] as const) : []),
  ]
}

/**
 * Another scheme counts as no token, and so do DPoP where it is unknown and a scheme with nothing after it: a client that sends an
 * empty credential has none, and signs in when it is challenged.
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
      // Sent without a value, a parameter counts as left out (RFC 6749 §3.1).
      .filter((token) => token !== '')
      .map((token) => ({ token, scheme: 'Bearer' as const, place }))
  )
}

/** A body without defined meaning carries no token (RFC 6750 §2.2). */
function hasBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

/**
 * Finds the token of a request. One in more than one place, or twice in one, is malformed (RFC 6750 §2: one method per request), and
 * so is one that no token can look like. The scheme's case does not matter.
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

/** For logs: a URL, or path and query, without the token in it. Everything else stays as it is. */
export function withoutQueryToken(url: string): string {
  return url.replace(/(?<=[?&])([^=&#]*)=[^&#]*/g, (parameter, name: string) =>
    isTokenName(name) ? `${name}=hidden` : parameter,
  )
}

/** Also where the name is percent-encoded, which parsers see through. */
function isTokenName(name: string): boolean {
  return new URLSearchParams(`${name}=`).has('access_token')
}
