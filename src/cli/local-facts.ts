/** Gathers what `gatehouse doctor --local` judges: settings, databases, keys, disk, addresses. Changes nothing, makes nothing. */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Clock } from '../base/clock.js'
import { createSecretBox, randomSecret } from '../base/secrets.js'
import { type Config, ConfigError } from '../config/config.js'
import type { Database } from '../database/database.js'
import { FolderInUse } from '../database/folder-lock.js'
import { migrationState } from '../database/migrate.js'
import { isReadOnlyError } from '../database/outage.js'
import { FileMistakes } from '../declarations/declaration-file.js'
import { createDiagnosticNetwork, type DiagnosticNetworkOptions } from '../doctor/diagnostic-network.js'
import { answerOf } from '../doctor/exchange.js'
import { readDatabaseCondition } from '../doctor/local/database-condition.js'
import type {
  AddressFacts,
  DatabaseFacts,
  DiskFacts,
  EncryptionKeyFacts,
  FeedFacts,
  LocalFacts,
  MailFacts,
  Part,
  StoredFacts,
} from '../doctor/local/facts.js'
import { claimedAddress } from '../doctor/local/proxy-checks.js'
import { createProxyProbe, probeHeaders } from '../http/proxy-probe.js'
import { overdueNotesRows } from '../mcp-host/expired-rows.js'
import { tryFollowing } from '../mcp-host/revocations.js'
import { notesMigrations } from '../notes/notes-database.js'
import { type Declarations, notesIn } from '../oauth/declared-resource.js'
import { authorizationServerMetadataUrls, pathOf, protectedResourceMetadataUrl } from '../oauth/well-known.js'
import { createSmtpClient } from '../outbound/smtp.js'
import { hasEmbeddedDatabase } from '../program/data-folder.js'
import {
  encryptionKeyFile,
  encryptionKeysAtHand,
  keyPolicyOf,
  openBeside,
  operatorSecrets,
} from '../program/databases.js'
import { declaredByFile } from '../program/declarations/declared-by-file.js'
import { notesConfig } from '../program/declarations/in-force.js'
import { isEmbedded } from '../program/parts-served.js'
import { overruledSettings, productionWarnings } from '../program/production.js'
import { checkSettings } from '../program/settings-check.js'
import { internalUrl, ownClient } from '../program/topology.js'
import { readStorageCondition, type StorageCondition } from '../storage/condition.js'
import { authMigrations, createStorage } from '../storage/storage.js'
import { loadConfig, type Terminal } from './command.js'
import { describeFailure } from './failure.js'

export interface LocalExamination {
  readonly only: Part | undefined
  readonly network: Omit<DiagnosticNetworkOptions, 'startUrl' | 'clock'>
}

/** The settings, those of the notes as they are declared; or why no server starts with them. */
async function readSettings(
  terminal: Terminal,
  parts: readonly Part[],
): Promise<{ config?: Config; declared?: Declarations; mistakes: readonly string[] }> {
  try {
    const config = loadConfig(terminal)
    await checkSettings(config, parts)
    const declared = await declaredByFile(config, parts, terminal.environment)
    return { config: notesConfig(config, declared), declared, mistakes: [] }
  } catch (error) {
    return {
      mistakes:
        error instanceof FileMistakes
          ? error.lines
          : error instanceof ConfigError
            ? error.mistakes
            : [describeFailure(error)],
    }
  }
}

function readEncryptionKey(config: Config): { facts?: EncryptionKeyFacts; keys?: readonly string[] } {
  const file = config.ENCRYPTION_KEY === undefined ? { file: encryptionKeyFile(config) } : {}
  try {
    const keys = encryptionKeysAtHand(config)
    if (keys === undefined) return {}
    // On Windows the file mode says nothing about who may read.
    const hasModes = process.platform !== 'win32'
    const isReadableByOthers = file.file !== undefined && hasModes && (statSync(file.file).mode & 0o077) !== 0
    return { facts: { ...file, isReadableByOthers }, keys }
  } catch (error) {
    return { facts: { ...file, flaw: describeFailure(error) } }
  }
}

/** What is in the authorization server's database. */
async function readStored(
  config: Config,
  database: Database,
  clock: Clock,
  keys: readonly string[] | undefined,
): Promise<StorageCondition> {
  // Without a key nothing is tried: a key of the moment opens nothing, and the answer is left out.
  const [first, ...older] = keys ?? [randomSecret()]
  const secretBox = createSecretBox(first ?? randomSecret(), ...older)
  const storage = createStorage({ database, secretBox, clock, refreshGraceSeconds: config.REFRESH_GRACE_SECONDS })
  try {
    const auditRetentionSeconds = config.AUDIT_RETENTION_DAYS === 0 ? undefined : config.AUDIT_RETENTION_DAYS * 86_400
    const condition = await readStorageCondition(storage, { policy: keyPolicyOf(config), auditRetentionSeconds })
    return keys === undefined ? { ...condition, seals: [] } : condition
  } finally {
    await storage.prisma.$disconnect()
  }
}

