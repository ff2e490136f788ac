/**
 * The peer beside ours: better-auth with its oauth-provider plugin on the same PostgreSQL, in turns. It is no dependency of the
 * project: its packages stand in peer/package.json, pinned and locked, and are installed there when it is measured.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Postgres } from '../../support/postgres.js'
import { redirectUri } from '../fixtures.js'
import { connections } from '../load.js'
import { measureScenario, type Plan } from '../measure.js'
import { familyCpuMs } from '../process-usage.js'
import type { Peer, Row } from '../result.js'
import { scenarios } from '../scenarios.js'
import { codeChallenge, requestedScope } from '../sign-in-flow.js'
import type { Target } from '../target.js'
import { startPostgresStack, startScript } from '../targets.js'

/** For the command line: runs this alone. */
export const peerName = 'peer'

const plan: Plan = { seconds: 1.5, warmUpSeconds: 3, runs: 5 }
const names = ['client-credentials', 'refresh', 'introspection', 'registration', 'exchange']
/** Of one run of the code exchange; the peer's codes are made one by one through its own authorization endpoint. */
const exchangeLimit = 800
const codeCount = exchangeLimit * (plan.runs + 1)
/** As DATABASE_POOL_SIZE is by default. */
const poolSize = 10

const folder = fileURLToPath(new URL('.', import.meta.url))

function install(): void {
  if (existsSync(`${folder}node_modules`)) return
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
}

const manifest = z.object({ dependencies: z.record(z.string(), z.string()) })

function versions(): Peer['versions'] {
  const { dependencies } = manifest.parse(JSON.parse(readFileSync(`${folder}package.json`, 'utf8')))
  const plugin = '@better-auth/oauth-provider'
  return { 'better-auth': dependencies['better-auth'] ?? '', [plugin]: dependencies[plugin] ?? '' }
}

const ready = z.object({
  origin: z.string(),
  paths: z.record(z.string(), z.string()),
  client: z.object({ clientId: z.string(), redirectUri: z.string(), resource: z.string() }),
  confidential: z.object({ clientId: z.string(), clientSecret: z.string() }),
  codes: z.array(z.string()),
})

async function startPeer(postgres: Postgres): Promise<Target> {
  const shared = { redirectUri, resource: 'http://127.0.0.1:4000/mcp', scope: requestedScope, codeChallenge }
  const url = await postgres.url('peer')
  const child = await startScript('peer/server.mjs', [url, String(poolSize), String(codeCount), JSON.stringify(shared)])
  const { origin, paths, client, confidential, codes } = ready.parse(child.message)
  const server = { origin, pid: child.pid, paths }
  return {
    name: 'peer',
    main: server,
    // It signs a token when a resource is named, and hands out an opaque one when none is.
    opaque: { ...server, confidential, namesNoResource: true },
    mcpUrl: undefined,
    client,
    documentClientId: undefined,
    confidential,
    codes,
    databaseCpuMs: () => familyCpuMs(postgres.pid),
    statements: async () => undefined,
    close: () => child.stop(),
  }
}

/** `say` tells what is measured now. */
export async function measurePeer(postgres: Postgres, say: (line: string) => void): Promise<Peer> {
  say('installing the peer …')
  install()
  say('starting ours and the peer …')
  const targets = [await startPostgresStack(postgres, undefined, { codeCount: codeCount + 500, starts: [] })]
  try {
    targets.push(await startPeer(postgres))
    const rows: Row[] = []
    for (const name of names) {
      const scenario = scenarios.find((one) => one.name === name)
      if (scenario === undefined) throw new Error(`there is no row ${name}`)
      say(`${scenario.label}, beside the peer …`)
      const limited = scenario.limit === undefined ? scenario : { ...scenario, limit: exchangeLimit }
      rows.push(await measureScenario(limited, targets, plan))
    }
    return {
      date: new Date().toISOString(),
      versions: versions(),
      poolSize,
      method: { seconds: plan.seconds, runs: plan.runs, connections },
      rows,
    }
  } finally {
    await Promise.allSettled(targets.map((target) => target.close()))
  }
}
