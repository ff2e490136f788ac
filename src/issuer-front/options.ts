/** Options of a front. */
import type { FetchFunction, VerifierClock } from '../resource-server/access-token.js'
import type { IssuerDiscovery } from '../resource-server/discovery.js'

/** Where the upstream server creates clients: an endpoint in the shape of RFC 7591 that only its operator may use. */
export interface UpstreamRegistration {
  /** For example Hydra's `/admin/clients`, or Keycloak's `/clients-registrations/openid-connect`. */
  readonly url: string
  /** The operator's credentials: `authorization`, for example. */
  readonly headers?: Readonly<Record<string, string>>
  /** Further members of each client, for servers that want more than clients say: `scope` or `audience` with Hydra. */
  readonly members?: Readonly<Record<string, unknown>>
}

export interface IssuerFrontOptions {
  /** The front's own issuer identifier: an origin, without a path. Clients find it in the protected resource metadata. */
  readonly issuer: string
  /** The foreign authorization server. */
  readonly upstream: Pick<IssuerDiscovery, 'document'>
  readonly registration: UpstreamRegistration
  /** Seals what the front hands out, at least 32 random bytes in base64url. The same for all replicas, and kept. */
  readonly secret: string
  /** Private-use redirect URIs that may be registered, exactly. */
  readonly allowedPrivateUseRedirects?: readonly string[]
  /**
   * URLs of the resources and of the upstream server: no client that registers itself may have a redirect URI on their hosts, nor on that of
   * `issuer`. Default: none.
   */
  readonly ownUrls?: readonly string[]
  /**
   * How `resource` (RFC 8707) is sent upstream: passed on, left out for servers that refuse it, or sent under another name, which
   * some servers have for it (`audience`). Default: passed on.
   */
  readonly resource?: 'pass' | 'drop' | { readonly as: string }
  /** Scopes for a request without `scope`. */
  readonly defaultScopes?: readonly string[]
  /**
   * Registrations an hour that one process accepts; default 600. When they are used up, each network still gets a twentieth of
   * `registrationsPerHourAndAddress`, if `handle` gets the client's address. What browsers send for pages elsewhere counts apart, and has half
   * as much, as has each of the two limits: a page cannot use up what is for programs.
   */
  readonly registrationsPerHour?: number
  /** The same from one address: an IPv4 address or an IPv6 /64; a /56 has 4 times as many, a /48 16 times. Default 60. */
  readonly registrationsPerHourAndAddress?: number
  /**
   * Token requests a minute that one process lets the upstream server refuse, and revocations; default 1200. They all come from the front, so
   * a server that limits its senders would turn everybody away. Counted like registrations; without an address, each client has as many as one.
   */
  readonly refusalsPerMinute?: number
  /** The same from one address. Default 300. */
  readonly refusalsPerMinuteAndAddress?: number
  readonly fetch: FetchFunction
  readonly clock: VerifierClock
  /** Told of what failed upstream, for the log. Never holds a code, token, secret or verifier. */
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
