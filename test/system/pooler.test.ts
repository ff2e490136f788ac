/**
 * PgBouncer in transaction mode before PostgreSQL, with two connections for each database: every transaction is in a session that
 * was somebody else's a moment ago, and whoever keeps a connection keeps all others waiting.
 */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type pg from 'pg'
import { systemClock } from '../../src/base/clock.js'
import { createSecretBox, randomSecret } from '../../src/base/secrets.js'
import type { Database } from '../../src/database/database.js'
import { migrate } from '../../src/database/migrate.js'
import { createStorage } from '../../src/storage/storage.js'
import { sweepAuditEvents, sweepExpired } from '../../src/storage/sweep.js'
import { runCli } from '../cli/terminal.js'
import { createDatabase } from '../support/databases.js'
import { describeWith } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { callTool } from '../support/mcp-request.js'
import {
  authorize,
  completeCode,
  type Grant,
  newGrant,
  obtainTokens,
  redeem,
  refresh,
  revoke,
  type TokenAnswer,
} from '../support/oauth-client.js'
import { newClient, openServerDatabase } from '../support/opened.js'
import { type PgBouncer, roleLimits, startPgBouncer } from '../support/pgbouncer.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'

const racers = 50

const migrations = fileURLToPath(new URL('../../prisma/auth/migrations', import.meta.url))

async function onPostgres<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = newClient({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

describeWith(['postgresql', 'pgbouncer'], 'PgBouncer in transaction mode', () => {
  let pooler: PgBouncer
  const databases: Database[] = []

  beforeAll(async () => {
    pooler = await startPgBouncer(Number(new URL(await createDatabase('pooled')).port))
  })
  afterAll(async () => {
    await Promise.all(databases.map((database) => database.close()))
    await pooler.stop()
  })

  const open = (url: string) => {
    const database = openServerDatabase({
      url: pooler.through(url),
      poolSize: 6,
      pooled: true,
      onIdleError: () => undefined,
    })
    databases.push(database)
    return database
  }

  it('a search ends at its own limit, and the next transaction of the session has none', async () => {
    const url = await createDatabase('pooled')
    const { sql } = open(url)
    const slow = { name: 'slow_search', lane: 'search', text: 'SELECT 1 FROM pg_sleep(60)' } as const
    const failure: unknown = await sql.query(slow, []).catch((error: unknown) => error)
    // Not this server's own patience, which ends two seconds later and leaves the statement to run on.
    expect(failure).toMatchObject({ cause: { code: '57014' } })
    const shown = {
      name: 'shown_limit',
      lane: 'read',
      text: "SELECT current_setting('statement_timeout') AS limit",
    } as const
    for (let turn = 0; turn < 4; turn += 1) expect((await sql.query(shown, [])).rows).toEqual([{ limit: '0' }])
  })

  it('replicas that start together migrate once, leave no lock behind, and purge', async () => {
    const url = await createDatabase('pooled')
    const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(open(url), migrations)))
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1)
    const locks = await onPostgres(url, (client) =>
      client.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      ),
    )
    expect(locks.rowCount).toBe(0)

    const storage = createStorage({
      database: open(url),
      secretBox: createSecretBox(randomSecret()),
      clock: systemClock,
      refreshGraceSeconds: 20,
    })
    await onPostgres(url, async (client) => {
      await client.query(`INSERT INTO rate_limits (key, used, resets_at)
        SELECT 'over' || n, 1, now() - interval '1 day' FROM generate_series(1, 1200) n`)
      await client.query(
        `INSERT INTO audit_events (type, detail, at) SELECT 'over', '{}', now() - interval '9 days' FROM generate_series(1, 700)`,
      )
    })
    expect(await Promise.all([sweepExpired(storage), sweepAuditEvents(storage, 86_400)])).toEqual([1_200, 700])
  })

  it('each of many statements at once gets its own answer, and fails alone', async () => {
    const url = await createDatabase('pooled')
    const clients = [open(url), open(url), open(url)].map(({ sql }) => sql)
    const divide = { name: 'divide', lane: 'read' as const, text: 'SELECT 100 / $1::int AS value, $2::text AS name' }
    const ask = async (index: number) => {
      // Not all in one turn, so that each session of PostgreSQL serves all of them.
      await new Promise((resolve) => setTimeout(resolve, index % 20))
      const answer = clients[index % 3]?.query<{ value: number; name: string }>(divide, [index % 10, `n${index}`])
      return answer ?? Promise.reject(new Error('nobody asked'))
    }
    const outcomes = await Promise.allSettled(Array.from({ length: 300 }, (_, index) => ask(index)))
    outcomes.forEach((outcome, index) => {
      if (index % 10 === 0) expect(outcome).toMatchObject({ reason: { code: '22012' } })
      else
        expect(outcome).toMatchObject({
          value: { rows: [{ value: Math.trunc(100 / (index % 10)), name: `n${index}` }] },
        })
    })
  })

  it('work under one lock is done by one at a time, however few connections there are', async () => {
    const url = await createDatabase('pooled')
    // Shorter than the work: whoever has the lock does nothing with its connection meanwhile, and keeps it.
    await onPostgres(url, (client) =>
      client.query(`ALTER DATABASE ${client.database} SET idle_in_transaction_session_timeout = '40ms'`),
    )
    const workers = [open(url), open(url), open(url)]
    let inside = 0
    let most = 0
    const work = async ({ sql }: Database) => {
      inside += 1
      most = Math.max(most, inside)
      await sql.query({ name: 'pause', lane: 'read' as const, text: 'SELECT pg_sleep(0.1)' }, [])
      inside -= 1
    }
    const all = workers.flatMap((database) => [1, 2, 3].map(() => database.exclusively(7, () => work(database))))
    expect(await Promise.all(all)).toHaveLength(9)
    expect(most).toBe(1)
    // Two holders of different locks would have the two connections, and each wait for a third.
    const others = workers.map((database, index) => database.exclusively(10 + index, () => work(database)))
    expect(await Promise.all(others)).toHaveLength(3)
    expect(most).toBe(1)
    const failing = open(url).exclusively(7, () => Promise.reject(new Error('the work failed')))
    await expect(failing).rejects.toThrow('the work failed')
    expect(await open(url).exclusively(7, async () => 'free again')).toBe('free again')
  })
})