/** Connections that only read are refused by the pool itself, so nothing else is known of such a database. */
function stateAfter(error: unknown): DatabaseFacts['state'] {
  if (error instanceof FolderInUse) return 'in use'
  const isReadOnly = isReadOnlyError(error) || (error instanceof Error && isReadOnlyError(error.cause))
  return isReadOnly ? 'read-only' : 'unreachable'
}

interface Examined {
  readonly facts: DatabaseFacts
  readonly stored?: StoredFacts
}

async function examineDatabase(
  config: Config,
  part: Part,
  clock: Clock,
  keys: readonly string[] | undefined,
): Promise<Examined> {
  const known = {
    part,
    isEmbedded: isEmbedded(config, part),
    poolSize: config.DATABASE_POOL_SIZE,
    wantedLimits: {
      statementSeconds: config.DATABASE_STATEMENT_TIMEOUT_SECONDS,
      lockSeconds: config.DATABASE_LOCK_TIMEOUT_SECONDS,
      idleTransactionSeconds: config.DATABASE_IDLE_TRANSACTION_TIMEOUT_SECONDS,
    },
    migratesOnStart: config.MIGRATE_ON_START,
  }
  let database: Database | undefined
  try {
    if (known.isEmbedded && !hasEmbeddedDatabase(config, part)) {
      return { facts: { ...known, state: 'unmade', detail: 'the first start makes it' } }
    }
    database = await openBeside(config, part)
    const condition = await readDatabaseCondition(database.sql, clock)
    const migrations = await migrationState(database, part === 'auth' ? authMigrations : notesMigrations)
    const facts: DatabaseFacts = { ...known, state: 'open', detail: '', condition, migrations }
    // Nothing is known of what is in a schema that is another one.
    if (migrations.pending.length > 0) return { facts }
    if (part === 'mcp') return { facts: { ...facts, overdueRows: await overdueNotesRows(database.sql, clock) } }
    const { overdueRows, ...stored } = await readStored(config, database, clock, keys)
    return { facts: { ...facts, overdueRows }, stored }
  } catch (error) {
    return { facts: { ...known, state: stateAfter(error), detail: describeFailure(error) } }
  } finally {
    await database?.close()
  }
}

function readDisk(config: Config, parts: readonly Part[]): DiskFacts | undefined {
  const isUsed =
    (parts.includes('auth') && (config.DATABASE_URL === undefined || config.ENCRYPTION_KEY === undefined)) ||
    (parts.includes('mcp') && config.NOTES_DATABASE_URL === undefined)
  if (!isUsed) return undefined
  let folder = resolve(config.DATA_DIR)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  const { bavail, bsize } = statfsSync(folder)
  let isWritable = true
  try {
    accessSync(folder, constants.W_OK)
  } catch {
    isWritable = false
  }
  return { folder, freeBytes: bavail * bsize, isWritable }
}

type Address = Omit<AddressFacts, 'exchange' | 'certificate' | 'received' | 'isProbed'> & {
  readonly document: string
}

function addressesOf(config: Config, only: Part | undefined, hasNotes: boolean): readonly Address[] {
  const { ISSUER_URL: issuer, RESOURCE_URL: resource } = config
  const atIssuer = (setting: Address['setting'], url: string): Address => ({
    ...{ setting, url, document: authorizationServerMetadataUrls(url)[0] ?? url },
    ...{ member: 'issuer', identifier: issuer },
  })
  const document = protectedResourceMetadataUrl(resource)
  const named = { member: 'resource', identifier: resource }
  const atResource: readonly Address[] = hasNotes
    ? [{ setting: 'RESOURCE_URL', url: resource, document, ...named }]
    : []
  if (only === 'auth') return [atIssuer('ISSUER_URL', issuer)]
  // One process that runs both reaches itself.
  if (only === undefined) return [atIssuer('ISSUER_URL', issuer), ...atResource]
  return [...atResource, atIssuer('ISSUER_INTERNAL_URL', internalUrl(config, only) ?? issuer)]
}

/** What the server at a public address has too, whichever it is. */
function secretFor({ setting }: Address, config: Config, only: Part | undefined): string | undefined {
  if (setting === 'ISSUER_INTERNAL_URL') return undefined
  return operatorSecrets(config, setting === 'ISSUER_URL' ? 'auth' : 'mcp', only)[0]
}

