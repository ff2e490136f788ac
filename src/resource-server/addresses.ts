/**
 * The URLs under which clients know protected resources: the canonical one, former ones, each with and without a slash at its
 * end. A client compares the `resource` of the metadata with the URL it was given (RFC 9728 §3.3), some of them character for
 * character, so each URL has a document that names just that one. The authorization server takes all of them for one resource.
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
  /** As the client was given it. */
  readonly url: string
  readonly origin: string
  /** Canonical identifier of the resource that is there. */
  readonly resource: string
  /** Where its metadata is (RFC 9728 §3.1). */
  readonly metadataUrl: string
  readonly metadata: PublishedDocument
}

/**
 * Look-ups by the host and path of a request, the host in lower case. A host of these addresses leads to its own alone; any other
 * name, which a request may carry behind a proxy, to the first that fits.
 */
export interface Addresses {
  readonly all: readonly Address[]
  /** Every origin, the first resource's one first, each once. */
  readonly origins: readonly [string, ...string[]]
  /** Paths at which there is metadata. */
  readonly metadataPaths: readonly string[]
  /** The address at that very path, as it is written. */
  find(host: string, path: string): Address | undefined
  /** The address whose metadata is there. The root has that of its host's first address. */
  findByMetadata(host: string, path: string): Address | undefined
  /** The first address of a host, or of all. */
  firstOf(host: string): Address
}

/** Without a resource's path, for clients that look there first. */
export const rootMetadataPath = '/.well-known/oauth-protected-resource'

function createAddress(url: string, resource: AddressedResource): Address {
  const metadataUrl = `${protectedResourceMetadataUrl(url)}${url.endsWith('/') ? '/' : ''}`
  const metadata = publishDocument(resource.metadataFor(url))
  return { url, origin: new URL(url).origin, resource: resource.resource, metadataUrl, metadata }
}

/** A path leads to one address for each host that has it; to the first one for hosts that are nobody's here. */
interface Choice {
  readonly byHost: ReadonlyMap<string, Address>
  readonly first: Address
}

function indexByPath(entries: readonly (readonly [string, Address])[]): ReadonlyMap<string, Choice> {
  const byPath = new Map<string, { byHost: Map<string, Address>; first: Address }>()
  for (const [path, address] of entries) {
    const choice = byPath.get(path) ?? { byHost: new Map(), first: address }
    byPath.set(path, choice)
    // The first origin wins a host that two share under different schemes.
    for (const host of hostsOf(address.origin)) if (!choice.byHost.has(host)) choice.byHost.set(host, address)
  }
  return byPath
}

/** No URL may stand for two resources: that is the caller's to check. */
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
