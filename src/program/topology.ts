/**
 * What the two servers know about each other, from the settings: the URL and hosts between them, a shared port, the resource that both
 * serve, and the client that the MCP server is. Opens nothing.
 */
import type { ResourceServerClient } from '../authorization-server/options.js'
import type { Config } from '../config/config.js'
import { createKnownResources } from '../declarations/known-resources.js'
import { notesResource } from '../notes/notes-resource.js'
import { type Declarations, declarationOf, defaultTokenRules, type TokenRules } from '../oauth/declared-resource.js'
import { isSingleOrigin } from '../oauth/deployment.js'
import { type ResourceDeclaration, readOnlyDeclaration } from '../oauth/resource.js'
import { pathOf } from '../oauth/well-known.js'
import type { Part } from './parts-served.js'

/**
 * How the MCP server reaches the authorization server when that runs elsewhere and the operator says so. One process that runs both
 * uses no URL (`in-process-route.ts`): every name it could dial may be an alias of the resource. The issuer's path is the same
 * inside, so it need not be repeated.
 */
export function internalUrl(config: Config, only: Part | undefined): string | undefined {
  const { ISSUER_INTERNAL_URL: internal } = config
  if (internal === undefined || only === undefined) return undefined
  return pathOf(internal) === '' ? `${internal}${pathOf(config.ISSUER_URL)}` : internal
}

/** Host values besides the public one that the authorization server answers, for its neighbours and for probes. */
export function internalHosts(config: Config, only: Part | undefined): readonly string[] {
  const { ISSUER_INTERNAL_URL: internal } = config
  const own = only === undefined ? [`127.0.0.1:${config.authPort}`] : []
  return internal === undefined ? own : [new URL(internal).host]
}

/** True when one port serves both: the same origin outside, the same port here. `hasNotes`: there is something at RESOURCE_URL. */
export function sharesPort(config: Config, hasNotes = true): boolean {
  const { ISSUER_URL: issuer, RESOURCE_URL: resource, authPort, mcpPort } = config
  if (authPort !== mcpPort || authPort === 0) return false
  if (!hasNotes || isSingleOrigin({ issuer, resource })) return true
  throw new Error(
    `both servers would listen on port ${authPort}: set AUTH_PORT and MCP_PORT, or give ISSUER_URL and RESOURCE_URL the same origin`,
  )
}

/** The notes under RESOURCE_URL, as both servers know them. */
export function declaredResource({
  RESOURCE_URL: url,
  RESOURCE_ALIASES: aliases,
  READ_ONLY: readOnly,
}: Config): ResourceDeclaration {
  const resource = notesResource(url, aliases)
  return readOnly ? readOnlyDeclaration(resource) : resource
}

/** What the settings declare. */
export function declarationsOf(config: Config): Declarations {
  const tokens: TokenRules = {
    ...defaultTokenRules,
    format: config.ACCESS_TOKEN_FORMAT,
    ttlSeconds: config.ACCESS_TOKEN_TTL_SECONDS,
  }
  return {
    resources: [declarationOf(declaredResource(config), { isNotes: true, isDefault: true, tokens })],
    assertionIssuers: [],
  }
}

/**
 * The client that the MCP server is without being registered: the resource server of the notes, wherever they are declared now. Where they
 * were before it goes on to hear of what ended: a server with a former copy of the file may still take tokens there. Not if another
 * resource is declared there since.
 */
export function ownClient(
  { ISSUER_URL: issuer }: Pick<Config, 'ISSUER_URL'>,
  secret: string | undefined,
): ResourceServerClient | undefined {
  if (secret === undefined) return undefined
  const served = new Set<string>()
  return {
    clientId: 'gatehouse-mcp-server',
    clientSecret: secret,
    introspects: ({ resources }) => {
      for (const { url } of resources.filter(({ isNotes }) => isNotes)) served.add(url)
      const others = createKnownResources(
        resources.filter(({ isNotes }) => !isNotes),
        issuer,
      )
      return [...served].filter((url) => others.find(url) === undefined)
    },
  }
}
