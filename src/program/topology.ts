/** What the settings say about how the two servers stand to each other and what both know. Opens nothing. */
import { readFileSync } from 'node:fs'
import type { ClientMetadata } from 'oidc-provider'
import { bootstrapMistake } from '../authorization-server/accounts/bootstrap.js'
import type { ClientRuleOptions } from '../authorization-server/clients/client-configuration.js'
import { type FileClient, readClientsFile } from '../authorization-server/clients/clients-file.js'
import type { ResourceServerClient } from '../authorization-server/options.js'
import { readResourceFile } from '../authorization-server/resources/resource-file.js'
import { type Config, ConfigError } from '../config/config.js'
import { refuseDatabaseUrl } from '../database/database-url.js'
import { notesResource } from '../notes/notes-resource.js'
import { isSingleOrigin } from '../oauth/deployment.js'
import { type ResourceDeclaration, readOnlyDeclaration } from '../oauth/resource.js'
import { pathOf } from '../oauth/well-known.js'
import type { Part } from './databases.js'

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

/** What decides which clients there may be. */
export function clientRules(config: Config): ClientRuleOptions {
  return {
    issuer: config.ISSUER_URL,
    registrationRules: { allowedPrivateUseRedirects: new Set(config.ALLOWED_PRIVATE_USE_REDIRECTS) },
    trustedAssertionIssuers: config.TRUSTED_ASSERTION_ISSUERS,
    offersDeviceFlow: config.DEVICE_FLOW,
  }
}

/** Says what the engine has against a client of the operator's. Loads the engine, and makes nothing that stays. */
export async function clientJudge(config: Config): Promise<(metadata: ClientMetadata) => string | undefined> {
  const { createClientJudge } = await import('../authorization-server/engine/provider.js')
  return createClientJudge(clientRules(config))
}

/** Clients that the operator defines in a file. Rejects with every mistake in it, those that the engine finds included. */
export async function fileClients(config: Config): Promise<readonly FileClient[] | undefined> {
  const { CLIENTS_FILE: path, RESOURCE_URL: resource, RESOURCE_ALIASES: aliases } = config
  if (path === undefined) return undefined
  return readClientsFile(path, (file) => readFileSync(file, 'utf8'), {
    registrationRules: clientRules(config).registrationRules,
    resource: { resource, aliases },
    engine: await clientJudge(config),
  })
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
function refuseNotes({ RESOURCE_FILE: file }: Config, parts: readonly Part[]): void {
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

/** Throws when the first account may not have its password. */
function refuseAccount({ BOOTSTRAP_EMAIL: email, BOOTSTRAP_PASSWORD: password, PRODUCT_NAME: productName }: Config) {
  if (email === undefined || password === undefined) return
  const mistake = bootstrapMistake({ email, password, productName })
  if (mistake !== undefined) throw new Error(mistake)
}

/**
 * Judges what the settings of these parts name or imply beyond their own text: files, the first account's password, shared ports. Reads
 * files and writes nothing. Servers call it before they make a key or a database, so that a mistake leaves nothing behind. Rejects
 * with ConfigError, which has every mistake. What this machine must have besides is preflight.ts.
 */
export async function judgeSettings(config: Config, parts: readonly Part[]): Promise<void> {
  const isAuth = parts.includes('auth')
  const judgements: readonly (() => unknown)[] = [
    () => refuseNotes(config, parts),
    ...(parts.length === 2 ? [() => sharesPort(config)] : []),
    ...(isAuth ? [() => fileClients(config), () => declaredResource(config), () => refuseAccount(config)] : []),
    ...(isAuth ? [() => refuseDatabaseUrl('DATABASE_URL', config.DATABASE_URL)] : []),
    ...(parts.includes('mcp') ? [() => refuseDatabaseUrl('NOTES_DATABASE_URL', config.NOTES_DATABASE_URL)] : []),
  ]
  const mistakes: string[] = []
  for (const judge of judgements) {
    try {
      await judge()
    } catch (error) {
      mistakes.push(error instanceof Error ? error.message : String(error))
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}

/** The client that the MCP server is without being registered. */
export function ownClient(config: Config, secret: string | undefined): ResourceServerClient | undefined {
  if (secret === undefined) return undefined
  return { clientId: 'gatehouse-mcp-server', clientSecret: secret, introspects: config.RESOURCE_URL }
}