/** `secret`: seals the proxy probe. Only for https addresses: without TLS the probe cannot tell a proxy from none. */
async function ask(
  { document, ...address }: Address,
  secret: string | undefined,
  options: LocalExamination['network'],
  clock: Clock,
): Promise<AddressFacts> {
  const network = createDiagnosticNetwork({ ...options, startUrl: address.url, clock })
  const isHttps = document.startsWith('https:')
  const question = secret === undefined || !isHttps ? undefined : createProxyProbe(secret, clock)
  const headers = {
    accept: 'application/json',
    // A cached copy would report another request.
    'cache-control': 'no-cache',
    ...(question && { [probeHeaders.probe]: question.text, 'x-forwarded-for': claimedAddress }),
  }
  try {
    const [exchange, certificate] = await Promise.all([
      network.send({ method: 'GET', url: document, headers }),
      isHttps ? network.certificate(new URL(document).origin) : undefined,
    ])
    const received = question?.read(answerOf(exchange)?.headers.get(probeHeaders.report) ?? null)
    return { ...address, exchange, certificate, received, isProbed: question !== undefined }
  } finally {
    await network.close()
  }
}

/** Only where the authorization server answers: that it does not is known then. */
async function askFeed(
  config: Config,
  only: Part | undefined,
  addresses: readonly AddressFacts[],
  clock: Clock,
): Promise<FeedFacts | undefined> {
  const credentials = config.introspectionClient ?? ownClient(config, config.MCP_SERVER_SECRET)
  const isThere = addresses.some(({ member, exchange }) => member === 'issuer' && answerOf(exchange)?.status === 200)
  if (only === 'auth' || credentials === undefined || !isThere) return undefined
  // One process that runs both asks itself in memory; from this one, its port is asked, past the proxy.
  const own = `http://127.0.0.1:${config.authPort}${pathOf(config.ISSUER_URL)}`
  const internal = only === undefined ? own : internalUrl(config, only)
  return tryFollowing({ issuer: config.ISSUER_URL, internalUrl: internal, credentials, clock })
}

async function askMail({ SMTP_URL: url }: Config, parts: readonly Part[]): Promise<MailFacts | undefined> {
  if (url === undefined || !parts.includes('auth')) return undefined
  return { failure: await createSmtpClient(url, 10_000).check() }
}

/** Never rejects for what is wrong with the deployment: that is what it is for. */
export async function gatherLocalFacts(terminal: Terminal, { only, network }: LocalExamination): Promise<LocalFacts> {
  const { clock } = terminal
  const parts = (['auth', 'mcp'] as const).filter((part) => only === undefined || part === only)
  const { config, declared = { resources: [], assertionIssuers: [] }, mistakes } = await readSettings(terminal, parts)
  const nothing = { ...{ at: clock.now(), parts, mistakes, warnings: [], databases: [], stored: undefined } }
  if (config === undefined) {
    const further = { encryptionKey: undefined, disk: undefined, addresses: [] }
    return { ...nothing, ...further, clientsMayCome: true, followsRevocations: true, feed: undefined }
  }
  const encryption = parts.includes('auth') ? readEncryptionKey(config) : {}
  // A flaw of the encryption key is a finding of its own.
  const secretAt = (one: Address) => (encryption.facts?.flaw === undefined ? secretFor(one, config, only) : undefined)
  const [examined, addresses] = await Promise.all([
    Promise.all(parts.map((part) => examineDatabase(config, part, clock, encryption.keys))),
    Promise.all(
      addressesOf(config, only, notesIn(declared) !== undefined).map((one) => ask(one, secretAt(one), network, clock)),
    ),
  ])
  const stored = examined.find((one) => one.stored !== undefined)?.stored
  const isMissing = parts.includes('auth') && encryption.keys === undefined && stored?.keys.areUnmade === false
  const missing = { file: encryptionKeyFile(config), flaw: `${encryptionKeyFile(config)} is missing` }
  return {
    ...nothing,
    warnings: [...config.settingWarnings, ...overruledSettings(config, declared), ...productionWarnings(config, only)],
    databases: examined.map(({ facts }) => facts),
    stored,
    encryptionKey: encryption.facts ?? (isMissing ? missing : undefined),
    disk: readDisk(config, parts),
    clientsMayCome: config.registrationMode !== 'closed' || config.CLIENT_ID_METADATA_DOCUMENTS,
    followsRevocations:
      only === undefined || config.MCP_SERVER_SECRET !== undefined || config.introspectionClient !== undefined,
    feed: await askFeed(config, only, addresses, clock),
    addresses,
    mail: await askMail(config, parts),
  }
}
