/** What the pages of the MCP server are given: one page, shown to a person who opens the MCP URL in a browser. */
import type { ResourceDeclaration, ScopeDeclaration, ToolDeclaration } from '../oauth/resource.js'
import { needsNoScope, scopesNamed } from '../oauth/scope.js'
import { type ConnectLine, connectLines } from './connect-lines.js'
import { notesResource } from './notes-resource.js'

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
  readonly description: string
  readonly resourceUrl: string
  readonly clients: readonly ConnectLine[]
  readonly scopes: readonly ConnectScopeContext[]
  /** Tools that work with any valid token. */
  readonly openTools: readonly ToolDeclaration[]
  readonly metadataUrl: string
  /** False when clients in the cloud cannot reach this URL: it is not https. */
  readonly reachableFromCloud: boolean
}

export interface Views {
  readonly connect: ConnectContext
}

/** The page's context for a resource. */
export function connectContext(resource: ResourceDeclaration, metadataUrl: string): ConnectContext {
  return {
    name: resource.name,
    description: resource.description,
    resourceUrl: resource.resource,
    clients: connectLines(resource.resource),
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

function sampleFor(resourceUrl: string): ConnectContext {
  return connectContext(notesResource(resourceUrl), 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp')
}

/** Every page in every state worth looking at: a test renders them all, screenshots are taken of them. */
export const viewSamples: { readonly [Name in keyof Views]: Readonly<Record<string, Views[Name]>> } = {
  connect: {
    'on this computer': sampleFor('http://localhost:4000/mcp'),
    'on the internet': sampleFor('https://mcp.example.com/mcp'),
    'with a very long address': sampleFor(`https://${'very-long-name.'.repeat(8)}example.com/${'path/'.repeat(20)}mcp`),
  },
}
