/** One deployment mistake: how to plant it, and every code the doctor must report for it, no other. */
import type { DiagnosticNetwork } from '../../../src/doctor/diagnostic-network.js'
import {
  type Asked,
  type Handler,
  json,
  type Reply,
  resourceMetadata,
  type Site,
  serverMetadata,
} from '../deployment.js'

export interface Mistake {
  readonly name: string
  readonly codes: readonly string[]
  /** Default `loopback`. */
  readonly site?: 'public' | 'loopback'
  readonly plant?: (site: Site) => Handler
  /** For what cannot be planted in an answer: time, unreachable addresses. */
  readonly network?: (network: DiagnosticNetwork, site: Site) => DiagnosticNetwork
  readonly certificate?: (site: Site) => { readonly cert: string; readonly key: string }
  /** The URL the doctor is given, when it is not the healthy one. */
  readonly url?: (site: Site) => string
  /** Words that the fix must contain. */
  readonly fix?: string
}

/** The same reply to every request with this method and path, on either host. Preflights stay as they are. */
export function at(method: string, path: string, reply: Reply): Handler {
  return (asked) => (asked.method === method && asked.path === path ? reply : undefined)
}

/** 401 with this challenge (or none) to requests without a token. */
export function challenged(challenge: string | undefined): Handler {
  return ({ method, path, headers }) => {
    if (path !== '/mcp' || method === 'OPTIONS' || headers.authorization !== undefined) return undefined
    return json({ error: 'unauthorized' }, 401, challenge === undefined ? {} : { 'www-authenticate': challenge })
  }
}

/** The answer to a made-up token. */
export function forBadToken(reply: Reply): Handler {
  return ({ path, headers }) => (path === '/mcp' && headers.authorization !== undefined ? reply : undefined)
}

export function isResourceMetadata({ method, path }: Asked): boolean {
  return method === 'GET' && path.startsWith('/.well-known/oauth-protected-resource')
}

export function isServerMetadata({ method, host, path }: Asked, { issuer }: Site): boolean {
  const isHere = host === new URL(issuer).host
  return method === 'GET' && isHere && /^\/\.well-known\/(oauth-authorization-server|openid-configuration)/.test(path)
}

/** Changes members of the resource's document at every address; `undefined` takes one away. */
export function resourceSays(changes: (site: Site) => Record<string, unknown>): (site: Site) => Handler {
  return (site) => (asked) =>
    isResourceMetadata(asked) ? json({ ...resourceMetadata(site), ...changes(site) }) : undefined
}

/** The same for the authorization server's. */
export function serverSays(changes: (site: Site) => Record<string, unknown>): (site: Site) => Handler {
  return (site) => (asked) =>
    isServerMetadata(asked, site) ? json({ ...serverMetadata(site.issuer), ...changes(site) }) : undefined
}

/** The same reply to preflights at this path. */
export function preflightAt(path: string, reply: Reply): Handler {
  return at('OPTIONS', path, reply)
}
