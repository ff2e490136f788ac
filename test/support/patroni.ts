/**
 * Three PostgreSQLs kept by Patroni, with etcd and behind HAProxy, all on loopback: on the very files that the manual hands to
 * operators (docs/operations), which are given other addresses and passwords that nobody asks for.
 */
import { execFile, execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { z } from 'zod'
import { createDaemon, type Daemon, type Environment, type Ground, newGround, runOptions } from './daemon.js'
import { firstAnswer } from './eventually.js'
import { freePort } from './free-port.js'
import { findProgram } from './machine.mjs'
import { binary, ensureDatabase, killWithChildren, type Postgres, urlOf } from './postgres.js'

/** One machine of the cluster: Patroni and its PostgreSQL. */
export interface PatroniNode {
  readonly name: string
  /** Of PostgreSQL itself, past HAProxy. */
  readonly port: number
  /** Answers Patroni's `/primary` with 200: it leads. */
  leads(): Promise<boolean>
  /** SIGKILL for Patroni, then for PostgreSQL: nobody is left to start it again. Files stay; see `start`. */
  kill9(): Promise<void>
  start(): Promise<void>
  /** SIGSTOP for Patroni alone: PostgreSQL goes on and does not know that another one may be promoted. */
  freeze(): void
  thaw(): void
}

/** `port` and `url` are HAProxy's: they lead to the primary. */
export interface PatroniCluster extends Pick<Postgres, 'port' | 'url' | 'stop'> {
  readonly nodes: readonly PatroniNode[]
  /** Resolves when one leads, other than `old`. */
  leader(old?: PatroniNode): Promise<PatroniNode>
  /** Resolves to who leads when all follow it, one of them synchronously. */
  settled(): Promise<PatroniNode>
  /** The planned way, an operator's command. Resolves when it has ended. */
  switchover(): Promise<void>
  /** SIGKILL; see `startEtcd`. */
  killEtcd(): Promise<void>
  startEtcd(): Promise<void>
}

const programs = { patroni: 'patroni', patronictl: 'patroni', etcd: 'etcd-server', haproxy: 'haproxy' } as const
type Program = keyof typeof programs

function program(name: Program): string {
  const found = findProgram(name)
  if (found === undefined) throw new Error(`this machine has no ${name}: install Debian's ${programs[name]}`)
  return found
}

/** What to install; undefined where all is there. */
export function whyNoPatroni(): string | undefined {
  const missing = Object.entries(programs).flatMap(([name, packages]) => (findProgram(name) ? [] : [packages]))
  return missing.length === 0 ? undefined : `install Debian's ${[...new Set(missing)].join(', ')}`
}

function sample(name: string, replacements: Readonly<Record<string, string>>): string {
  let text = readFileSync(new URL(`../../docs/operations/${name}`, import.meta.url), 'utf8')
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from)) throw new Error(`${name} does not say ${from}`)
    text = text.replaceAll(from, to)
  }
  return text
}

/** Status of an answer, 0 when there was none. */
async function statusOf(url: string, method = 'GET'): Promise<number> {
  try {
    const response = await fetch(url, { method, signal: AbortSignal.timeout(1_000) })
    await response.text()
    return response.status
  } catch {
    return 0
  }
}

const membersSchema = z.object({
  members: z.array(
    z.object({ name: z.string(), role: z.string(), state: z.string(), timeline: z.number().optional() }),
  ),
})

interface Node extends PatroniNode {
  readonly apiPort: number
  /** Its configuration, as a file and what differs for each. */
  readonly file: string
  readonly env: Environment
}

async function newNode(ground: Ground, name: string, etcdPort: number): Promise<Node> {
  const [port, apiPort] = [await freePort(), await freePort()]
  const own = ground.subfolder(name)
  const [file, dataFolder] = [join(own, 'patroni.yml'), join(own, 'data')]
  // Everything that names one machine, in the form that Patroni itself has for it.
  const env = {
    PATRONI_NAME: name,
    PATRONI_RESTAPI_LISTEN: `127.0.0.1:${apiPort}`,
    PATRONI_RESTAPI_CONNECT_ADDRESS: `127.0.0.1:${apiPort}`,
    PATRONI_ETCD_HOSTS: `127.0.0.1:${etcdPort}`,
    PATRONI_POSTGRESQL_LISTEN: `127.0.0.1:${port}`,
    PATRONI_POSTGRESQL_CONNECT_ADDRESS: `127.0.0.1:${port}`,
    PATRONI_POSTGRESQL_DATA_DIR: dataFolder,
    PATRONI_POSTGRESQL_BIN_DIR: dirname(binary('postgres')),
  }
  const local = { '10.0.0.0/24 scram-sha-256': '127.0.0.1/32 trust', '/var/run/postgresql': own }
  writeFileSync(file, sample('patroni.yml', local))
  const api = `http://127.0.0.1:${apiPort}`
  const isUp = async () => (await statusOf(`${api}/health`)) !== 0
  const patroni = createDaemon(ground, { name, program: program('patroni'), args: [file], env, isUp })
  return {
    name,
    port,
    apiPort,
    file,
    env,
    leads: async () => (await statusOf(`${api}/primary`, 'OPTIONS')) === 200,
    kill9: async () => {
      await patroni.end('SIGKILL')
      const postmaster = postmasterOf(dataFolder)
      if (postmaster !== undefined) await killWithChildren(postmaster)
    },
    start: () => patroni.start(),
    freeze: () => patroni.signal('SIGSTOP'),
    thaw: () => patroni.signal('SIGCONT'),
  }
}

