/**
 * Which URLs of an issuer and of its resource can be served together: pure rules over the two, before anything listens. Both may
 * share one origin, even one port; then every path has one owner.
 */
import { canonicalResource } from './resource.js'
import { pathOf } from './well-known.js'

/** First path segments that every server uses itself. */
const ofEveryServer: readonly string[] = ['.well-known', 'assets', 'health']

/** Endpoints that clients of 2025-03-26 expect at the root of the MCP server's origin if they find no metadata. */
export const legacyEndpointPaths = {
  authorization: '/authorize',
  token: '/token',
  registration: '/register',
  revocation: '/revoke',
} as const

/** First path segments of the authorization server, under the issuer. A test compares them with its routes. */
export const issuerSegments: readonly string[] = [
  'authorize',
  'backchannel',
  'device',
  'interaction',
  'introspect',
  'invite',
  'jwks',
  'logout',
  'par',
  'register',
  'revocations',
  'revoke',
  'setup',
  'sign-up',
  'token',
  'userinfo',
  'verify',
]

export interface Deployment {
  /** The published `issuer`. */
  readonly issuer: string
  /** Canonical identifier of the resource. */
  readonly resource: string
  /** Further identifiers of the same resource, canonical too. */
  readonly aliases: readonly string[]
}

/** The path of `url` below `base`, or `undefined` if it is not below it. */
function pathBelow(url: string, base: string): string | undefined {
  const inside = new URL(url).origin === new URL(base).origin && pathOf(url).startsWith(`${pathOf(base)}/`)
  return inside ? pathOf(url).slice(pathOf(base).length) : undefined
}

function firstSegment(path: string): string {
  return path.split('/')[1] ?? ''
}

/** True for a path that is already taken: by every server, by endpoints that old clients expect, or by the issuer. */
function isTaken(url: string, issuer: string): boolean {
  const path = pathOf(url)
  const below = pathBelow(url, issuer)
  return (
    ofEveryServer.includes(firstSegment(path)) ||
    Object.values(legacyEndpointPaths).some((endpoint) => endpoint === path) ||
    (below !== undefined && [...ofEveryServer, ...issuerSegments].includes(firstSegment(below)))
  )
}

/** True when issuer and resource share scheme, host and port, so that one server or one proxy answers for both. */
export function isSingleOrigin({ issuer, resource }: Pick<Deployment, 'issuer' | 'resource'>): boolean {
  return new URL(issuer).origin === new URL(resource).origin
}

/** Why a resource cannot be at `url`; the text completes the name of the setting or member. */
export function deploymentMistake(url: string, issuer: string): string | undefined {
  if (url === canonicalResource(issuer)) return `must differ from ISSUER_URL: ${url} is both`
  return isTaken(url, issuer) ? `cannot be ${url}: that path is needed otherwise, choose one such as /mcp` : undefined
}

/** Combinations that cannot work, each as a sentence that begins with the setting's name. */
export function deploymentMistakes({ issuer, resource, aliases }: Deployment): string[] {
  const named = [{ name: 'RESOURCE_URL', url: resource }, ...aliases.map((url) => ({ name: 'RESOURCE_ALIASES', url }))]
  return named.flatMap(({ name, url }) => {
    const mistake = deploymentMistake(url, issuer)
    return mistake === undefined ? [] : [`${name} ${mistake}`]
  })
}
