/**
 * The entry point of the library: every decision between a request and its handler, on plain values. Owns the choice of the resource, the
 * metadata documents, preflights and the guard. Does not own the handler and reads no body; adapters for frameworks copy its decisions.
 */
import { OAuthError } from '../oauth/errors.js'
import { hostsOf } from '../oauth/public-url.js'
import type { FetchFunction, VerifierClock } from './access-token.js'
import { type Address, type Addresses, createAddresses } from './addresses.js'
import { type Answer, documentAnswer, errorRefusal, preflightAnswer, readableByPages } from './answer.js'
import { type AuditHook, auditRefusal } from './audit.js'
import { boundedFetch, systemClock } from './defaults.js'
import {
  type AuthorizedRequest,
  finishedAnswer,
  type Ground,
  type GuardedResource,
  guardedResource,
  headerChecks,
  judge,
} from './guarded-resource.js'
import { describeResource } from './metadata.js'
import type { RateLimiter } from './rate-limit.js'
import { headerOf, type RequestValues, targetOf } from './request.js'
import type { RequestChecks } from './request-checks.js'
import type { ServerMetadataFindings } from './server-metadata.js'
import { descriptionOf, type ProtectedResourceSettings, settingsMistakes } from './settings.js'

export interface ResourceServerOptions {
  readonly clock?: VerifierClock
  /** For URLs of the authorization servers. Default: five seconds, 1 MiB, no redirects. */
  readonly fetch?: FetchFunction
  /** Let pages of any origin read responses, and answer preflights; default true. `false`: the program does that itself. */
  readonly cors?: boolean
  /**
   * Checks of headers before the token. Default: the origin of a calling page must be one of the resources' own or loopback (MCP Streamable
   * HTTP, "security"). If set: also these `origins`, and Host and protocol revision. `false`: no checks.
   */
  readonly checks?: false | RequestChecks
  /** Rate limits of callers. Default: none. */
  readonly rateLimiter?: RateLimiter
  /** Receives every decision, once. */
  readonly audit?: AuditHook
}

export type Decision = { readonly answer: Answer } | { readonly serve: AuthorizedRequest }

export interface ResourceServer {
  /** All URLs, for routers that need them. */
  readonly addresses: Addresses
  /** The requested metadata document, or the response to its preflight; `undefined` for every other request. Needs no token. */
  publish(request: RequestValues): Answer | undefined
  /**
   * The guard: admits a request with a valid token, and returns a response to any other. With a single resource, every request is for it,
   * whatever its path; with several, the path must be one of theirs. Rejects only for failures of the program itself.
   */
  admit(request: RequestValues): Promise<Decision>
  /** The result of `publish`, otherwise that of `admit`. */
  decide(request: RequestValues): Promise<Decision>
  /**
   * Contacts every authorization server now, and returns the findings about its metadata by issuer, for programs that want to know at
   * start-up. Rejects if one cannot be found; it is tried again when one of its tokens arrives.
   */
  ready(): Promise<ReadonlyMap<string, ServerMetadataFindings>>
  /** The same for one of several resources, which is then the resource of every request. Throws for one that is not in the settings. */
  only(resource: string): ResourceServer
}

function addressesOf(resources: readonly [GuardedResource, ...GuardedResource[]]): Addresses {
  const addressed = (guarded: GuardedResource) => ({
    resource: guarded.resource,
    aliases: (guarded.settings.aliases ?? []).map((alias) => alias.replace(/\/$/, '')),
    metadataFor: (url: string) => describeResource(descriptionOf(guarded.settings, url)),
  })
  const [first, ...others] = resources
  return createAddresses([addressed(first), ...others.map(addressed)])
}

function names(host: string, { origin }: Address): boolean {
  return hostsOf(origin).includes(host)
}

const nothingHere = errorRefusal(
  new OAuthError('invalid_request', 'there is no protected resource at this address', { status: 404 }),
)

