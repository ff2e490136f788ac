/**
 * A PgBouncer of its own in transaction mode before a PostgreSQL of the tests, with so few connections to it that every session
 * is somebody else's a moment later. Nothing is installed: `describeWith('pgbouncer', …)` skips the tests where there is none.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { demandCapability } from './capabilities.js'
import { createDaemon, newGround } from './daemon.js'
import { freePort } from './free-port.js'
import { findProgram } from './machine.mjs'
import { urlOf } from './postgres.js'

export interface PgBouncer {
  readonly port: number
  /** The URL of the same database by way of it. */
  through(url: string): string
  /** Transactions it has passed on so far, over all databases. */
  transactions(): Promise<number>
  /** SIGKILL, and started anew on the same port. */
  killAndRestart(): Promise<void>
  stop(): Promise<void>
}

/** Of the manual's example (docs/operations/pooler.md): what a throwaway one has too. */
export const poolerSettings = { pool_mode: 'transaction', server_login_retry: '1' }

/** Time limits that the manual gives to the roles, because a pooler passes on none. */
export const roleLimits = { statement_timeout: '10s', lock_timeout: '5s', idle_in_transaction_session_timeout: '10s' }

const shared = Object.entries(poolerSettings).map(([name, value]) => `${name} = ${value}`)

const configuration = (port: number, own: number, folder: string, poolSize: number) => `
[databases]
* = host=127.0.0.1 port=${port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${own}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, 'users')}
admin_users = postgres
${shared.join('\n')}
default_pool_size = ${poolSize}
max_client_conn = 300
`

async function ask(port: number, command: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: urlOf(port, 'pgbouncer'), connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(command)).rows
  } finally {
    await client.end()
  }
}

/** Before the PostgreSQL at that port; `poolSize` connections to it for each database. */
export async function startPgBouncer(port: number, poolSize = 2): Promise<PgBouncer> {
  demandCapability('pgbouncer')
  const ground = newGround('pgbouncer')
  const file = join(ground.folder, 'pgbouncer.ini')
  writeFileSync(join(ground.folder, 'users'), '"postgres" ""\n')
  let own = 0
  const daemon = createDaemon(ground, {
    name: 'pgbouncer',
    program: findProgram('pgbouncer') ?? 'pgbouncer',
    args: [file],
    isUp: () =>
      ask(own, 'SHOW VERSION').then(
        () => true,
        () => false,
      ),
  })
  // On a port that nobody else has taken by the time it is used.
  for (let tries = 1; ; tries += 1) {
    own = await freePort()
    writeFileSync(file, configuration(port, own, ground.folder, poolSize))
    try {
      await daemon.start()
      break
    } catch (error) {
      if (tries === 5 || !String(error).includes('Address already in use')) throw error
    }
  }
  return {
    port: own,
    through: (url) => {
      const pooled = new URL(url)
      pooled.port = String(own)
      return pooled.href
    },
    transactions: async () =>
      (await ask(own, 'SHOW STATS')).reduce((sum, { total_xact_count: count }) => sum + Number(count), 0),
    killAndRestart: async () => {
      await daemon.end('SIGKILL')
      await daemon.start()
    },
    stop: async () => {
      await daemon.end('SIGTERM')
      ground.remove()
    },
  }
}
