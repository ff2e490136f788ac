/** What an operator does while people are served: migrates to the next release, dumps, restores. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { decodeProtectedHeader } from 'jose'
import { openServerDatabase } from '../../src/database/database.js'
import { migrate } from '../../src/database/migrate.js'
import { authMigrations } from '../../src/storage/storage.js'
import { refresh } from '../support/oauth-client.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type Holder, isTaken, newHolder, operate, untilRefused } from './endings.js'
import { readFacts, type WrittenFact } from './facts.js'
import { type Fault, type Scene, seconds } from './fault.js'
import { judge } from './oracle.js'
import { now } from './readiness.js'
import { processes, type World, withSession } from './world.js'

/** What the migrations of a release do: a column, a table, an index, a foreign key (test/database/migration-rules.test.ts). */
const nextRelease = `
ALTER TABLE "artifacts" ADD COLUMN "of_the_next_release" TEXT;
ALTER TABLE "grants" ADD COLUMN "of_the_next_release" TEXT;
ALTER TABLE "accounts" ADD COLUMN "of_the_next_release" TEXT;
CREATE INDEX "artifacts_of_the_next_release_idx" ON "artifacts"("of_the_next_release");
CREATE TABLE "of_the_next_release" ("id" TEXT NOT NULL, "grant_id" TEXT NOT NULL, CONSTRAINT "of_the_next_release_pkey" PRIMARY KEY ("id"));
ALTER TABLE "of_the_next_release" ADD CONSTRAINT "of_the_next_release_grant_id_fkey" FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON DELETE CASCADE;
`

/** Seconds that a statement waits for a lock unless the settings say otherwise, and what an answer may take besides. */
const lockSeconds = 5 + 2

export const liveMigration: Fault = {
  id: 'F21',
  name: 'the migration of a next release applied under load, then both servers of this one restarted on its schema',
  guarantee: `no request fails, none takes longer than the limit for locks (${lockSeconds} s in all)`,
  world: () => ({}),
  strike: async ({ world, load, demand, demandReadiness }) => {
    const folder = temporaryFolder('next-release')
    cpSync(dirname(authMigrations), folder, { recursive: true })
    const migration = join(folder, 'migrations', '29990101000000_next_release')
    mkdirSync(migration)
    writeFileSync(join(migration, 'migration.sql'), nextRelease)
    const [before, putOffBefore] = [world.front.answers.length, load.putOff]
    const database = openServerDatabase({ url: world.databaseUrl, poolSize: 4, onIdleError: () => undefined })
    const startedAt = now()
    try {
      const applied = await migrate(database, join(folder, 'migrations'))
      demand(applied.length === 1, `${applied.length} migrations were applied`)
    } finally {
      await database.close()
    }
    const took = (now() - startedAt) / 1_000
    await sleep(4_000)
    const served = world.front.answers.slice(before).filter(({ path }) => path !== '/revocations')
    const longest = Math.max(...served.map(({ milliseconds }) => milliseconds)) / 1_000
    demand(load.putOff === putOffBefore, `${load.putOff - putOffBefore} requests failed`)
    demand(longest <= lockSeconds, `a request took ${seconds(longest)}`)
    for (const server of world.auth) {
      await server.stop()
      await server.restart()
    }
    await demandReadiness(true, now(), 3)
    return [`applied in ${seconds(took)}, the longest of ${served.length} requests ${seconds(longest)}`]
  },
}

/** A program of PostgreSQL. */
const run = (program: string, ...args: readonly string[]) =>
  promisify(execFile)(join(process.env['TEST_POSTGRES_BIN'] ?? '', program), args)

const parts = ['auth', 'notes'] as const

