/**
 * The context of the connect page: how to connect each client to a resource, and which scopes a client can request. Both servers show the
 * page from a resource's declaration. The MCP server shows it if a person opens the MCP URL. The authorization server has it too, because
 * other MCP servers may have no such page.
 */
import type { ResourceDeclaration, ScopeDeclaration, ToolDeclaration } from '../oauth/resource.js'
import { needsNoScope, scopesNamed } from '../oauth/scope.js'
import { type ConnectLine, connectLines } from './connect-lines.js'

export interface ConnectScopeContext {
  readonly scope: ScopeDeclaration
  /** Titles of the scopes that it includes. */
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
  /** The URL of the resource's metadata, only on the page of the server that publishes it. Another server cannot know whether it exists. */
  readonly metadataUrl?: string | undefined
  /** False if clients in the cloud cannot use this URL, because it is not https. */
  readonly reachableFromCloud: boolean
}

/** Scripts in views/scripts/ by page. Without its script the page has no Copy buttons. */
export const connectScripts = { connect: 'copy-code' } as const

/** The page, by the name of its file. */
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
