/** What full tables cost: refresh and client credentials beside few rows and beside millions, in turns at the same fixed rate. */
import type pg from 'pg'
import type { Postgres } from '../support/postgres.js'
import { type Beside, startBeside } from './beside.js'
import { inBulk } from './bulk.js'
import { registeredClients } from './crowd.js'
import { connections } from './load.js'
import { compare } from './measure.js'
import { type OpenLoadResult, runOpenLoad } from './open-load.js'
import { spreadOver, type TableSizes } from './result.js'

/** For the command line: runs this alone. */
export const tableSizesName = 'big'

const method = { share: 0.6, seconds: 3, runs: 7, connections } as const

/** BENCH_GRANTS: fewer, for a machine with less room; 10 million take about 12 GB. */
const grantCount = Number(process.env['BENCH_GRANTS'] ?? 10_000_000)
const clientCount = Math.min(1_000_000, grantCount)

/** Each grant with the refresh token that lives in it, as a code exchange leaves them; identifiers are random, as real ones are. */
const grantsWithTokens = [
  `INSERT INTO grants (id, account_id, client_id, payload, expires_at)
    SELECT md5('grant-' || n), a.id, 'crowd-' || 1 + n % $2::int, jsonb_build_object('accountId', a.id, 'clientId', 'crowd-' || 1 + n % $2::int,
      'kind', 'Grant', 'resources', jsonb_build_object('http://127.0.0.1:4000/mcp', 'notes:read notes:write')), now() + n % 400 * interval '1 day' + interval '1 day'
    FROM generate_series(1, $1::int) AS n CROSS JOIN (SELECT id FROM accounts ORDER BY id LIMIT 1) AS a`,
  `INSERT INTO artifacts (model, id_hash, grant_id, client_id, payload, expires_at)
    SELECT 'RefreshToken', md5('token-' || n) || substr(md5('more-' || n), 1, 11), md5('grant-' || n), 'crowd-' || 1 + n % $2::int,
      jsonb_build_object('kind', 'RefreshToken', 'gty', 'authorization_code', 'grantId', md5('grant-' || n), 'accountId', a.id,
        'clientId', 'crowd-' || 1 + n % $2::int, 'scope', 'notes:read notes:write', 'resource', 'http://127.0.0.1:4000/mcp', 'rotations', n % 50),
      now() + n % 30 * interval '1 day' + interval '1 day'
    FROM generate_series(1, $1::int) AS n CROSS JOIN (SELECT id FROM accounts ORDER BY id LIMIT 1) AS a`,
]

function filledWith(clients: number, grants: number) {
  return (sql: pg.Client) =>
    inBulk(sql, ['clients', 'grants', 'artifacts'], async () => {
      for (const text of registeredClients) await sql.query(text, [clients])
      for (const text of grantsWithTokens) await sql.query(text, [grants, clients])
    })
}

type Operation = TableSizes['rows'][number]

async function measureRow(label: string, pick: (beside: Beside) => Beside['refresh'], few: Beside, many: Beside) {
  const pair = new Map([
    ['few', pick(few)],
    ['many', pick(many)],
  ] as const)
  const closed = await compare(pair, { seconds: 1, warmUpSeconds: 3, runs: 3 })
  const rates = [...closed.values()].map(({ perSecond }) => perSecond.median)
  const load = { perSecond: Math.min(...rates) * method.share, seconds: method.seconds }
  const runs: Record<'few' | 'many', OpenLoadResult[]> = { few: [], many: [] }
  for (let round = 0; round < method.runs; round += 1) {
    for (const [name, { workers }] of pair) runs[name].push(await runOpenLoad(workers, load))
  }
  const ratios = runs.many.map(({ p99Ms }, turn) => p99Ms / (runs.few[turn]?.p99Ms ?? Number.NaN))
  const latencies = (all: readonly OpenLoadResult[]) => ({
    p50Ms: spreadOver(all.map(({ p50Ms }) => p50Ms)),
    p99Ms: spreadOver(all.map(({ p99Ms }) => p99Ms)),
    errors: all.reduce((sum, { errors }) => sum + errors, 0),
  })
  const row: Operation = {
    label,
    arrivals: load.perSecond,
    few: latencies(runs.few),
    many: latencies(runs.many),
    ratio: spreadOver(ratios),
  }
  return row
}

export async function measureTableSizes(postgres: Postgres, say: (line: string) => void): Promise<TableSizes> {
  say('a small database …')
  const few = await startBeside(postgres, 'small', filledWith(100, 1_000))
  say(`${clientCount.toLocaleString('en')} clients, ${grantCount.toLocaleString('en')} grants: some minutes …`)
  const startedAt = performance.now()
  const many = await startBeside(postgres, 'big', filledWith(clientCount, grantCount))
  say(`filled in ${Math.round((performance.now() - startedAt) / 1000)} s`)
  try {
    const rows = [
      await measureRow('Refresh, rotating', (beside) => beside.refresh, few, many),
      await measureRow('Client credentials', (beside) => beside.clientCredentials, few, many),
    ]
    return {
      date: new Date().toISOString(),
      method,
      few: { clients: 100, grants: 1_000 },
      many: { clients: clientCount, grants: grantCount },
      rows,
    }
  } finally {
    await Promise.all([few.close(), many.close()])
  }
}
