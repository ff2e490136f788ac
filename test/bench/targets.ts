/** Starts what is measured: the bare engine, and the whole stack on PostgreSQL and on the embedded database. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { declaredLimits } from '../../src/oauth/usage-limits.js'
import { freePort } from '../support/free-port.js'
import type { Postgres } from '../support/postgres.js'
import { temporaryFolder } from '../support/run-folder.js'
import { publishClientDocument } from './client-document.js'
import type { DatabaseStatistics } from './database-statistics.js'
import { familyCpuMs, residentMiB } from './process-usage.js'
import type { StartTime } from './result.js'
import { seed } from './seed.js'
import { type ServeProcess, type Settings, serve } from './serve-process.js'
import type { Target } from './target.js'

const loader = new URL('../support/typescript-loader.mjs', import.meta.url).href

/** Starts one of our scripts as a process of its own, and waits for its first message. */
export async function startScript(name: string, args: readonly string[]) {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), args, {
    execArgv: ['--import', loader, ...(process.env['BENCH_NODE_FLAGS']?.split(' ') ?? [])],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [message] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${name} ended before it was ready`))),
  ])
  return {
    message,
    pid: child.pid ?? 0,
    /** One question at a time; the next message is its answer. */
    ask: async (question: string): Promise<unknown> => {
      const answered = once(child, 'message')
      child.send(question)
      const [answer] = await answered
      return answer
    },
    stop: async () => {
      child.disconnect()
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

const bareMessage = z.object({
  origin: z.string(),
  client: z.object({ clientId: z.string(), redirectUri: z.string(), resource: z.string() }),
  confidential: z.object({ clientId: z.string(), clientSecret: z.string() }),
  codes: z.array(z.string()),
})

export async function startBareEngine(codeCount: number): Promise<Target> {
  const [main, opaque] = await Promise.all([
    startScript('bare-engine.ts', ['jwt', String(codeCount)]),
    startScript('bare-engine.ts', ['opaque']),
  ])
  const facts = bareMessage.parse(main.message)
  const opaqueFacts = bareMessage.parse(opaque.message)
  return {
    ...facts,
    name: 'bare',
    main: { origin: facts.origin, pid: main.pid },
    opaque: { origin: opaqueFacts.origin, pid: opaque.pid, confidential: opaqueFacts.confidential },
    mcpUrl: undefined,
    documentClientId: undefined,
    databaseCpuMs: () => undefined,
    statements: async () => undefined,
    close: async () => void (await Promise.all([main.stop(), opaque.stop()])),
  }
}

/** Addresses of its own, and the given databases. */
export async function stackSettings(dataDir: string, databases: Settings): Promise<Settings> {
  const [authPort, mcpPort] = [await freePort(), await freePort()]
  return {
    ISSUER_URL: `http://127.0.0.1:${authPort}`,
    RESOURCE_URL: `http://127.0.0.1:${mcpPort}/mcp`,
    DATA_DIR: dataDir,
    // Counted as in production, where an issuer is not on this machine, but never used up.
    RATE_LIMITS: Object.keys(declaredLimits)
      .map((name) => `${name}=999999999`)
      .join(','),
    ...databases,
  }
}

/** Another authorization server over the same accounts and clients, on an address of its own, that issues opaque tokens. */
async function opaqueSettings(settings: Settings, dataDir: string, resource: string): Promise<Settings> {
  return {
    ...settings,
    ...(await stackSettings(dataDir, {})),
    RESOURCE_URL: resource,
    ACCESS_TOKEN_FORMAT: 'opaque',
    INTROSPECTION_CLIENT_ID: 'bench-confidential',
    INTROSPECTION_CLIENT_SECRET: 'not used here',
  }
}

async function timed(label: string, start: () => Promise<ServeProcess>, starts: StartTime[]): Promise<ServeProcess> {
  const server = await start()
  await sleep(1_000)
  const idleMiB = residentMiB(server.pid)
  starts.push({ label, readyMs: server.readyMs, ...(idleMiB !== undefined && { idleMiB }) })
  return server
}

export interface StackOptions {
  readonly codeCount: number
  /** Start times and idle memory are added here. */
  readonly starts: StartTime[]
}

/** The stack on the embedded database: started on an empty folder, stopped, filled, and started again. */
export async function startEmbeddedStack({ codeCount, starts }: StackOptions): Promise<Target> {
  const folder = temporaryFolder('embedded')
  const logFile = join(folder, 'log')
  const document = await publishClientDocument(folder)
  const settings = await stackSettings(join(folder, 'data'), document.settings)
  const first = await timed('embedded database, first start', () => serve({ settings, logFile }), starts)
  await first.stop()
  const facts = await seed(settings, codeCount)
  cpSync(join(folder, 'data'), join(folder, 'opaque'), { recursive: true })
  const others = await opaqueSettings(settings, join(folder, 'opaque'), facts.client.resource)
  const main = await timed('embedded database', () => serve({ settings, logFile }), starts)
  const opaque = await serve({ settings: others, only: 'auth', logFile: join(folder, 'opaque-log') })
  return {
    ...facts,
    name: 'embedded',
    main,
    opaque: { ...opaque, confidential: facts.confidential },
    mcpUrl: settings['RESOURCE_URL'],
    documentClientId: document.clientId,
    databaseCpuMs: () => undefined,
    statements: async () => undefined,
    close: async () => void (await Promise.all([main.stop(), opaque.stop(), document.close()])),
  }
}

/** The stack on PostgreSQL. */
export async function startPostgresStack(
  postgres: Postgres,
  statistics: DatabaseStatistics | undefined,
  { codeCount, starts }: StackOptions,
): Promise<Target> {
  const folder = temporaryFolder('postgresql')
  mkdirSync(join(folder, 'data'))
  const logFile = join(folder, 'log')
  const document = await publishClientDocument(folder)
  const settings = await stackSettings(join(folder, 'data'), {
    ...document.settings,
    DATABASE_URL: await postgres.url('auth'),
    NOTES_DATABASE_URL: await postgres.url('notes'),
  })
  const first = await timed('PostgreSQL, first start', () => serve({ settings, logFile }), starts)
  await first.stop()
  const facts = await seed(settings, codeCount)
  const others = await opaqueSettings(settings, join(folder, 'data'), facts.client.resource)
  const main = await timed('PostgreSQL', () => serve({ settings, logFile }), starts)
  const opaque = await serve({ settings: others, only: 'auth', logFile: join(folder, 'opaque-log') })
  return {
    ...facts,
    name: 'postgresql',
    main,
    opaque: { ...opaque, confidential: facts.confidential },
    mcpUrl: settings['RESOURCE_URL'],
    documentClientId: document.clientId,
    databaseCpuMs: () => familyCpuMs(postgres.pid),
    statements: async () => statistics?.count('auth'),
    close: async () => void (await Promise.all([main.stop(), opaque.stop(), document.close()])),
  }
}
