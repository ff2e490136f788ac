/**
 * Protected resources: their canonical identifier (RFC 8707 §2, RFC 9728 §1.2) and the one declaration of a resource that
 * consent page, metadata and guard all read.
 */

import { type RequiredScopes, type ScopeHierarchy, scopesNamed } from './scope.js'
import { canParseUrl, withoutTrailingSlashes } from './url.js'

export interface ScopeDeclaration {
  /** Scope token, for example `notes:read`. */
  readonly name: string
  /** What it allows, for the consent page: "Read your notes". */
  readonly title: string
  /** One more sentence in plain words. */
  readonly description: string
  /** Scopes this one includes. */
  readonly includes: readonly string[]
  /** True when what it allows cannot be undone. */
  readonly destructive: boolean
  /** It changes nothing. Left out: true of what another scope includes and is not destructive. */
  readonly readOnly?: boolean
}

/** What a client can use: a tool, or content it can read. */
export interface OperationDeclaration {
  /** Of a tool or prompt; the URI or URI template of what can be read. */
  readonly name: string
  /** Scopes its use needs: all of a list, or all of one list of several. */
  readonly scopes: RequiredScopes
  /**
   * What a caller without these scopes gets: a challenge to ask for more (default), or an answer as if the operation did not
   * exist.
   */
  readonly whenMissing?: 'challenge' | 'hide'
}

export interface ToolDeclaration extends OperationDeclaration {
  readonly title: string
  readonly destructive: boolean
  /** It changes nothing, so it stays in read-only mode. */
  readonly readOnly?: boolean
}

/** Everything our two servers know about one protected resource. */
export interface ResourceDeclaration {
  /** Canonical identifier: the exact URL of the MCP endpoint, the `aud` of its tokens. */
  readonly resource: string
  /** Further identifiers that mean this resource, canonical too: former URLs. Tokens never carry them. */
  readonly aliases: readonly string[]
  /** Name for people: "Gatehouse Notes". */
  readonly name: string
  readonly description: string
  readonly scopes: readonly ScopeDeclaration[]
  readonly tools: readonly ToolDeclaration[]
  /** MCP resources, by URI or URI template; those that are not named need a valid token alone. */
  readonly contents?: readonly OperationDeclaration[]
  /** MCP prompts; those that are not named need a valid token alone. */
  readonly prompts?: readonly OperationDeclaration[]
  /**
   * The useful baseline, not the catalogue: what a client that names no scope asks for, the `scope` of the first 401 challenge, and
   * `scopes_supported` of the RFC 9728 document. One list, so that a client gets what it is told. Never empty, never destructive.
   */
  readonly defaultScopes: readonly string[]
}

/** The hierarchy that the scope declarations spell out. */
export function scopeHierarchyOf(resource: Pick<ResourceDeclaration, 'scopes'>): ScopeHierarchy {
  return Object.fromEntries(resource.scopes.map((scope) => [scope.name, scope.includes]))
}

/**
 * The resource in read-only mode: only tools that change nothing, and no recommended scope that no tool needs. Its scopes stay
 * defined, so that earlier tokens keep their meaning.
 */
export function readOnlyDeclaration(resource: ResourceDeclaration): ResourceDeclaration {
  const { contents = [], prompts = [] } = resource
  const tools = resource.tools.filter(({ readOnly }) => readOnly === true)
  const needed = new Set([...tools, ...contents, ...prompts].flatMap(({ scopes }) => scopesNamed(scopes)))
  return { ...resource, tools, defaultScopes: resource.defaultScopes.filter((scope) => needed.has(scope)) }
}

/**
 * The one spelling under which a resource is compared: scheme and host in lower case, default port dropped, no trailing slash, no
 * fragment. `undefined` for anything that is not an absolute http(s) URL, carries a fragment or user information (RFC 8707 §2).
 * Does not check that the resource is served here.
 */
export function canonicalResource(value: string): string | undefined {
  if (!/^https?:\/\//i.test(value) || /[\s\\#]/.test(value) || !canParseUrl(value)) return undefined
  const url = new URL(value)
  if (url.username !== '' || url.password !== '') return undefined
  return `${url.protocol}//${url.host}${withoutTrailingSlashes(url.pathname)}${url.search}`
}
