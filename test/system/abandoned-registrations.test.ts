/** Thousands of registrations that nobody uses: neither a start nor a token request may notice them. Counts work, not time. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { z } from 'zod'
import { randomSecret } from '../../src/base/secrets.js'
import type { Database } from '../../src/database/database.js'
import type { Sql, Statement } from '../../src/database/sql.js'
import { removeUnusedClients } from '../../src/storage/clients/client-hygiene.js'
import { startServer, type TestServer } from '../authorization-server/server.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases, describeOnPostgres } from '../support/describe-with.js'
import { authorize, newGrant, redeem, refresh } from '../support/oauth-client.js'
import { newClient } from '../support/opened.js'
import { stackSettings } from '../support/settings.js'
import { startStack } from '../support/stack.js'

const abandoned = 10_000

interface Asked {
  readonly statement: Statement
  readonly values: readonly unknown[]
}

/** The same statements, noted down. */
function listening(sql: Sql, asked: Asked[]): Sql {
  return {
    query: (statement, values) => {
      asked.push({ statement, values })
      return sql.query(statement, values)
    },
  }
}

/** As clients leave them: a row, and a registration access token that never expires. */
async function abandon(run: (text: string) => Promise<unknown>): Promise<void> {
  await run(`INSERT INTO clients (id, origin, name, payload, review_at)
    SELECT 'abandoned-' || n, 'dynamic', 'Claude Code', jsonb_build_object('client_id', 'abandoned-' || n), now() + interval '1 day'
    FROM generate_series(1, ${abandoned}) AS n`)
  await run(`INSERT INTO artifacts (model, id_hash, client_id, payload)
    SELECT 'RegistrationAccessToken', 'token-' || n, 'abandoned-' || n, '{}' FROM generate_series(1, ${abandoned}) AS n`)
  for (const table of ['clients', 'artifacts', 'grants', 'consents', 'accounts']) await run(`ANALYZE ${table}`)
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly Plans?: readonly Plan[]
  readonly 'Total Cost': number
}
const explained = z.array(z.object({ Plan: z.custom<Plan>((value) => typeof value === 'object') }))

function nodesOf(plan: Plan): Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)]
}

describeOnDatabases(`Beside ${abandoned} abandoned registrations, on %s`, (kind) => {
  let database: Database
  let server: TestServer
  const asked: Asked[] = []
  /** Without being noted down. */
  const ask = <Row>(text: string, values: readonly unknown[] = []) =>
    database.sql.query<Row>({ name: `test_${randomSecret(6)}`, lane: 'write', text }, values)

  beforeAll(async () => {
    database = await openTestDatabase(kind, 'auth')
    server = await startServer(kind, { database: { ...database, sql: listening(database.sql, asked) } })
  })
  afterAll(() => server.close())

  /** What a registration, a code exchange and a refresh ask of the database. */
  const work = async () => {
    const during = async <T>(step: () => Promise<T>) => {
      asked.length = 0
      const result = await step()
      return { result, asked: [...asked] }
    }
    const registration = await during(() => newGrant(server))
    const grant = registration.result
    const { callback, codeVerifier } = await authorize(grant, server.newBrowser(), { account: server.account })
    const exchange = await during(() => redeem(grant, callback.get('code') ?? '', codeVerifier))
    const renewal = await during(() => refresh(grant, exchange.result.tokens?.refresh_token ?? ''))
    expect([exchange.result.status, renewal.result.status]).toEqual([200, 200])
    return { registration: registration.asked, exchange: exchange.asked, refresh: renewal.asked }
  }
  const names = (all: Awaited<ReturnType<typeof work>>) =>
    Object.fromEntries(Object.entries(all).map(([step, list]) => [step, list.map(({ statement }) => statement.name)]))

  /** Tables of ours that a statement reads from end to end, and what the planner takes it to cost. */
  const planOf = async (text: string, values: readonly unknown[]) => {
    const { rows } = await ask<{ 'QUERY PLAN': unknown }>(`EXPLAIN (FORMAT JSON) ${text}`, values)
    const [explanation] = explained.parse(rows[0]?.['QUERY PLAN'])
    if (explanation === undefined) throw new Error(`no plan for ${text}`)
    const scanned = nodesOf(explanation.Plan)
      .filter((node) => node['Node Type'] === 'Seq Scan')
      .map((node) => node['Relation Name'])
    return {
      scanned: scanned.filter((table) => table === 'clients' || table === 'artifacts'),
      cost: explanation.Plan['Total Cost'],
      nodes: nodesOf(explanation.Plan).map((node) => node['Node Type']),
    }
  }

  it('a registration and a token request ask the same of the database, and find it by index', async () => {
    const alone = await work()
    await abandon((text) => ask(text))
    const beside = await work()
    expect(names(beside)).toEqual(names(alone))
    expect(beside.refresh.length).toBeLessThanOrEqual(2)
    expect(beside.exchange.length).toBeLessThanOrEqual(2)
    for (const { statement, values } of [...beside.exchange, ...beside.refresh]) {
      const { scanned, cost } = await planOf(statement.text, values)
      expect([statement.name, scanned]).toEqual([statement.name, []])
      expect(cost).toBeLessThan(100)
    }
    asked.length = 0
    expect(await removeUnusedClients(server.storage, 86_400)).toBe(0)
    expect(asked).toHaveLength(1)
    for (const { statement, values } of asked) {
      expect(statement.name).toBe('client_review')
      const { scanned, nodes } = await planOf(statement.text, values)
      expect(scanned).toEqual([])
      // One hash of everything ever issued, instead of a look at each client's own grants.
      expect(nodes.filter((node) => node.startsWith('Hash'))).toEqual([])
    }
    // What a statement without an index would look like.
    const careless = await planOf('SELECT id FROM clients WHERE payload @> $1::jsonb', ['{"client_id":"abandoned-7"}'])
    expect(careless.scanned).toEqual(['clients'])
    expect(careless.cost).toBeGreaterThan(100)
  })
})

/** Rows of a table that anybody read so far, once all other connections have ended and said so. */
async function rowsRead(url: string, table: string): Promise<number> {
  const client = newClient({ connectionString: url })
  await client.connect()
  try {
    const others = `SELECT count(*)::int AS others FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`
    while ((await client.query(others)).rows[0].others > 0) await new Promise((resolve) => setTimeout(resolve, 20))
    const read =
      'SELECT (seq_tup_read + COALESCE(idx_tup_fetch, 0))::int AS rows FROM pg_stat_user_tables WHERE relname = $1'
    return (await client.query(read, [table])).rows[0].rows
  } finally {
    await client.end()
  }
}

describeOnPostgres('With abandoned registrations in PostgreSQL', () => {
  const database = 'postgresql'

  it(`a start reads no client, with ${abandoned} abandoned ones as with none`, async () => {
    // One key for both starts: a stack takes its folder along when it ends.
    const settings: Record<string, string> = { ...(await stackSettings({ database })), ENCRYPTION_KEY: randomSecret() }
    const url = settings['DATABASE_URL'] ?? ''
    const start = async () => {
      const stack = await startStack({ database, env: settings })
      await stack.close()
    }
    const client = newClient({ connectionString: url })
    await start()
    await client.connect()
    await abandon((text) => client.query(text))
    await client.end()
    const before = [await rowsRead(url, 'clients'), await rowsRead(url, 'signing_keys')] as const
    await start()
    expect(await rowsRead(url, 'clients')).toBe(before[0])
    // The count does count.
    expect(await rowsRead(url, 'signing_keys')).toBeGreaterThan(before[1])
  })
})
