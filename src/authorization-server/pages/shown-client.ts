/** What the decision pages show of a client: how far its identity is proven, what its name could be mistaken for, where the answer goes. */

/**
 * A host is shown whole, its registrable domain in bold: `below` is what stands before that (`login.` of `login.acme.com`), which its owner
 * chooses freely. Absent or empty: the host is the domain, or has no single owner.
 */
interface ShownHost {
  readonly host: string
  readonly below?: string | undefined
}

/** How far the client's identity is proven for this request. Only `unverified` is not proven. */
export type ClientIdentity =
  /** We fetched its metadata document from this host (CIMD). `known`: that document is on our list of known products. */
  | (ShownHost & {
      readonly kind: 'verified'
      /** A word in the host that makes it sound official. Then the page says whose the host is, without a green mark. */
      readonly word?: string | undefined
      readonly known?: { readonly product: string; readonly maker: string } | undefined
    })
  /** Registered by the operator. */
  | { readonly kind: 'known' }
  /** Anyone can use this name: registered by itself (RFC 7591), or `claim` says why a better origin proves nothing here. */
  | { readonly kind: 'unverified'; readonly claim?: IdentityClaim | undefined }

/** Where a client comes from that cannot prove it in this request. */
export type IdentityClaim =
  /** Registered by the operator, but anyone can ask in its name this way. */
  | { readonly kind: 'operator' }
  /** Described by a document on this host, but anyone can ask in its name this way. */
  | (ShownHost & { readonly kind: 'host' })
  /** Described by a document on a host that anyone can have below `shared`. */
  | { readonly kind: 'shared-host'; readonly host: string; readonly shared: string }
  /** Described by a document on a host that is another one for each computer or network. */
  | { readonly kind: 'local-host'; readonly host: string }

/** What a client's name could be mistaken for. */
export type NameWarning =
  /** A well-known product. */
  | { readonly kind: 'product'; readonly name: string }
  /** The operator's own product or resource. */
  | { readonly kind: 'operator'; readonly name: string }
  /** A word that makes it sound official. */
  | { readonly kind: 'word'; readonly word: string }
  /** Letters of several scripts in one word. */
  | { readonly kind: 'mixed-scripts' }

/** Where the browser goes after the decision (shown as MCP authorization asks). */
export type RedirectTarget =
  /** `documentHost`: the host that vouches for the client (CIMD), when the redirect leads to another one. */
  | (ShownHost & { readonly kind: 'https'; readonly documentHost?: string | undefined })
  /** `onlyLoopback`: every redirect of the client is on this computer, so any program here could have asked. `host`: with port. */
  | { readonly kind: 'loopback'; readonly host: string; readonly onlyLoopback: boolean }
  | { readonly kind: 'private-use'; readonly scheme: string }
