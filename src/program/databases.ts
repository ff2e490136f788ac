/**
 * Opens and migrates the database of each server, for servers and command line alike. The tables belong to storage/, mcp-host/
 * and notes/.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../base/clock.js'
import { loadEncryptionKeys } from '../base/encryption-key.js'
import { createLogger, type Logger } from '../base/log.js'
import { createSecretBox } from '../base/secrets.js'
import type { Config } from '../config/config.js'
import { type Database, defaultLimits, openServerDatabase } from '../database/database.js'
import { openSharedDatabase } from '../database/database-guest.js'
import { shareDatabase } from '../database/database-share.js'
import { FolderInUse } from '../database/folder-lock.js'
import { migrate, pendingMigrations } from '../database/migrate.js'
import type { Statement } from '../database/sql.js'
import { probeSecretUnder } from '../http/proxy-probe.js'
import { createAuditTrail } from '../storage/audit/audit.js'
import { type KeyPolicy, keyPolicy } from '../storage/keys/key-lifecycle.js'
import { type KeyRing, openKeyRing } from '../storage/keys/key-ring.js'
import { ensureKeys, hasKeys } from '../storage/keys/keys.js'
import { createStorage, type Storage } from '../storage/storage.js'
import { embeddedFolder, hasEmbeddedDatabase, nameOf, prepareDatabases } from './data-folder.js'
import { isEmbedded, type Part } from './parts-served.js'

/** Once for each clock: a load balancer asks every second. */
function tellWrongClock(part: Part, log: Logger): (aheadSeconds: number) => void {
  let told: number | undefined
  return (aheadSeconds) => {
    if (told !== undefined && Math.abs(aheadSeconds - told) <= 1) return
    told = aheadSeconds
    log.error({ part, aheadSeconds }, "not ready: the clock of this machine is not the database's")
  }
}

/** The database of a part: the server its URL names, or the embedded one. Not migrated yet. */
export async function openDatabase(config: Config, part: Part, log: Logger): Promise<Database> {
  const url = part === 'auth' ? config.DATABASE_URL : config.NOTES_DATABASE_URL
  if (url === undefined) {
    await prepareDatabases(config, [part])
    // PGlite is loaded where it is used.
    const { openEmbeddedSchema } = await import('../database/embedded-database.js')
    return openEmbeddedSchema(embeddedFolder(config, part), nameOf(part))
  }
  return openServerDatabase({
    url,
    poolSize: config.DATABASE_POOL_SIZE,
    // Only notes are searched.
    searchConnections: part === 'mcp' ? 2 : 0,
    pooled: config.DATABASE_POOLER === 'transaction',
    limits: {
      connectSeconds: config.DATABASE_CONNECT_TIMEOUT_SECONDS,
      statementSeconds: config.DATABASE_STATEMENT_TIMEOUT_SECONDS,
      searchSeconds: Math.min(defaultLimits.searchSeconds, config.DATABASE_STATEMENT_TIMEOUT_SECONDS),
      lockSeconds: config.DATABASE_LOCK_TIMEOUT_SECONDS,
      idleTransactionSeconds: config.DATABASE_IDLE_TRANSACTION_TIMEOUT_SECONDS,
      waitingStatements: config.DATABASE_QUEUE_LIMIT,
    },
    onIdleError: (error) => log.warn({ err: error, part }, 'an idle database connection was lost'),
    onWrongClock: tellWrongClock(part, log),
  })
}

const pendingAdvice = 'database migrations are pending: run `gatehouse migrate`'

/** The database of a part, also when a running server has the embedded one open and lets commands in. */
export async function openBeside(config: Config, part: Part): Promise<Database> {
  try {
    return await openDatabase(config, part, createLogger('silent'))
  } catch (error) {
    const shared = error instanceof FolderInUse ? await openSharedDatabase(config.DATA_DIR, nameOf(part)) : undefined
    if (shared === undefined) throw error
    return shared
  }
}

/**
 * The same for one command that needs the newest schema; `migrations` is their folder. Makes nothing and runs no DDL: that is for
 * `gatehouse migrate` and for a start. Throws one clear line when there is no database yet, or migrations are pending.
 */
