/**
 * The URLs under which clients know protected resources: the canonical one, former ones, each with and without a trailing slash. A client
 * compares the `resource` of the metadata with the URL it was given (RFC 9728 §3.3), some clients character for character, so each URL has
 * a document that names exactly this URL. For the authorization server all of them mean one resource.
 */
import { hostsOf } from '../oauth/public-url.js'
import { protectedResourceMetadataUrl } from '../oauth/well-known.js'
import { type PublishedDocument, publishDocument } from './metadata.js'

export interface AddressedResource {
  /** Canonical identifier. */
  readonly resource: string
  /** Former identifiers. */
  readonly aliases: readonly string[]
  /** The metadata for clients that know it by this URL. */
  metadataFor(url: string): object
}

export interface Address {
  /** As configured in the client. */
  readonly url: string
  readonly origin: string
  /** Canonical identifier of the resource at this URL. */
  readonly resource: string
  /** URL of its metadata (RFC 9728 §3.1). */
  readonly metadataUrl: string
  readonly metadata: PublishedDocument
}

/**
 * Look-ups by the host (in lower case) and path of a request. A host of these addresses matches only its own; any other name, which a
 * request may carry behind a proxy, matches the first with the path.
 */
export interface Addresses {
  readonly all: readonly Address[]
  /** Every origin once, that of the first resource first. */
  readonly origins: readonly [string, ...string[]]
  /** Paths of metadata documents. */
  readonly metadataPaths: readonly string[]
  /** The address with exactly this path. */
  find(host: string, path: string): Address | undefined
  /** The address whose metadata has this path. The root has that of its host's first address. */
  findByMetadata(host: string, path: string): Address | undefined
  /** The first address of a host, or of all. */
  firstOf(host: string): Address
}

/** Without the path of a resource, for clients that try it first. */
export const rootMetadataPath = '/.well-known/oauth-protected-resource'

function createAddress(url: string, resource: AddressedResource): Address {
  const metadataUrl = `${protectedResourceMetadataUrl(url)}${url.endsWith('/') ? '/' : ''}`
  const metadata = publishDocument(resource.metadataFor(url))
  return { url, origin: new URL(url).origin, resource: resource.resource, metadataUrl, metadata }
}

/** The address of a path by host; for unknown hosts the first one. */
interface Choice {
  readonly byHost: ReadonlyMap<string, Address>
  readonly first: Address
}

function indexByPath(entries: readonly (readonly [string, Address])[]): ReadonlyMap<string, Choice> {
  const byPath = new Map<string, { byHost: Map<string, Address>; first: Address }>()
  for (const [path, address] of entries) {
    const choice = byPath.get(path) ?? { byHost: new Map(), first: address }
    byPath.set(path, choice)
    // If two origins share a host under different schemes, the first wins.
    for (const host of hostsOf(address.origin)) if (!choice.byHost.has(host)) choice.byHost.set(host, address)
  }
  return byPath
}

/** The caller must ensure that no URL belongs to two resources. */
export function createAddresses(resources: readonly [AddressedResource, ...AddressedResource[]]): Addresses {
  const [first, ...others] = resources.flatMap((resource) =>
    [resource.resource, ...resource.aliases]
      .flatMap((url) => [url, `${url}/`])
      .map((url) => createAddress(url, resource)),
  )
  if (first === undefined) throw new Error('there is no resource')
  const all = [first, ...others]
  const byPath = indexByPath(all.map((address) => [new URL(address.url).pathname, address]))
  const byMetadataPath = indexByPath([
    ...all.map((address) => [new URL(address.metadataUrl).pathname, address] as const),
    ...[rootMetadataPath, `${rootMetadataPath}/`].flatMap((path) => all.map((address) => [path, address] as const)),
  ])
  const hosts = new Map(all.toReversed().flatMap((address) => hostsOf(address.origin).map((host) => [host, address])))
  const choose = (choice: Choice | undefined, host: string) =>
    choice?.byHost.get(host) ?? (hosts.has(host) ? undefined : choice?.first)
  return {
    all,
    origins: [first.origin, ...new Set(others.map(({ origin }) => origin).filter((other) => other !== first.origin))],
    metadataPaths: [...byMetadataPath.keys()],
    find: (host, path) => choose(byPath.get(path), host),
    findByMetadata: (host, path) => choose(byMetadataPath.get(path), host),
    firstOf: (host) => hosts.get(host) ?? first,
  }
}
