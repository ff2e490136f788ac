/**
 * What a fault happens to: two processes of the authorization server and one of the MCP server on a PostgreSQL of their own, each
 * kind behind a proxy, the way to the database through a relay. Everything on loopback.
 */

import pg from 'pg'
import type { Account } from '../support/authorization.js'
import { type Browser, createBrowser } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { type FrontProxy, startFrontProxy } from '../support/front-proxy.js'
import { urlOf } from '../support/postgres.js'
import { type Relay, startRelay } from '../support/relay.js'
import { temporaryFolder } from '../support/run-folder.js'
import { testAccount } from '../support/settings.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'
import type { PersonName } from './facts.js'
import { startWorldDatabase, type WorldDatabase, type WorldDatabaseOptions } from './world-database.js'

export interface World extends WorldDatabase {
  readonly relay: Relay
  /** In front of the authorization server, and in front of the MCP server. */
  readonly front: FrontProxy
  readonly mcpFront: FrontProxy
  readonly auth: readonly [StackProcess, StackProcess]
  readonly mcp: StackProcess
  readonly issuer: string
  readonly resource: string
  readonly accounts: Readonly<Record<PersonName, Account>>
  /** URL of the authorization server's database past the relay, where it leads now. */
  readonly databaseUrl: string
  newBrowser(): Browser
  close(): Promise<void>
}

export interface WorldOptions extends WorldDatabaseOptions {
  /** Settings of every process. */
  readonly env?: Readonly<Record<string, string>>
  /** Further ones of the second authorization server. */
  readonly secondEnv?: Readonly<Record<string, string>>
  /** Of every process, at first; this build's if not given. */
  readonly program?: string
}

const accounts = {
  ada: testAccount,
  grace: { email: 'grace@example.com', password: 'copper lantern twelve meadow otter' },
} as const

function bootstrap({ email, password }: Account): Record<string, string> {
  return { BOOTSTRAP_EMAIL: email, BOOTSTRAP_PASSWORD: password }
}

function through(relay: Relay, url: string): string {
  const relayed = new URL(url)
  relayed.port = String(relay.port)
  return relayed.href
}

export const processes = ({ auth, mcp }: World): readonly StackProcess[] => [...auth, mcp]

/** A session of our own at the database, past the relay, that outlives what is done to the others. */
export async function withSession<T>(
  { postgres }: World,
  name: 'auth' | 'postgres',
  work: (client: pg.Client) => Promise<T>,
) {
  const client = new pg.Client({ connectionString: await postgres.url(name) })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Starts everything; a few seconds. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { env = {}, secondEnv = {}, program } = options
  const database = await startWorldDatabase(options)
  const { standby, pooler, patroni } = database
  const relay = await startRelay(database.port)
  const [issuerPort, resourcePort, firstPort, secondPort, mcpPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const front = await startFrontProxy(issuerPort, [firstPort, secondPort])
  const mcpFront = await startFrontProxy(resourcePort, [mcpPort])
  const issuer = `http://localhost:${issuerPort}`
  const resource = `http://localhost:${resourcePort}/mcp`
  const databaseUrl = await database.url('auth')
  const notesUrl = await database.url('notes')
  const shared = {
    ISSUER_URL: issuer,
    RESOURCE_URL: resource,
    DATA_DIR: temporaryFolder('data'),
    DATABASE_URL: through(relay, databaseUrl),
    NOTES_DATABASE_URL: through(relay, notesUrl),
    ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64url'),
    MCP_SERVER_SECRET: 'of-servers-that-are-about-to-be-hurt',
    LOG_LEVEL: 'info',
    DATABASE_POOLER: pooler === undefined ? 'none' : 'transaction',
    ...env,
  }
  const start = (only: 'auth' | 'mcp', more: Record<string, string>) =>
    startStackProcess({ database: 'postgresql', only, env: { ...shared, ...more }, ...(program && { program }) })
  const [first, second, mcp] = await Promise.all([
    start('auth', { AUTH_PORT: String(firstPort), ...bootstrap(accounts.ada) }),
    start('auth', { AUTH_PORT: String(secondPort), ...bootstrap(accounts.grace), ...secondEnv }),
    start('mcp', { MCP_PORT: String(mcpPort) }),
  ])
  return {
    get postgres() {
      return database.postgres
    },
    ...(standby && { standby }),
    ...(pooler && { pooler }),
    ...(patroni && { patroni }),
    relay,
    front,
    mcpFront,
    auth: [first, second],
    mcp,
    issuer,
    resource,
    accounts,
    get databaseUrl() {
      return urlOf(relay.target, 'auth')
    },
    newBrowser: () => createBrowser([issuer, resource]),
    close: async () => {
      const all = [first, second, mcp]
      await Promise.all(all.map((process) => process.kill9()))
      await Promise.all([front.close(), mcpFront.close(), relay.close()])
      await database.stop()
    },
  }
}
