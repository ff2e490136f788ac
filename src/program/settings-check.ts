/**
 * Checks settings beyond their own text: files that they name, the first account's password, combinations of the two servers. Servers
 * run it at start, `gatehouse config check` prints the result. What this machine must provide is checked in preflight.ts.
 */
import { bootstrapMistake } from '../authorization-server/accounts/bootstrap.js'
import type { Config } from '../config/config.js'
import { judgeAll } from '../config/judgement.js'
import { refuseDatabaseUrl } from '../database/database-url.js'
import { brandOf } from './branding.js'
import { databaseSetting, isEmbedded, type Part } from './parts-served.js'
import { sharesPort } from './topology.js'

/** Throws if several processes would open one embedded database. */
function refuseWorkers(config: Config, parts: readonly Part[]): void {
  const { WORKERS: workers } = config
  if (workers === 'auto' || workers === 1) return
  const embedded = parts.filter((part) => isEmbedded(config, part))
  if (embedded.length === 0) return
  const missing = embedded.map(databaseSetting).join(' and ')
  throw new Error(
    `WORKERS=${workers} needs PostgreSQL, because the embedded database is open in one process: set ${missing}, or WORKERS=1`,
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
    () => refuseWorkers(config, parts),
    ...(parts.length === 2 ? [() => sharesPort(config)] : []),
    () => brandOf(config),
    ...(isAuth ? [() => refuseAccount(config)] : []),
    ...(isAuth ? [() => refuseDatabaseUrl('DATABASE_URL', config.DATABASE_URL)] : []),
    ...(parts.includes('mcp') ? [() => refuseDatabaseUrl('NOTES_DATABASE_URL', config.NOTES_DATABASE_URL)] : []),
  ]
  await judgeAll(checks)
}
