/**
 * What a fault happens to: two processes of the authorization server and one of the MCP server on a PostgreSQL of their own, each
 * kind behind a proxy, the way to the database through a relay. Everything on loopback.
 */

import pg from 'pg'
import type { Account } from '../support/authorization.js'
import { type Browser, createBrowser } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { type FrontProxy, startFrontProxy } from '../support/front-proxy.js'
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.js'
import { type Postgres, startPostgres, urlOf } from '../support/postgres.js'
import { type Standby, startStandby } from '../support/postgres-standby.js'
import { type Relay, startRelay } from '../support/relay.js'
import { temporaryFolder } from '../support/run-folder.js'
import { testAccount } from '../support/settings.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'
import type { PersonName } from './facts.js'

export interface World {
  /** The first one, and what follows it where the world has that. */
  readonly postgres: Postgres
  readonly standby?: Standby
  /** Between the relay and PostgreSQL, where the world has it. */
  readonly pooler?: PgBouncer
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

export interface WorldOptions {
  /** Settings of every process. */
  readonly env?: Readonly<Record<string, string>>
  /** Further ones of the second authorization server. */
  readonly secondEnv?: Readonly<Record<string, string>>
  /** PostgreSQL's files are put here, a folder that exists. */
  readonly postgresFolder?: string
  /** A second PostgreSQL follows the first, which acknowledges nothing that the second has not. */
  readonly withStandby?: true
  /** PgBouncer in transaction mode stands before PostgreSQL. */
  readonly withPooler?: true
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
  database: 'auth' | 'postgres',
  work: (client: pg.Client) => Promise<T>,
) {
  const client = new pg.Client({ connectionString: await postgres.url(database) })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Starts everything; a few seconds. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { env = {}, secondEnv = {}, postgresFolder } = options
  const postgres = await startPostgres(postgresFolder === undefined ? {} : { folder: postgresFolder })
  const pooler = options.withPooler && (await startPgBouncer(postgres.port, 6))
  const relay = await startRelay(pooler?.port ?? postgres.port)
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
  const databaseUrl = await postgres.url('auth')
  const notesUrl = await postgres.url('notes')
  const standby = options.withStandby && (await startStandby(postgres))
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
    startStackProcess({ database: 'postgresql', only, env: { ...shared, ...more } })
  const [first, second, mcp] = await Promise.all([
    start('auth', { AUTH_PORT: String(firstPort), ...bootstrap(accounts.ada) }),
    start('auth', { AUTH_PORT: String(secondPort), ...bootstrap(accounts.grace), ...secondEnv }),
    start('mcp', { MCP_PORT: String(mcpPort) }),
  ])
  return {
    postgres,
    ...(standby && { standby }),
    ...(pooler && { pooler }),
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
      // The one that follows first: without it, the other one waits.
      await standby?.stop()
      await pooler?.stop()
      await postgres.stop()
    },
  }
}
