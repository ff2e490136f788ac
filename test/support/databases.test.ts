import { existsSync } from 'node:fs'
import { afterAll, expect, it } from '@jest/globals'
import { openTestDatabase } from './databases.js'
import { describeOnDatabases, describeOnPostgres } from './describe-with.js'
import { newClient } from './opened.js'
import { type Postgres, startPostgres } from './postgres.js'

describeOnDatabases('a test database (%s)', (kind) => {
  it.each(['auth', 'notes'] as const)('is migrated to the newest %s schema and answers', async (schemaName) => {
    const database = await openTestDatabase(kind, schemaName)
    const { rows } = await database.sql.query<{ migrations: string }>(
      {
        name: 'count_migrations',
        lane: 'read' as const,
        text: 'SELECT count(*) AS migrations FROM _prisma_migrations',
      },
      [],
    )
    expect(Number(rows[0]?.migrations)).toBeGreaterThan(0)
    await database.close()
  })

  it('is not shared with another test', async () => {
    const [first, second] = [await openTestDatabase(kind, 'notes'), await openTestDatabase(kind, 'notes')]
    await first.sql.query({ name: 'make_own', lane: 'write' as const, text: 'CREATE TABLE only_here (id integer)' }, [])
    const look = {
      name: 'look_for_own',
      lane: 'write' as const,
      text: "SELECT to_regclass('only_here')::text AS found",
    }
    expect((await second.sql.query<{ found: string | null }>(look, [])).rows).toEqual([{ found: null }])
    await Promise.all([first.close(), second.close()])
  })
})

describeOnPostgres('a throwaway PostgreSQL cluster', () => {
  let postgres: Postgres | undefined
  afterAll(() => postgres?.stop())

  it('keeps what it acknowledged over a SIGKILL of all its processes', async () => {
    postgres = await startPostgres()
    const connectionString = await postgres.url('durable')
    const before = newClient({ connectionString })
    before.on('error', () => undefined)
    await before.connect()
    await before.query('CREATE TABLE kept (id integer)')
    await before.query('INSERT INTO kept VALUES (1)')
    await postgres.kill9()
    expect(existsSync(postgres.dataFolder)).toBe(true)
    await postgres.restart()
    const after = newClient({ connectionString })
    await after.connect()
    expect((await after.query('SELECT id FROM kept')).rows).toEqual([{ id: 1 }])
    await after.end()
  })
})