export async function openForCommand(config: Config, part: Part, migrations: string): Promise<Database> {
  if (isEmbedded(config, part) && !hasEmbeddedDatabase(config, part)) {
    const folder = embeddedFolder(config, part)
    throw new Error(`there is no database in ${folder} yet: start the server once, or run \`gatehouse migrate\``)
  }
  const database = await openBeside(config, part)
  try {
    if ((await pendingMigrations(database, migrations)).length > 0) throw new Error(pendingAdvice)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Lets commands work beside this server, where it has an embedded database. Resolves to what ends that. */
export async function letCommandsIn(config: Config, part: Part, database: Database): Promise<() => Promise<void>> {
  return database.embedded ? shareDatabase(database, config.DATA_DIR, nameOf(part)) : async () => undefined
}

/** Applies pending migrations, or refuses to go on when the operator applies them. */
export async function bringUpToDate(config: Config, database: Database, folder: string, log: Logger): Promise<void> {
  if (config.MIGRATE_ON_START) {
    const applied = await migrate(database, folder)
    if (applied.length > 0) log.info({ applied }, 'migrations applied')
  } else if ((await pendingMigrations(database, folder)).length > 0) {
    throw new Error(`${pendingAdvice}, or set MIGRATE_ON_START=true`)
  }
  await warnOfMissingLimits(config, database, log)
}

const unlimited: Statement = {
  name: 'time_limits_missing',
  lane: 'read',
  text: `SELECT name FROM pg_settings WHERE setting = '0'
    AND name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') ORDER BY name`,
}

/** Through a pool in transaction mode the servers cannot set time limits: they must be set in PostgreSQL. */
async function warnOfMissingLimits(config: Config, database: Database, log: Logger): Promise<void> {
  if (config.DATABASE_POOLER === 'none' || database.embedded) return
  const { rows } = await database.sql.query<{ name: string }>(unlimited, [])
  if (rows.length === 0) return
  const missing = rows.map(({ name }) => name)
  log.warn({ missing }, 'the database role has no time-outs, and a pooler passes none on: ALTER ROLE … SET')
}

/** Of ENCRYPTION_KEY, or of the file in DATA_DIR, which is made for a new database only: another key would open nothing of an old one. */
async function encryptionKeys(config: Config, database: Database): Promise<readonly string[]> {
  if (config.ENCRYPTION_KEY !== undefined) return config.ENCRYPTION_KEY
  const file = encryptionKeyFile(config)
  if (!existsSync(file) && (await hasKeys(database))) {
    throw new Error(
      `${file} is missing, and the secrets in the database are encrypted with it: restore it, or set ENCRYPTION_KEY to its content`,
    )
  }
  return loadEncryptionKeys(file)
}

/** The encryption keys as they are, the one that seals first; `undefined` when there are none yet. Makes nothing. */
export function encryptionKeysAtHand(
  config: Pick<Config, 'ENCRYPTION_KEY' | 'DATA_DIR'>,
): readonly string[] | undefined {
  if (config.ENCRYPTION_KEY !== undefined) return config.ENCRYPTION_KEY
  const file = encryptionKeyFile(config)
  return existsSync(file) ? loadEncryptionKeys(file) : undefined
}

/**
 * Secrets that only a server and its operator's command line have. The MCP server never gets the encryption key: if one process
 * runs both (`only` is undefined), it gets a secret derived from it.
 */
export function operatorSecrets(config: Config, part: Part, only: Part | undefined): readonly string[] {
  const encryptionKeys = only === 'mcp' ? [] : (encryptionKeysAtHand(config) ?? [])
  const shared = config.MCP_SERVER_SECRET === undefined ? [] : [config.MCP_SERVER_SECRET]
  if (part === 'auth') return [...encryptionKeys, ...shared]
  const introspection = config.introspectionClient === undefined ? [] : [config.introspectionClient.clientSecret]
  return [...shared, ...introspection, ...encryptionKeys.map(probeSecretUnder)]
}

/** Where the encryption keys are that the operator did not bring. */
export function encryptionKeyFile(config: Pick<Config, 'DATA_DIR'>): string {
  return join(config.DATA_DIR, 'encryption.key')
}

/** Opens the authorization server's storage over a migrated database; the command line uses it too. */
export async function storageOver(config: Config, database: Database, clock: Clock): Promise<Storage> {
  const [first = '', ...older] = await encryptionKeys(config, database)
  return createStorage({
    database,
    secretBox: createSecretBox(first, ...older),
    clock,
    refreshGraceSeconds: config.REFRESH_GRACE_SECONDS,
  })
}

/** When keys change, for servers and command line alike. */
export function keyPolicyOf(config: Config): KeyPolicy {
  return keyPolicy({
    rotationDays: config.KEY_ROTATION_DAYS,
    leadSeconds: config.KEY_LEAD_SECONDS,
    sessionTtlSeconds: config.SESSION_TTL_SECONDS,
  })
}

/** Tells the operator where the encryption key is that nobody brought. */
export function noteKeyFile(config: Config, log: Logger): void {
  if (config.ENCRYPTION_KEY !== undefined || config.issuerIsLoopback) return
  const file = encryptionKeyFile(config)
  log.info({ file }, 'the secrets in the database are encrypted with the key in this file: keep a copy apart from both')
}

/** The keys in force; made first when there are none. Throws when the encryption key is the wrong one. */
export async function openKeys(config: Config, storage: Storage, log: Logger): Promise<KeyRing> {
  await ensureKeys(storage)
  return openKeyRing({ storage, policy: keyPolicyOf(config), audit: createAuditTrail(storage, log) })
}
