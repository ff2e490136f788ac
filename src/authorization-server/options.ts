/** What an authorization server is made from. Filled by system.ts; every duration in seconds. */

import type { Logger } from '../base/log.js'
import type { HttpMiddleware } from '../http/context.js'
import type { Peers } from '../http/peers.js'
import type { Declarations, DeclarationsInForce } from '../oauth/declared-resource.js'
import type { HostRules } from '../oauth/host-pattern.js'
import type { RegistrationRules } from '../oauth/registration-rules.js'
import type { SignInLevel } from '../oauth/sign-in-levels.js'
import type { UsageLimits } from '../oauth/usage-limits.js'
import type { Brand } from '../pages/brand.js'
import type { AuditObserver } from '../storage/audit/audit.js'
import type { KeyRing } from '../storage/keys/key-ring.js'
import type { Storage } from '../storage/storage.js'
import type { RunningFetches } from './clients/fetch-queue.js'
import type { OperatorFetch } from './grants/issuer-keys.js'

/** Fetches a URL that a client named. Must refuse private addresses, redirects, large and slow answers. */
export type UntrustedFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/**
 * Dynamic client registration (RFC 7591): open to anyone; open but rate-limited per hour; only with an initial access token from
 * the operator; closed.
 */
export interface RegistrationOptions {
  readonly mode: 'open' | 'limited' | 'token' | 'closed'
  /**
   * Registrations and updates an hour from one address (IPv6: see client-network.ts). Not counted when open, nor when `undefined`: all requests
   * come from a proxy that nobody told us about, so that its address is everybody's.
   */
  readonly limitPerAddress: number | undefined
  /**
   * The same from everywhere together; once used up, one address has a twentieth of its limit. Not counted where every registration needs
   * an invitation.
   */
  readonly limitTotal: number
}

/** A client that may follow the revocation feed and introspect (RFC 7662), and nothing else. */
export interface ResourceServerClient {
  readonly clientId: string
  readonly clientSecret: string
  /** Canonical identifiers of its resource, by the declarations in force: it may move. Empty: the client may do nothing. */
  readonly introspects: (declarations: Declarations) => readonly string[]
}

/** A request for a resource that is not declared. */
export interface UnknownResource {
  readonly identifier: string
  readonly clientId: string
  /** Where the request comes from; `undefined` if addresses say nothing here. */
  readonly address: string | undefined
}

export interface AuthorizationServerOptions {
  /** Exact `issuer`. */
  readonly issuer: string
  /** The resources that tokens are issued for, and the identity providers whose assertions are exchanged for access tokens. */
  readonly declarations: DeclarationsInForce
  readonly storage: Storage
  /** Signing and cookie keys, over the same storage. The owner of the object also runs its rotation. */
  readonly keyRing: Pick<KeyRing, 'follow' | 'keys' | 'assertAllOpen'>
  readonly log: Logger
  /** The server sends mail. `wake`: something was written into the queue. */
  readonly mail?: { readonly wake: () => void } | undefined
  readonly untrustedFetch: UntrustedFetch
  /** For URLs that the operator configured: any address, but limited in time and size, and without redirects. */
  readonly operatorFetch: OperatorFetch
  /** Accept client assertions whose `aud` is the token endpoint's URL instead of the issuer. Default: false. */
  readonly acceptsTokenEndpointAudience?: boolean
  /** How long it takes to say that a client's document cannot be had, whatever the reason: longer than a fetch may take. */
  readonly clientFailureMs: number
  /** Fetches of clients' documents that run at once, in all and at one host; no more than `untrustedFetch` takes. */
  readonly clientFetches?: RunningFetches | undefined
  /** Hosts that clients may keep their metadata and keys on. */
  readonly clientHosts: HostRules
  readonly trustedProxies: readonly string[]
  /** See `HttpBaseOptions.observer`. */
  readonly observer?: HttpMiddleware | undefined
  readonly auditObserver?: AuditObserver | undefined
  /** Every request seems to come from a proxy that nobody told us about: two equal addresses say nothing about two people. */
  readonly hidesAddresses?: boolean
  /** The client that our own resource server authenticates as; in no table and in no list. */
  readonly resourceServerClient?: ResourceServerClient | undefined
  /** Aborted when the server is about to close: who waits for news is answered at once. */
  readonly stopping?: AbortSignal | undefined
  /** See `HttpBaseOptions.forwarderSecret`. */
  readonly forwarderSecret?: string | undefined
  /** See `HttpBaseOptions.operatorSecrets`. */
  readonly operatorSecrets?: (() => readonly string[]) | undefined
  /** Readiness of the other server if one shares this port. */
  readonly alsoReady?: (() => Promise<void>) | undefined
  /** Told of a resource that a client asks for and that is not declared. Returns at once and never throws. */
  readonly onUnknownResource?: ((asked: UnknownResource) => void) | undefined
  /** See `HttpBaseOptions.warnings`. */
  readonly warnings?: (() => readonly string[]) | undefined
  /** See `HttpBaseOptions.peers`. */
  readonly peers?: Peers | undefined
  /** Host values besides the issuer's that are answered: the service name inside a container network. */
  readonly internalHosts: readonly string[]
  readonly registration: RegistrationOptions
  /** How much of the endpoints one address, person or client may use. By address nothing is counted with `hidesAddresses`. */
  readonly usageLimits: UsageLimits
  readonly registrationRules: RegistrationRules
  /** RFC 8628. */
  readonly offersDeviceFlow: boolean
  /** Show the answer for a program on another machine, whose loopback redirect this browser cannot reach. */
  readonly offersHandOff: boolean
  readonly acceptsMetadataDocuments: boolean
  /** Of access tokens for userinfo alone; the others follow their resource's declaration. */
  readonly accessTokenTtlSeconds: number
  readonly refreshTokenTtlSeconds: number
  readonly sessionTtlSeconds: number
  /** How strongly every person has to be proven. Default: any way to sign in will do. */
  readonly requiredLevel?: SignInLevel | undefined
  readonly productName: string
  /** See `PagesOptions.textFolders`. */
  readonly textFolders?: readonly string[] | undefined
  readonly accentColor: string
  readonly brand?: Brand | undefined
}
