/** What the settings say about how the two servers stand to each other and what both know. Opens nothing. */
import { readFileSync } from 'node:fs'
import { type FileClient, readClientsFile } from './authorization-server/clients/clients-file.js'
import type { ResourceServerClient } from './authorization-server/options.js'
import { readResourceFile } from './authorization-server/resource-file.js'
import type { Config } from './config.js'
import type { Part } from './databases.js'
import { notesResource } from './mcp-server/notes-resource.js'
import { isSingleOrigin } from './oauth/deployment.js'
import { type ResourceDeclaration, readOnlyDeclaration } from './oauth/resource.js'
import { pathOf } from './oauth/well-known.js'

/**
 * How the MCP server reaches the authorization server: itself when both run here, else as the operator says. The issuer's path
 * is the same inside, so it need not be repeated.
 */
export function internalUrl(config: Config, only: Part | undefined): string | undefined {
  const given = config.ISSUER_INTERNAL_URL
  if (given === undefined && only !== undefined) return undefined
  const internal = given ?? `http://127.0.0.1:${config.authPort}`
  return pathOf(internal) === '' ? `${internal}${pathOf(config.ISSUER_URL)}` : internal
}

/** Clients that the operator defines in a file. */
export function fileClients(config: Config): readonly FileClient[] | undefined {
  const { CLIENTS_FILE: path, ALLOWED_PRIVATE_USE_REDIRECTS: redirects } = config
  if (path === undefined) return undefined
  return readClientsFile(path, (file) => readFileSync(file, 'utf8'), { allowedPrivateUseRedirects: new Set(redirects) })
}

/** True when one port serves both: the same origin outside, the same port here. */
export function sharesPort(config: Config): boolean {
  const { ISSUER_URL: issuer, RESOURCE_URL: resource, authPort, mcpPort } = config
  if (authPort !== mcpPort || authPort === 0) return false
  if (isSingleOrigin({ issuer, resource })) return true
  throw new Error(
    `both servers would listen on port ${authPort}: set AUTH_PORT and MCP_PORT, or give ISSUER_URL and RESOURCE_URL the same origin`,
  )
}

/** Throws when the notes would be served at the address of what RESOURCE_FILE says is another server. */
export function refuseNotes({ RESOURCE_FILE: file }: Config, parts: readonly Part[]): void {
  if (file === undefined || !parts.includes('mcp')) return
  throw new Error(
    'RESOURCE_FILE describes an MCP server of your own, not the notes: start `gatehouse serve auth` alone',
  )
}

/** The protected resource, as both servers know it, or as the operator describes one of his own. */
export function declaredResource({
  RESOURCE_URL: url,
  RESOURCE_ALIASES: aliases,
  RESOURCE_FILE: path,
  READ_ONLY: readOnly,
}: Config): ResourceDeclaration {
  if (path !== undefined) {
    return readResourceFile(path, (file) => readFileSync(file, 'utf8'), { resource: url, aliases })
  }
  const resource = notesResource(url, aliases)
  return readOnly ? readOnlyDeclaration(resource) : resource
}

/** The client that the MCP server is without being registered. */
export function ownClient(config: Config, secret: string | undefined): ResourceServerClient | undefined {
  if (secret === undefined) return undefined
  return { clientId: 'gatehouse-mcp-server', clientSecret: secret, introspects: config.RESOURCE_URL }
}
