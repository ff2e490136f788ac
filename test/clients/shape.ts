/**
 * What a real client sends, as data: everything an authorization server or an MCP server can notice of it. Facts come from
 * published documents, source code, captures and documentation, not from guesses about what a client should do; where a product
 * is closed and thinly documented its body is `rebuilt` from what is known. Does not act: replay.ts does.
 */

export type Revision = '2025-03-26' | '2025-06-18' | '2025-11-25' | '2026-07-28'

/** How good the facts are. */
export type Evidence =
  /** A document that its maker serves, or a constant of the client's source. */
  | 'published'
  /** The client's source code or package. */
  | 'source'
  /** A request that somebody recorded and wrote down. */
  | 'captured'
  /** The maker's documentation, and what others do to let the client in. */
  | 'rebuilt'

/** A client identified by the URL of its metadata document (CIMD). */
export interface MetadataDocument {
  readonly kind: 'metadata document'
  readonly document: { readonly client_id: string; readonly jwks_uri?: string } & Readonly<Record<string, unknown>>
}

/** A client that registers itself (RFC 7591), each time anew. */
export interface DynamicRegistration {
  readonly kind: 'dynamic'
  readonly body: Readonly<Record<string, unknown>>
}

/** A client whose id a person typed in; `flags` are those of `gatehouse clients add`. */
export interface StaticRegistration {
  readonly kind: 'static'
  readonly flags: readonly string[]
}

export type TokenRequestKind = 'authorize' | 'token' | 'refresh'

export interface ClientShape {
  /** Unique; what the compatibility table calls it. */
  readonly name: string
  /** Where the facts were read. */
  readonly source: string
  readonly evidence: Evidence
  /** When they were last seen true: a day or a month, ISO 8601. */
  readonly seen: string
  readonly registration: MetadataDocument | DynamicRegistration | StaticRegistration
  /** In the authorization request. Its loopback port may differ from the registered one, as it does in the field. */
  readonly redirectUri: string
  readonly authMethod: 'none' | 'client_secret_post' | 'client_secret_basic' | 'private_key_jwt'
  /**
   * Where it takes the resource metadata from: the 401, or one of the two places by itself (RFC 9728 §3.1). `none`: it knows no
   * such thing and takes the MCP server's origin for the issuer, without comparing (2025-03-26).
   */
  readonly discovery: 'challenge' | 'path' | 'root' | 'none'
  /** Which of the two documents of the authorization server it reads. */
  readonly serverDocument: 'oauth-authorization-server' | 'openid-configuration'
  /** `MCP-Protocol-Version` on its discovery requests, if any; some send one they do not speak. */
  readonly discoveryVersion?: string
  /** Which scopes it asks for at first: those of the challenge, of either metadata document, or none at all. */
  readonly scope: 'challenge' | 'resource metadata' | 'server metadata' | 'none'
  /** Scopes it adds to whatever it asks for. */
  readonly addsScopes: readonly string[]
  readonly prompt?: 'consent'
  /**
   * `slash`: the MCP URL with a slash at its end. `origin`: its origin alone, with a slash. Requests that carry no `resource` are
   * not listed.
   */
  readonly resource: {
    readonly spelling: 'as typed' | 'slash' | 'origin'
    readonly in: readonly TokenRequestKind[]
  }
  readonly revision: Revision
  /** False for a client that leaves `MCP-Protocol-Version` out of its MCP requests. */
  readonly sendsVersion: boolean
  /** Of the web page it runs in; every request of its own then needs CORS. */
  readonly origin?: string
  /**
   * What it does about 403 insufficient_scope: asks for the union of old and challenged scopes (2026-07-28), for exactly what the
   * challenge names, or nothing, so that a person has to name the scopes in its settings and connect again.
   */
  readonly stepUp: 'union' | 'challenge' | 'configured'
}

const everywhere: readonly TokenRequestKind[] = ['authorize', 'token', 'refresh']

/** What most clients have in common, in one place; a shape says where it differs. */
export const usual = {
  authMethod: 'none',
  discovery: 'challenge',
  serverDocument: 'oauth-authorization-server',
  scope: 'challenge',
  addsScopes: [],
  resource: { spelling: 'as typed', in: everywhere },
  revision: '2025-11-25',
  sendsVersion: true,
  stepUp: 'challenge',
} as const satisfies Partial<ClientShape>

/** Members that nearly every registration has. */
export const codeAndRefresh = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
} as const

export const publicClient = { ...codeAndRefresh, token_endpoint_auth_method: 'none' } as const
