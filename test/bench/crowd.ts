/** What a crowd of registered clients costs: the same refresh beside few of them and beside many, on two databases. */
import { join } from 'node:path'
import { parseConfig } from '../../src/config.js'
import { openDatabase } from '../../src/databases.js'
import { createLogger } from '../../src/platform/log.js'
import type { Postgres } from '../support/postgres.js'
import { temporaryFolder } from '../support/run-folder.js'
import { connectTo } from './connection.js'
import type { Worker } from './load.js'
import { type Candidate, compare } from './measure.js'
import { familyCpuMs } from './process-usage.js'
import { type BenchResult, ratioOf } from './result.js'
import { seed } from './seed.js'
import { type Settings, serve } from './serve-process.js'
import { exchange, refresh } from './sign-in-flow.js'
import { stackSettings } from './targets.js'

/** For the command line: runs this alone. */
export const crowdName = 'refresh-beside-100k-clients'

const sizes = { few: 100, many: 100_000 } as const
const connections = 16

const crowds = [
  `INSERT INTO clients (id, origin, name, payload)
    SELECT 'crowd-' || n, 'dynamic', 'Claude Code', jsonb_build_object('client_id', 'crowd-' || n, 'client_name', 'Claude Code',
      'redirect_uris', jsonb_build_array('http://127.0.0.1/callback'), 'token_endpoint_auth_method', 'none')
    FROM generate_series(1, $1::int) AS n`,
  `INSERT INTO artifacts (model, id_hash, client_id, payload)
    SELECT 'RegistrationAccessToken', 'crowd-' || n, 'crowd-' || n, '{"kind":"RegistrationAccessToken"}'
    FROM generate_series(1, $1::int) AS n`,
]

/** Clients as registration leaves them, each with its registration access token. */
async function addCrowd(settings: Settings, size: number): Promise<void> {
  const config = parseConfig(settings, () => '')
  const database = await openDatabase(config, 'auth', createLogger('silent'))
  try {
    for (const [index, text] of crowds.entries()) await database.sql.query({ name: `crowd_${index}`, text }, [size])
    for (const table of ['clients', 'artifacts']) {
      await database.sql.query({ name: `crowd_analyze_${table}`, text: `ANALYZE ${table}` }, [])
    }
  } finally {
    await database.close()
  }
}

async function startBeside(postgres: Postgres, name: keyof typeof sizes) {
  const folder = temporaryFolder(`crowd-${name}`)
  const settings = await stackSettings(folder, { DATABASE_URL: await postgres.url(`crowd_${name}`) })
  const { client, codes } = await seed(settings, connections)
  await addCrowd(settings, sizes[name])
  const server = await serve({ settings, only: 'auth', logFile: join(folder, 'log') })
  const opened = codes.slice(0, connections).map(() => connectTo(server.origin))
  const workers: Worker[] = []
  for (const [index, connection] of opened.entries()) {
    let { refreshToken } = await exchange(connection, client, codes[index] ?? '')
    workers.push(async () => {
      refreshToken = (await refresh(connection, client, refreshToken)).refreshToken
      return true
    })
  }
  const candidate: Candidate = {
    workers,
    pid: server.pid,
    databaseCpuMs: () => familyCpuMs(postgres.pid),
    statements: async () => undefined,
  }
  const close = async () => {
    await Promise.all(opened.map((connection) => connection.close()))
    await server.stop()
  }
  return { candidate, close }
}

export async function measureCrowd(postgres: Postgres): Promise<NonNullable<BenchResult['crowd']>> {
  const [few, many] = [await startBeside(postgres, 'few'), await startBeside(postgres, 'many')]
  try {
    const pair = new Map([
      ['few', few.candidate],
      ['many', many.candidate],
    ] as const)
    // Many short turns, as for the guard: the difference asked for is small.
    const measured = await compare(pair, { seconds: 0.4, warmUpSeconds: 1.5, runs: 15 })
    const [besideFew, besideMany] = [measured.get('few'), measured.get('many')]
    if (besideFew === undefined || besideMany === undefined) throw new Error('the crowd was not measured')
    // In a closed loop the rates are to each other as the latencies are, turned round.
    return { clients: sizes, few: besideFew, many: besideMany, ratio: ratioOf(besideFew, besideMany) }
  } finally {
    await Promise.all([few.close(), many.close()])
  }
}
