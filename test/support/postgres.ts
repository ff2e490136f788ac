/**
 * A throwaway PostgreSQL cluster from the machine's own binaries. Durable like a real one unless asked otherwise, reachable on loopback
 * only, trusting everybody there. Nothing is installed: `describeWith('postgresql', …)` skips the tests where there is none.
 */
import { execFileSync, spawn } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { demandCapability } from './capabilities.js'
import { endWithRun } from './end-with-run.js'
import { freePort } from './free-port.js'

export interface Postgres {
  readonly port: number
  readonly pid: number
  readonly dataFolder: string
  /** URL of a database, which is created when it does not exist. */
  url(databaseName: string): Promise<string>
  /** Ends the cluster at once and removes its files. */
  stop(): Promise<void>
  /** SIGKILL for the postmaster and every process of it, as a power cut would look to them. Files stay; see `restart`. */
  kill9(): Promise<void>
  /** Stops it as an operator does (fast shutdown): sessions are ended, everything is written. Files stay; see `restart`. */
  halt(): Promise<void>
  /** Starts the cluster again on the same files and port. */
  restart(): Promise<void>
}

export interface RunAs {
  readonly uid?: number
  readonly gid?: number
}

/** PostgreSQL refuses to run as root: then it runs as the first of these users that exists. */
export function unprivilegedUser(): RunAs {
  if (process.getuid?.() !== 0) return {}
  for (const user of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: 'pipe' }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {
      // No such user; try the next one.
    }
  }
  throw new Error('root cannot run PostgreSQL, and there is neither a user postgres nor nobody')
}

export function binary(name: string): string {
  demandCapability('postgresql')
  return join(process.env['TEST_POSTGRES_BIN'] ?? '', name)
}

export function urlOf(port: number, databaseName: string): string {
  return `postgresql://postgres@127.0.0.1:${port}/${databaseName}`
}

async function connect(port: number, databaseName: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: urlOf(port, databaseName), connectionTimeoutMillis: 2_000 })
  // A cluster that is killed ends connections with an error event, which nobody else listens for.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Creates a database unless it exists, as a copy of `template`, and returns its URL. Nobody may be connected to the template. */
