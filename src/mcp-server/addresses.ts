/**
 * The URLs under which clients know this MCP server: the canonical one, former ones, each with and without a slash at its end.
 * A client compares the `resource` of the metadata with the URL it was given (RFC 9728 §3.3), some of them character for
 * character, so each URL has a document that names just that one. The authorization server takes all of them for one resource.
 */
import type { ResourceDeclaration } from '../oauth/resource.js'
import { protectedResourceMetadataUrl } from '../oauth/well-known.js'
import { type PublishedDocument, protectedResourceMetadata, publishDocument } from '../resource-server/index.js'

export interface Address {
  /** As the client was given it. */
  readonly url: string
  /** Where its metadata is (RFC 9728 §3.1). */
  readonly metadataUrl: string
  readonly metadata: PublishedDocument
}

export interface Addresses {
  readonly all: readonly Address[]
  /** Every origin, the canonical one first, each once. */
  readonly origins: readonly [string, ...string[]]
  find(origin: string, path: string): Address | undefined
  /** The address whose metadata is there. An origin's root has that of its first address. */
  findByMetadata(origin: string, path: string): Address | undefined
  /** The first address of an origin. */
  ofOrigin(origin: string): Address | undefined
}

/** Without a resource's path, for clients that look there first. */
export const rootMetadataPath = '/.well-known/oauth-protected-resource'

/** Whether proofs of possession are checked here, and whether they are a must. */
type Dpop = Parameters<typeof protectedResourceMetadata>[2]

function createAddress(url: string, resource: ResourceDeclaration, issuer: string, dpop: Dpop): Address {
  const metadataUrl = `${protectedResourceMetadataUrl(url)}${url.endsWith('/') ? '/' : ''}`
  const metadata = publishDocument(protectedResourceMetadata({ ...resource, resource: url }, issuer, dpop))
  return { url, metadataUrl, metadata }
}

export function createAddresses(resource: ResourceDeclaration, issuer: string, dpop?: Dpop): Addresses {
  const all = [resource.resource, ...resource.aliases]
    .flatMap((url) => [url, `${url}/`])
    .map((url) => createAddress(url, resource, issuer, dpop))
  const byUrl = new Map(all.map((address) => [address.url, address]))
  const byMetadataUrl = new Map(all.map((address) => [address.metadataUrl, address]))
  const byOrigin = new Map(all.toReversed().map((address) => [new URL(address.url).origin, address]))
  const { origin } = new URL(resource.resource)
  return {
    all,
    origins: [origin, ...[...byOrigin.keys()].filter((other) => other !== origin)],
    find: (asked, path) => byUrl.get(asked + path),
    findByMetadata: (asked, path) =>
      path.replace(/\/$/, '') === rootMetadataPath ? byOrigin.get(asked) : byMetadataUrl.get(asked + path),
    ofOrigin: (asked) => byOrigin.get(asked),
  }
}
