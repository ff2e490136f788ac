/**
 * Checks settings beyond their own text: files that they name, the first account's password, combinations of the two servers. Servers
 * run it at start, `gatehouse config check` prints the result. What this machine must provide is checked in preflight.ts.
 */
import { bootstrapMistake } from '../authorization-server/accounts/bootstrap.js'
import type { Config } from '../config/config.js'
import { judgeAll } from '../config/judgement.js'
import { refuseDatabaseUrl } from '../database/database-url.js'
import { fileClients } from './client-rules.js'
import type { Part } from './databases.js'
import { declaredResource, sharesPort } from './topology.js'

/** Throws if the notes would be served at the URL of the server that RESOURCE_FILE describes. */
function refuseNotes({ RESOURCE_FILE: file }: Config, parts: readonly Part[]): void {
  if (file === undefined || !parts.includes('mcp')) return
  throw new Error(
    'RESOURCE_FILE describes an MCP server of your own, not the notes: start `gatehouse serve auth` alone',
  )
}

/** Throws if the first account's password is refused. */
function refuseAccount({ BOOTSTRAP_EMAIL: email, BOOTSTRAP_PASSWORD: password, PRODUCT_NAME: productName }: Config) {
  if (email === undefined || password === undefined) return
  const mistake = bootstrapMistake({ email, password, productName })
  if (mistake !== undefined) throw new Error(mistake)
}

/**
 * Reads files and writes nothing. Servers call it before they make a key or a database, so that a mistake leaves nothing behind.
 * Rejects with one ConfigError that has every mistake.
 */
export async function checkSettings(config: Config, parts: readonly Part[]): Promise<void> {
  const isAuth = parts.includes('auth')
  const checks: readonly (() => unknown)[] = [
    () => refuseNotes(config, parts),
    ...(parts.length === 2 ? [() => sharesPort(config)] : []),
    ...(isAuth ? [() => fileClients(config), () => declaredResource(config), () => refuseAccount(config)] : []),
    ...(isAuth ? [() => refuseDatabaseUrl('DATABASE_URL', config.DATABASE_URL)] : []),
    ...(parts.includes('mcp') ? [() => refuseDatabaseUrl('NOTES_DATABASE_URL', config.NOTES_DATABASE_URL)] : []),
  ]
  await judgeAll(checks)
}