/** A dump of both databases, as docs/operations/backup.md says it. Everything acknowledged before the moment it resolves to is in it. */
async function dumpUnderLoad({ world, load }: Scene, folder: string): Promise<number> {
  await load.pause()
  const cut = Date.now()
  const dumps = parts.map(async (part) =>
    run('pg_dump', '--format=custom', `--file=${join(folder, `${part}.dump`)}`, await world.postgres.url(part)),
  )
  let isOver = false
  const all = Promise.all(dumps).finally(() => {
    isOver = true
  })
  // Each sees the databases as they are when it begins to read; from then on people may go on.
  await withSession(world, 'postgres', async (session) => {
    const begun = `SELECT FROM pg_stat_activity WHERE application_name = 'pg_dump' AND backend_xmin IS NOT NULL`
    while (!isOver && ((await session.query(begun)).rowCount ?? 0) < parts.length) await sleep(5)
  })
  load.resume()
  await all
  return cut
}

/** The databases are lost; what was dumped takes their place. The servers stand still meanwhile. */
async function restore(world: World, folder: string): Promise<void> {
  await Promise.all(processes(world).map((process) => process.kill9()))
  for (const part of parts) {
    const restored = await world.postgres.url(`${part}_restored`)
    await run('pg_restore', '--no-owner', '--exit-on-error', `--dbname=${restored}`, join(folder, `${part}.dump`))
    await withSession(world, 'postgres', async (session) => {
      await session.query(`ALTER DATABASE ${part} RENAME TO ${part}_lost`)
      await session.query(`ALTER DATABASE ${part}_restored RENAME TO ${part}`)
    })
  }
  await Promise.all(processes(world).map((process) => process.restart()))
}

function keep(file: string, which: (fact: WrittenFact) => boolean): WrittenFact[] {
  const facts = readFacts(file).filter(which)
  writeFileSync(file, facts.map((fact) => `${JSON.stringify(fact)}\n`).join(''))
  return facts
}

async function isRefused({ grant }: Pick<Holder, 'grant'>, refreshToken: string | undefined): Promise<boolean> {
  const { error } = await refresh(grant, refreshToken ?? '')
  // A client that registered after the dump is unknown too.
  return error === 'invalid_grant' || error === 'invalid_client'
}

export const restoredBackup: Fault = {
  id: 'F22',
  name: 'pg_dump of both databases under load, both lost and restored, access ended and the keys replaced as the manual says',
  guarantee: 'everything acknowledged before the dump is there; what was revoked stays so; nothing newer is taken',
  world: () => ({}),
  strike: async (scene) => {
    const { world, load, facts, demand } = scene
    const folder = temporaryFolder('dump')
    const startedAt = now()
    const cut = await dumpUnderLoad(scene, folder)
    const dumped = (now() - startedAt) / 1_000
    const newer = await newHolder(world, world.accounts.ada)
    await sleep(2_000)
    await load.stop()
    await restore(world, folder)
    const known = keep(facts, ({ at }) => at <= cut)
    for (const breach of await judge(world, load.grant, facts))
      demand(false, `of what is older than the dump: ${breach}`)
    const older = await newHolder(world, world.accounts.grace)
    await operate(world, ['access', 'end', '--before', 'now'])
    demand(await isRefused(newer, newer.tokens.refresh_token), 'a refresh token newer than the dump is taken')
    const ended = [older.tokens.refresh_token]
    for (const fact of known) if (fact.kind === 'tokens') ended.push(fact.refreshToken)
    for (const token of ended.slice(-12)) demand(await isRefused(load, token), 'access was not ended')
    await untilRefused(scene, older.tokens, now(), 500)
    // Its grant is unknown here: only the end of its key tells resource servers.
    await operate(world, ['keys', 'revoke', decodeProtectedHeader(newer.tokens.access_token).kid ?? ''])
    await untilRefused(scene, newer.tokens, now(), 500)
    const fresh = now()
    let again = await newHolder(world, world.accounts.ada)
    // A replica that has not heard of the end of the key yet signs with it for a moment: who is refused signs in again.
    while (!(await isTaken(world, again.tokens)) && now() - fresh < 60_000) {
      await sleep(1_000)
      again = await newHolder(world, world.accounts.ada)
    }
    demand(await isTaken(world, again.tokens), 'nobody gets in any more')
    keep(facts, ({ kind }) => kind === 'client' || kind === 'note' || kind === 'revoked')
    return [`${known.length} facts older than the dump, which took ${seconds(dumped)}; all there`]
  },
}
