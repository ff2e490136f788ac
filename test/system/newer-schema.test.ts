/**
 * A newer version has migrated the databases under a server that runs, and then is taken back: this version goes on, with every
 * statement it has prepared, and starts anew, on a schema that knows more than it does. What a migration may do at all is tested
 * by `database/migration-rules.test.ts`; here each table gets all of it.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { migrate } from '../../src/database/migrate.js'
import { runCli } from '../cli/terminal.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { callTool, structured } from '../support/mcp-request.js'
import { newGrant, obtainTokens, refresh, revoke } from '../support/oauth-client.js'
import { newClient, openServerDatabase } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'

const newer = '20991231235959_of_a_newer_version'

/** Columns that may stay empty and that may not, an index, and a table that hangs on ours, for every table there is. */
async function newerMigration(url: string): Promise<string> {
  const client = newClient({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ name: string; key: string }>(
    `SELECT conrelid::regclass::text AS name, min(attname) AS key FROM pg_constraint
      JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
      WHERE contype = 'p' AND connamespace = 'public'::regnamespace AND conrelid::regclass::text <> '_prisma_migrations'
      GROUP BY conrelid`,
  )
  await client.end()
  const script = rows.flatMap(({ name }) => [
    `ALTER TABLE ${name} ADD COLUMN "later" TEXT, ADD COLUMN "laterCount" INTEGER NOT NULL DEFAULT 0;`,
    `CREATE INDEX "${name}_later_idx" ON ${name}("laterCount");`,
    `CREATE TABLE "later_${name}" ("id" TEXT NOT NULL PRIMARY KEY);`,
  ])
  expect(rows.length).toBeGreaterThan(1)
  return script.join('\n')
}

async function applyNewer(schema: 'auth' | 'notes', url: string): Promise<void> {
  const folder = temporaryFolder('newer')
  cpSync(fileURLToPath(new URL(`../../prisma/${schema}`, import.meta.url)), folder, { recursive: true })
  const migrations = join(folder, 'migrations')
  mkdirSync(join(migrations, newer))
  writeFileSync(join(migrations, newer, 'migration.sql'), await newerMigration(url))
  const database = openServerDatabase({ url, poolSize: 4, onIdleError: () => undefined })
  try {
    expect(await migrate(database, migrations)).toEqual([newer])
  } finally {
    await database.close()
  }
}

describeOnPostgres('On the schema of a newer version', () => {
  let stack: StackProcess
  let keptRefreshToken: string
  let grant: Awaited<ReturnType<typeof newGrant>>

  /** What people and clients do: each table of both databases is read and written. */
  async function everything(): Promise<void> {
    const own = await newGrant(stack)
    const tokens = await obtainTokens(own, stack.newBrowser(), { account: stack.account }, 'notes:read notes:write')
    const renewed = await refresh(own, tokens.refresh_token ?? '')
    expect(renewed.status).toBe(200)
    const { access_token: accessToken = '', refresh_token: refreshToken = '' } = renewed.tokens ?? {}
    const created = await callTool(stack.resource, accessToken, 'create_note', { title: 'kept', body: 'x' })
    expect(created.reply?.result?.isError ?? false).toBe(false)
    const listed = structured(await callTool(stack.resource, accessToken, 'list_notes', {}))
    expect(JSON.stringify(listed['notes'])).toContain('kept')
    const found = await callTool(stack.resource, accessToken, 'search_notes', { query: 'kept' })
    expect(JSON.stringify(structured(found))).toContain('kept')
    expect(await revoke(own, refreshToken)).toBe(200)
    await eventually(async () => (await callTool(stack.resource, accessToken, 'whoami')).status === 401)
    expect((await refresh(own, refreshToken)).error).toBe('invalid_grant')
    const kept = await refresh(grant, keptRefreshToken)
    expect(kept.status).toBe(200)
    keptRefreshToken = kept.tokens?.refresh_token ?? ''
  }

  beforeAll(async () => {
    stack = await startStackProcess({ database: 'postgresql' })
    grant = await newGrant(stack)
    const { refresh_token: token = '' } = await obtainTokens(grant, stack.newBrowser(), { account: stack.account })
    keptRefreshToken = token
    await everything()
    await applyNewer('auth', stack.settings['DATABASE_URL'] ?? '')
    await applyNewer('notes', stack.settings['NOTES_DATABASE_URL'] ?? '')
  })
  afterAll(() => stack.stop())

  it('a server that was started before goes on', async () => {
    await everything()
  })

  it('one that is started now neither refuses nor changes it, and what it finds is good', async () => {
    expect(await stack.stop()).toBe(0)
    await stack.restart()
    await everything()
  })

  it('the command line works on it', async () => {
    for (const args of [
      ['migrate'],
      ['keys', 'rotate'],
      ['clients', 'list'],
      ['accounts', 'list'],
      ['audit', 'list'],
    ]) {
      expect(await runCli(args, stack.settings)).toMatchObject({ exitCode: 0 })
    }
    expect(stack.output()).toContain('"status":200')
    expect(stack.output()).not.toMatch(/"migrations applied"|"status":5\d\d|"level":"(?:error|fatal)"|cached plan/)
  })
})
