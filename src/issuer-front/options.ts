/** Options of a front. */
import type { FetchFunction, VerifierClock } from '../resource-server/access-token.js'
import type { IssuerDiscovery } from '../resource-server/discovery.js'

/** Where the upstream server creates clients: an endpoint in the format of RFC 7591 that only its operator may use. */
export interface UpstreamRegistration {
  /** For example Hydra's `/admin/clients`, or Keycloak's `/clients-registrations/openid-connect`. */
  readonly url: string
  /** The operator's credentials, for example `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Further members of each client, for servers that require more than clients send: `scope` or `audience` with Hydra. */
  readonly members?: Readonly<Record<string, unknown>>
}

export interface IssuerFrontOptions {
  /** The front's own issuer identifier: an origin, without a path. Clients find it in the protected resource metadata. */
  readonly issuer: string
  /** The upstream authorization server. */
  readonly upstream: Pick<IssuerDiscovery, 'document'>
  readonly registration: UpstreamRegistration
  /**
   * Signs and encrypts what the front issues: at least 32 random bytes in base64url. It must be permanent and the same for all replicas.
   */
  readonly secret: string
  /** Exact private-use redirect URIs that may be registered. */
  readonly allowedPrivateUseRedirects?: readonly string[]
  /**
   * URLs of the resources and of the upstream server: no client that registers itself may have a redirect URI on their hosts, nor on that of
   * `issuer`. Default: none.
   */
  readonly ownUrls?: readonly string[]
  /**
   * How `resource` (RFC 8707) is sent upstream: passed on, dropped for servers that refuse it, or renamed for servers with another name for
   * it (`audience`). Default: passed on.
   */
  readonly resource?: 'pass' | 'drop' | { readonly as: string }
  /** Scopes for a request without `scope`. */
  readonly defaultScopes?: readonly string[]
  /**
   * Maximum registrations per hour and process; default 600. Beyond it, each network still gets a twentieth of
   * `registrationsPerHourAndAddress`, if `handle` gets the client's address. Cross-site browser requests are counted separately, with half
   * of each of the two limits, so that a page cannot use up the limit of programs.
   */
  readonly registrationsPerHour?: number
  /** Maximum from one address: an IPv4 address or an IPv6 /64; a /56 has 4 times as many, a /48 16 times. Default 60. */
  readonly registrationsPerHourAndAddress?: number
  /**
   * Maximum refused token requests and revocations per minute and process; default 1200. They all come from the front's address, so an
   * upstream rate limit would lock everyone out. Counted like registrations; without an address, each client has the limit of one address.
   */
  readonly refusalsPerMinute?: number
  /** Maximum from one address. Default 300. */
  readonly refusalsPerMinuteAndAddress?: number
  readonly fetch: FetchFunction
  readonly clock: VerifierClock
  /** Called with upstream failures, for the log. The text never contains a code, token, secret or verifier. */
  readonly report?: (problem: string) => void
}

export const paths = {
  authorization: '/authorize',
  callback: '/authorize/callback',
  confirmation: '/authorize/confirm',
  token: '/token',
  registration: '/register',
  revocation: '/revoke',
} as const