describeWith(['postgresql', 'pgbouncer'], 'Two authorization servers and an MCP server behind PgBouncer', () => {
  let pooler: PgBouncer
  let auth: readonly StackProcess[]
  let mcp: StackProcess
  let atFirst: Grant
  let atSecond: Grant

  beforeAll(async () => {
    const [url, notes] = [await createDatabase('auth'), await createDatabase('notes')]
    pooler = await startPgBouncer(Number(new URL(url).port))
    await onPostgres(url, async (client) => {
      const { database } = client
      for (const [name, value] of Object.entries(roleLimits)) {
        await client.query(`ALTER DATABASE ${database} SET ${name} = '${value}'`)
      }
    })
    const [first, second, third] = [await freePort(), await freePort(), await freePort()]
    const shared = {
      ISSUER_URL: `http://localhost:${first}`,
      RESOURCE_URL: `http://localhost:${third}/mcp`,
      DATABASE_URL: pooler.through(url),
      NOTES_DATABASE_URL: pooler.through(notes),
      DATABASE_POOLER: 'transaction',
      ENCRYPTION_KEY: Buffer.alloc(32, 5).toString('base64url'),
      MCP_SERVER_SECRET: 'of-servers-behind-a-connection-pool',
    }
    const start = (only: 'auth' | 'mcp', env: Record<string, string> = {}) =>
      startStackProcess({ database: 'postgresql', only, env: { ...shared, ...env } })
    const internal = `http://127.0.0.1:${second}`
    const all = [start('auth'), start('auth', { AUTH_PORT: String(second), ISSUER_INTERNAL_URL: internal })] as const
    mcp = await start('mcp')
    auth = await Promise.all(all)
    atFirst = await newGrant(mcp)
    atSecond = { ...atFirst, server: { ...atFirst.server, token_endpoint: `${internal}/token` } }
  })
  afterAll(async () => {
    await Promise.all([...auth, mcp].map((process) => process.kill9()))
    await pooler.stop()
  })

  /** The same request, many times at once, every other one at the other process. */
  const race = (request: (grant: Grant) => Promise<TokenAnswer>) =>
    Promise.all(Array.from({ length: racers }, (_, index) => request(index % 2 === 0 ? atFirst : atSecond)))

  const successes = (answers: readonly TokenAnswer[]) => answers.filter(({ status }) => status === 200)

  it('migrate once, and say where PostgreSQL has no time limits, which the pooler takes from nobody', async () => {
    expect(auth.filter((process) => process.output().includes('"migrations applied"'))).toHaveLength(1)
    const warning = 'the database role has no time-outs'
    expect(auth.map((process) => process.output().includes(warning))).toEqual([false, false])
    expect(mcp.output()).toContain(warning)
    expect(mcp.output()).toContain(
      '"missing":["idle_in_transaction_session_timeout","lock_timeout","statement_timeout"]',
    )
    expect(await pooler.transactions()).toBeGreaterThan(50)
  })

  it('a code is redeemed once, and a refresh token has one successor that lives on', async () => {
    const person = { account: mcp.account }
    const raced = await completeCode(atFirst, mcp.newBrowser(), person)
    const redeemed = await race((grant) => redeem(grant, raced.code, raced.codeVerifier))
    expect(successes(redeemed)).toHaveLength(1)
    expect(redeemed.filter(({ error }) => error === 'invalid_grant')).toHaveLength(racers - 1)

    const { refresh_token: token = '' } = await obtainTokens(atFirst, mcp.newBrowser(), person)
    const refreshed = await race((grant) => refresh(grant, token))
    expect(successes(refreshed)).toHaveLength(racers)
    const successors = new Set(refreshed.map(({ tokens }) => tokens?.refresh_token))
    expect(successors.size).toBe(1)
    expect((await refresh(atSecond, [...successors][0] ?? '')).status).toBe(200)
  })

  it('whoever forgets the setting is told its name', async () => {
    const { DATABASE_POOLER: _forgotten, ...settings } = auth[0]?.settings ?? {}
    const { exitCode, stderr } = await runCli(['migrate', 'auth'], settings)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('set DATABASE_POOLER=transaction')
  })

  it('tools work, a revocation is felt, and keys are rotated, each through the pooler', async () => {
    const tokens = await obtainTokens(atFirst, mcp.newBrowser(), { account: mcp.account }, 'notes:read notes:write')
    const { access_token: accessToken, refresh_token: refreshToken = '' } = tokens
    const created = await callTool(mcp.resource, accessToken, 'create_note', { title: 'pooled', body: 'x' })
    expect(created.reply?.result?.isError ?? false).toBe(false)
    const listed = await callTool(mcp.resource, accessToken, 'list_notes', {})
    expect(JSON.stringify(listed.reply?.result)).toContain('pooled')
    expect(await revoke(atFirst, refreshToken)).toBe(200)
    await eventually(async () => (await callTool(mcp.resource, accessToken, 'whoami')).status === 401)
    const { stdout } = await runCli(['keys', 'rotate'], auth[0]?.settings ?? {})
    expect(stdout).toContain('Published ES256 key')
    expect((await authorize(atFirst, mcp.newBrowser(), { account: mcp.account })).callback.get('code')).not.toBeNull()
  })
})
