/**
 * A PgBouncer of its own in transaction mode before a PostgreSQL of the tests, with so few connections to it that every session
 * is somebody else's a moment later. Does not install anything: whoever lacks it is told what to install.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { endWithRun } from './end-with-run.js'
import { eventually } from './eventually.js'
import { freePort } from './free-port.js'
import { unprivilegedUser, urlOf } from './postgres.js'

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

const places = ['/usr/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'].map((folder) =>
  join(folder, 'pgbouncer'),
)

function program(): string {
  const found = places.find((path) => existsSync(path))
  if (found === undefined) throw new Error('this machine has no PgBouncer: install the Debian package pgbouncer')
  return found
}

/** The README's example, as far as a throwaway one needs it. */
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
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 300
server_login_retry = 1
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

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

/** Before the PostgreSQL at that port; `poolSize` connections to it for each database. */
export async function startPgBouncer(port: number, poolSize = 2): Promise<PgBouncer> {
  const path = program()
  const user = unprivilegedUser()
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pgbouncer-'))
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid)
  let own = 0
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(join(folder, 'users'), '"postgres" ""\n')
  const log = join(folder, 'log')
  const launch = async (): Promise<ChildProcess> => {
    const output = openSync(log, 'a')
    const child = spawn(path, [file], { ...user, cwd: folder, stdio: ['ignore', output, output] })
    closeSync(output)
    child.unref()
    if (child.pid !== undefined) endWithRun(child.pid, folder)
    await eventually(async () => {
      if (hasEnded(child)) throw new Error(`PgBouncer did not start:\n${readFileSync(log, 'utf8')}`)
      return ask(own, 'SHOW VERSION').then(
        () => true,
        () => false,
      )
    })
    return child
  }
  /** On a port that nobody else has taken by the time it is used. */
  const launchSomewhere = async (): Promise<ChildProcess> => {
    for (let tries = 1; ; tries += 1) {
      own = await freePort()
      writeFileSync(file, configuration(port, own, folder, poolSize))
      try {
        return await launch()
      } catch (error) {
        if (tries === 5 || !String(error).includes('Address already in use')) throw error
      }
    }
  }
  let child = await launchSomewhere()
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await eventually(async () => hasEnded(child))
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
      await end('SIGKILL')
      child = await launch()
    },
    stop: async () => {
      await end('SIGTERM')
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
  }
}
