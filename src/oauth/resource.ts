/**
 * Protected resources: their canonical identifier (RFC 8707 §2, RFC 9728 §1.2) and the declaration of a resource that the consent page,
 * metadata and guard share.
 */

import { type RequiredScopes, type ScopeHierarchy, scopesNamed } from './scope.js'
import { canParseUrl, withoutTrailingSlashes } from './url.js'

export interface ScopeDeclaration {
  /** Scope token, for example `notes:read`. */
  readonly name: string
  /** What it allows, for the consent page: "Read your notes". */
  readonly title: string
  /** One more sentence of plain text. */
  readonly description: string
  /** Scopes this one includes. */
  readonly includes: readonly string[]
  /** True if what it allows cannot be undone. */
  readonly destructive: boolean
  /** True if it changes nothing. Default: true for a scope that another one includes and that is not destructive. */
  readonly readOnly?: boolean
}

/** An operation of a client: a tool, or content to read. */
export interface OperationDeclaration {
  /** Name of a tool or prompt, or the URI or URI template of a resource. */
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

/** The shared description of a protected resource for both servers. */
export interface ResourceDeclaration {
  /** Canonical identifier: the exact URL of the MCP endpoint, the `aud` of its tokens. */
  readonly resource: string
  /** Further canonical identifiers of this resource, such as former URLs. Tokens never carry them. */
  readonly aliases: readonly string[]
  /** Name for people: "Gatehouse Notes". */
  readonly name: string
  readonly description: string
  readonly scopes: readonly ScopeDeclaration[]
  readonly tools: readonly ToolDeclaration[]
  /** MCP resources, by URI or URI template; others only need a valid token. */
  readonly contents?: readonly OperationDeclaration[]
  /** MCP prompts; others only need a valid token. */
  readonly prompts?: readonly OperationDeclaration[]
  /**
   * The baseline, not all scopes: the scopes of a client that names none, the `scope` of the first 401 challenge, and `scopes_supported` of
   * the RFC 9728 document. One list, so that a client gets the scopes that it is told to request. Never empty, never destructive.
   */
  readonly defaultScopes: readonly string[]
}

/** The hierarchy in the scope declarations. */
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
 * The canonical spelling for comparison: scheme and host in lower case, default port dropped, no trailing slash, no fragment. `undefined`
 * for anything that is not an absolute http(s) URL, carries a fragment or user information (RFC 8707 §2). Does not check that the resource
 * is served here.
 */
export function canonicalResource(value: string): string | undefined {
  if (!/^https?:\/\//i.test(value) || /[\s\\#]/.test(value) || !canParseUrl(value)) return undefined
  const url = new URL(value)
  if (url.username !== '' || url.password !== '') return undefined
  return `${url.protocol}//${url.host}${withoutTrailingSlashes(url.pathname)}${url.search}`
}