/** Undefined where it does not run. Its file outlives it, and its number may be somebody else's by then. */
function postmasterOf(dataFolder: string): number | undefined {
  try {
    const [pid = ''] = readFileSync(join(dataFolder, 'postmaster.pid'), 'utf8').split('\n')
    const command = execFileSync('ps', ['-p', pid, '-o', 'args='], { encoding: 'utf8', stdio: 'pipe' })
    return command.includes(dataFolder) ? Number(pid) : undefined
  } catch {
    return undefined
  }
}

/** Flags of etcd. docs/operations/patroni.md sets the same by its variables. */
export const etcdFlags = [
  'name',
  'data-dir',
  'listen-client-urls',
  'advertise-client-urls',
  'listen-peer-urls',
  'initial-advertise-peer-urls',
  'initial-cluster',
  'enable-v2',
] as const

function newEtcd(ground: Ground, port: number, peerPort: number): Daemon {
  const [own, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`]
  const flags: Record<(typeof etcdFlags)[number], string> = {
    name: 'a',
    'data-dir': join(ground.folder, 'etcd'),
    'listen-client-urls': own,
    'advertise-client-urls': own,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `a=${peer}`,
    'enable-v2': 'true',
  }
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  const isUp = async () => (await statusOf(`${own}/health`)) === 200
  return createDaemon(ground, { name: 'etcd', program: program('etcd'), args, isUp })
}

/** Whether what the port leads to is a primary. */
async function writes(port: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: urlOf(port, 'postgres'), connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query('SHOW transaction_read_only')).rows[0]?.transaction_read_only === 'off'
  } catch {
    return false
  } finally {
    await client.end()
  }
}

function newHaproxy(ground: Ground, port: number, nodes: readonly Node[]): Daemon {
  const file = join(ground.folder, 'haproxy.cfg')
  const servers = nodes.map(({ port, apiPort }, index) => [
    `10.0.0.1${index + 1}:5432 check port 8008`,
    `127.0.0.1:${port} check port ${apiPort}`,
  ])
  writeFileSync(
    file,
    sample('haproxy.cfg', { '127.0.0.1:5000\n': `127.0.0.1:${port}\n`, ...Object.fromEntries(servers) }),
  )
  // Before its first checks it leads to all of them in turns.
  const isUp = async () => (await Promise.all(nodes.map(() => writes(port)))).every(Boolean)
  return createDaemon(ground, { name: 'haproxy', program: program('haproxy'), args: ['-db', '-f', file], isUp })
}

/** Half a minute: the first makes the cluster, the others copy it. */
export async function startPatroni(): Promise<PatroniCluster> {
  const ground = newGround('patroni')
  const [port, etcdPort] = [await freePort(), await freePort()]
  const etcd = newEtcd(ground, etcdPort, await freePort())
  const nodes = [
    await newNode(ground, 'a', etcdPort),
    await newNode(ground, 'b', etcdPort),
    await newNode(ground, 'c', etcdPort),
  ]
  const haproxy = newHaproxy(ground, port, nodes)

  const leader = (old?: PatroniNode): Promise<Node> =>
    firstAnswer('leader', 90, async () => {
      const candidates = nodes.filter((node) => node !== old)
      const leading = await Promise.all(candidates.map((node) => node.leads()))
      return candidates[leading.indexOf(true)]
    })
  /** For whoever asks why they do not agree. */
  let lastSeen = ''
  const isSettled = async (): Promise<boolean> => {
    const { apiPort } = await leader()
    const answer = await fetch(`http://127.0.0.1:${apiPort}/cluster`).then((response) => response.json())
    const { members } = membersSchema.parse(answer)
    lastSeen = JSON.stringify(members)
    const running = members.filter(({ state }) => state === 'running' || state === 'streaming')
    const timelines = new Set(members.map(({ timeline }) => timeline))
    const isSynchronous = members.some(({ role }) => role === 'sync_standby')
    return running.length === nodes.length && timelines.size === 1 && isSynchronous
  }
  const settled = async (): Promise<Node> => {
    const agreed = async () => (await isSettled().catch(() => false)) || undefined
    await firstAnswer('agreement of all', 120, agreed).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${lastSeen}`)
    })
    return leader()
  }
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.kill9()))
    await Promise.all([etcd.end('SIGKILL'), haproxy.end('SIGKILL')])
    ground.remove()
  }
  try {
    await etcd.start()
    await Promise.all(nodes.map((node) => node.start()))
    await settled()
    await haproxy.start()
  } catch (error) {
    await stop()
    throw error
  }
  return {
    port,
    nodes,
    url: (databaseName) => ensureDatabase(port, databaseName),
    leader,
    settled,
    switchover: async () => {
      const { file, env } = await leader()
      await promisify(execFile)(program('patronictl'), ['-c', file, 'switchover', '--force'], runOptions(ground, env))
    },
    killEtcd: () => etcd.end('SIGKILL'),
    startEtcd: () => etcd.start(),
    stop,
  }
}