function serverOf(resources: readonly [GuardedResource, ...GuardedResource[]], ground: Ground): ResourceServer {
  const { cors, audit, clock } = ground
  const addresses = addressesOf(resources)
  const checkHeaders = headerChecks(ground, addresses.origins)
  const byIdentifier = new Map(resources.map((guarded) => [guarded.resource, guarded]))

  function addressFor(request: RequestValues): Address | undefined {
    const { host, path } = targetOf(request)
    const found = addresses.find(host, path)
    if (resources.length === 1) return found ?? addresses.firstOf(host)
    // The request line takes precedence over Host (RFC 9112 §3.2.2), but a program may select its handler by Host.
    const header = headerOf(request, 'host').toLowerCase()
    const other = header === host ? found : addresses.find(header, path)
    const isAmbiguous = other?.resource !== found?.resource && other !== undefined && names(header, other)
    return isAmbiguous ? undefined : found
  }

  const server: ResourceServer = {
    addresses,
    publish: (request) => {
      const { host, path } = targetOf(request)
      const address = addresses.findByMetadata(host, path)
      if (address === undefined) return undefined
      if (cors && request.method === 'OPTIONS') return preflightAnswer(request)
      const answer = documentAnswer(request, address.metadata)
      return cors ? readableByPages(answer) : answer
    },
    admit: async (request) => {
      if (cors && request.method === 'OPTIONS') return { answer: preflightAnswer(request) }
      const address = addressFor(request)
      const guarded = address && byIdentifier.get(address.resource)
      if (address === undefined || guarded === undefined) return { answer: finishedAnswer(nothingHere, cors) }
      const unfit = checkHeaders(request)
      if (unfit !== undefined) audit?.(auditRefusal(unfit, clock))
      const judged = unfit === undefined ? await judge(guarded, address, request, ground) : { refusal: unfit }
      return 'refusal' in judged ? { answer: finishedAnswer(judged.refusal, cors) } : judged
    },
    decide: async (request) => {
      const published = server.publish(request)
      return published === undefined ? server.admit(request) : { answer: published }
    },
    ready: async () => {
      const discoveries = resources.flatMap((guarded) => [...guarded.discoveries])
      const found = discoveries.map(async ([issuer, discovery]) => [issuer, await discovery.ready()] as const)
      return new Map(await Promise.all(found))
    },
    only: (resource) => {
      const guarded = byIdentifier.get(resource.replace(/\/$/, ''))
      if (guarded === undefined) throw new Error(`${resource} is not among the protected resources`)
      return serverOf([guarded], ground)
    },
  }
  return server
}

/**
 * Protects one resource, or several that live in one program. Throws one error with every mistake in the settings. Makes no request before
 * the first token arrives, so a resource server and its authorization server may start in any order.
 *
 * Checked for each request: the token's signature or activity, type, issuer, audience, times, and its proof of possession when it
 * is bound (RFC 6750, 7662, 9068, 9449). Not checked: scopes beyond `requiredScopes` and the rules for operations, Host and
 * protocol revision unless `checks` says so, and without `revocations` whether a JWT was revoked before it expires.
 */
export function createResourceServer(
  settings: ProtectedResourceSettings | readonly ProtectedResourceSettings[],
  options: ResourceServerOptions = {},
): ResourceServer {
  const list = 'resource' in settings ? [settings] : settings
  const mistakes = settingsMistakes(list)
  if (mistakes.length > 0) throw new Error(`these settings cannot protect anything:\n- ${mistakes.join('\n- ')}`)
  const { clock = systemClock, fetch = boundedFetch, cors = true, checks, rateLimiter, audit } = options
  const ground = { clock, fetch, cors, checks, rateLimiter, audit }
  const [first, ...others] = list.map((one) => guardedResource(one, ground))
  if (first === undefined) throw new Error('there is no resource')
  return serverOf([first, ...others], ground)
}
