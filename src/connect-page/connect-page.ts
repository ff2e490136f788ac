/**
 * What the connect page is given: how to connect each client to a resource, and what a client can ask for. Both servers show it from
 * a resource's declaration: the MCP server to a person who opens the MCP URL, the authorization server beside its home page, because
 * another MCP server may have no such page.
 */
import type { ResourceDeclaration, ScopeDeclaration, ToolDeclaration } from '../oauth/resource.js'
import { needsNoScope, scopesNamed } from '../oauth/scope.js'
import { type ConnectLine, connectLines } from './connect-lines.js'

export interface ConnectScopeContext {
  readonly scope: ScopeDeclaration
  /** Titles of the scopes that come with it. */
  readonly includes: readonly string[]
  /** The tools that need exactly this scope. */
  readonly tools: readonly ToolDeclaration[]
}

/** views/connect.ejs. */
export interface ConnectContext {
  readonly name: string
  /** May be empty. */
  readonly description: string
  readonly resourceUrl: string
  readonly clients: readonly ConnectLine[]
  readonly scopes: readonly ConnectScopeContext[]
  /** Tools that work with any valid token. */
  readonly openTools: readonly ToolDeclaration[]
  /** The resource's metadata, on the page of the server that publishes it. Another server cannot know that it is there. */
  readonly metadataUrl?: string | undefined
  /** False when clients in the cloud cannot reach this URL: it is not https. */
  readonly reachableFromCloud: boolean
}

/** Scripts in views/scripts/ by page. Without it no Copy button is shown. */
export const connectScripts = { connect: 'copy-code' } as const

/** The page by the name of its file. */
export interface ConnectViews {
  readonly connect: ConnectContext
}

/** The page's context for a resource. */
export function connectContext(resource: ResourceDeclaration, metadataUrl?: string): ConnectContext {
  return {
    name: resource.name,
    description: resource.description,
    resourceUrl: resource.resource,
    clients: connectLines(resource),
    scopes: resource.scopes.map((scope) => ({
      scope,
      includes: resource.scopes.filter(({ name }) => scope.includes.includes(name)).map(({ title }) => title),
      tools: resource.tools.filter(({ scopes }) => scopesNamed(scopes).includes(scope.name)),
    })),
    openTools: resource.tools.filter(({ scopes }) => needsNoScope(scopes)),
    metadataUrl,
    reachableFromCloud: resource.resource.startsWith('https://'),
  }
}