export async function ensureDatabase(port: number, databaseName: string, template = 'template1'): Promise<string> {
  for (const name of [databaseName, template]) {
    if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) throw new Error(`${name} is no plain database name`)
  }
  const client = await connect(port, 'postgres')
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [databaseName])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${databaseName} TEMPLATE ${template}`)
  } finally {
    await client.end()
  }
  return urlOf(port, databaseName)
}

/** Another cluster may have taken the port in the meantime: it is not the one that was asked for. */
async function answers(port: number, folder: string): Promise<boolean> {
  try {
    const client = await connect(port, 'postgres')
    const { rows } = await client.query('SHOW data_directory')
    await client.end()
    return rows[0]?.data_directory === join(folder, 'data')
  } catch {
    return false
  }
}

async function untilItAnswers(port: number, folder: string, ended: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (ended()) break
    if (await answers(port, folder)) return
    await sleep(100)
  }
  throw new Error(`PostgreSQL did not start:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-2_000)}`)
}

/** Starts the postmaster in this process's group, so that Ctrl-C on a test run reaches it too. */
async function launch({ folder, user, isDurable = true }: Place, port: number): Promise<number> {
  const log = join(folder, 'log')
  const output = openSync(log, 'a')
  const options = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    max_connections: '200',
    fsync: isDurable ? 'on' : 'off',
    full_page_writes: isDurable ? 'on' : 'off',
  }
  const settings = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(binary('postgres'), ['-D', join(folder, 'data'), '-p', String(port), ...settings], {
    ...user,
    cwd: folder,
    env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    stdio: ['ignore', output, output],
  })
  child.unref()
  closeSync(output)
  let ended = false
  child.once('exit', () => {
    ended = true
  })
  await untilItAnswers(port, folder, () => ended)
  if (child.pid === undefined) throw new Error('PostgreSQL has no process id')
  endWithRun(child.pid, folder)
  return child.pid
}

const hasProc = existsSync('/proc/self/stat')

/** The fields of /proc/<pid>/stat after the parenthesised name: state, parent, …; undefined if there is no such process. */
function statOf(pid: number | string): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

function childrenOf(pid: number): number[] {
  if (!hasProc) {
    const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    const pairs = table.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
    return pairs.flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []))
  }
  const entries = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))
  return entries.filter((entry) => Number(statOf(entry)?.[1]) === pid).map(Number)
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended already, which is what every signal here is for.
  }
}

function isRunning(pid: number): boolean {
  // One that has ended stays in the table until its parent asks, and the init process of some containers never does.
  if (hasProc) return !['Z', 'X', undefined].includes(statOf(pid)?.[0])
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * SIGKILL for a postmaster and every process of it; resolves when all have ended. A port that is closed does not show that: PostgreSQL
 * does not start on files while a process of the old postmaster still holds their shared memory.
 */
export async function killWithChildren(pid: number): Promise<void> {
  // Stopped first, so that it cannot start another process between the look and the kill.
  signal(pid, 'SIGSTOP')
  const victims = [...childrenOf(pid), pid]
  for (const victim of victims) signal(victim, 'SIGKILL')
  for (let tries = 0; victims.some(isRunning); tries += 1) {
    if (tries === 2_400) throw new Error('PostgreSQL outlived SIGKILL for a minute')
    await sleep(25)
  }
}

async function untilGone(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      await (await connect(port, 'postgres')).end()
    } catch {
      return
    }
    await sleep(25)
  }
  throw new Error('PostgreSQL still answers')
}

export interface PostgresOptions {
  /** Where its files go; default: a temporary folder. */
  readonly folder?: string
  /** False if nothing of it needs to outlive the machine: then it does not wait for the disk. Default true. */
  readonly isDurable?: boolean
}

export interface Place {
  /** Where `data` and `log` are. */
  readonly folder: string
  readonly user: RunAs
  /** See PostgresOptions. */
  readonly isDurable?: boolean
}

/** A folder that PostgreSQL may write to, with an empty one for its data. */
export function newPlace(parent = tmpdir()): Place {
  const user = unprivilegedUser()
  const folder = mkdtempSync(join(parent, 'gatehouse-postgres-'))
  const dataFolder = join(folder, 'data')
  mkdirSync(dataFolder, { mode: 0o700 })
  if (user.uid !== undefined && user.gid !== undefined) {
    for (const path of [folder, dataFolder]) chownSync(path, user.uid, user.gid)
  }
  return { folder, user }
}

/** On a port that nobody else has taken by the time it is used. */
async function launchSomewhere(place: Place): Promise<{ port: number; pid: number }> {
  for (let tries = 1; ; tries += 1) {
    const port = await freePort()
    try {
      return { port, pid: await launch(place, port) }
    } catch (error) {
      if (tries === 5 || !String(error).includes('Address already in use')) throw error
    }
  }
}

/** Starts the cluster whose files are in place. */
export async function startCluster(place: Place): Promise<Postgres> {
  const { folder } = place
  const dataFolder = join(folder, 'data')
  const { port, ...launched } = await launchSomewhere(place)
  let { pid } = launched
  return {
    port,
    get pid() {
      return pid
    },
    dataFolder,
    url: (databaseName) => ensureDatabase(port, databaseName),
    stop: async () => {
      signal(pid, 'SIGQUIT')
      await untilGone(port)
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
    kill9: async () => {
      await killWithChildren(pid)
      // All its processes have ended. Left in place, the file would stop the next start if its pid was given to another process by then.
      rmSync(join(dataFolder, 'postmaster.pid'), { force: true })
    },
    halt: async () => {
      signal(pid, 'SIGINT')
      await untilGone(port)
      // The port is closed before the last process has written what it has.
      for (let tries = 0; tries < 400 && existsSync(join(dataFolder, 'postmaster.pid')); tries += 1) await sleep(25)
    },
    restart: async () => {
      pid = await launch(place, port)
    },
  }
}

/** Makes and starts a cluster of its own; about two seconds. Most tests want a database of the shared one instead: `createDatabase`. */
export async function startPostgres({ folder: parent, isDurable = true }: PostgresOptions = {}): Promise<Postgres> {
  const place = { ...newPlace(parent), isDurable }
  const flags = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '--no-instructions']
  execFileSync(binary('initdb'), ['-D', join(place.folder, 'data'), ...flags], {
    ...place.user,
    cwd: place.folder,
    stdio: 'pipe',
  })
  return startCluster(place)
}
