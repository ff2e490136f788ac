/** What a crowd of registered clients costs: the same refresh beside few of them and beside many, on two databases. */
import type pg from 'pg'
import type { Postgres } from '../support/postgres.js'
import { startBeside } from './beside.js'
import { compare } from './measure.js'
import { type BenchResult, ratioOf } from './result.js'

/** For the command line: runs this alone. */
export const crowdName = 'refresh-beside-100k-clients'

const sizes = { few: 100, many: 100_000 } as const

/** Clients as registration leaves them, each with its registration access token. */
export const registeredClients = [
  `INSERT INTO clients (id, origin, name, payload)
    SELECT 'crowd-' || n, 'dynamic', 'Claude Code', jsonb_build_object('client_id', 'crowd-' || n, 'client_name', 'Claude Code',
      'redirect_uris', jsonb_build_array('http://127.0.0.1/callback'), 'token_endpoint_auth_method', 'none')
    FROM generate_series(1, $1::int) AS n`,
  `INSERT INTO artifacts (model, id_hash, client_id, payload)
    SELECT 'RegistrationAccessToken', 'crowd-' || n, 'crowd-' || n, '{"kind":"RegistrationAccessToken"}'
    FROM generate_series(1, $1::int) AS n`,
]

function crowdOf(size: number) {
  return async (sql: pg.Client) => {
    for (const text of registeredClients) await sql.query(text, [size])
    await sql.query('ANALYZE clients, artifacts')
  }
}

export async function measureCrowd(postgres: Postgres): Promise<NonNullable<BenchResult['crowd']>> {
  const few = await startBeside(postgres, 'few', crowdOf(sizes.few))
  const many = await startBeside(postgres, 'many', crowdOf(sizes.many))
  try {
    const pair = new Map([
      ['few', few.refresh],
      ['many', many.refresh],
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
