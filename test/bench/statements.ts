/**
 * What one statement costs this process by each of the ways to the database: prepared by `database/prepared-query.ts`, by what pg documents,
 * and by Prisma's client. The same rows are read and written, in turns. Counted is CPU time of this process, which a busy machine changes
 * less than latencies; what PostgreSQL does is the same for the first two.
 */
import { memoryUsage } from 'node:process'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { openServerDatabase } from '../../src/database/database.js'
import { createPipelines, type Pipelines } from '../../src/database/pipelines.js'
import { plainly, preparedQueryOf } from '../../src/database/prepared-query.js'
import type { Statement } from '../../src/database/sql.js'
import { PrismaClient } from '../../src/storage/generated/client.js'
import { migrateStorage } from '../../src/storage/storage.js'
import type { Postgres } from '../support/postgres.js'
import { type Spread, type StatementCosts, spreadOver } from './result.js'

export const statementsName = 'statements'

const method = { rounds: 11, operations: 500, concurrency: 16 }
const rowCount = 500

const ways = ['prepared', 'plain', 'prisma'] as const
type Way = (typeof ways)[number]

const read: Statement = {
  name: 'bench_read',
  lane: 'read',
  text: 'SELECT id, email, name, password_hash, disabled_at, created_at FROM accounts WHERE id = $1',
}
const joinedRead: Statement = {
  name: 'bench_joined_read',
  lane: 'read',
  text: `SELECT a.payload, a.consumed_at, g.payload AS grant_payload, p.email, p.name, p.disabled_at
    FROM artifacts a JOIN grants g ON g.id = a.grant_id JOIN accounts p ON p.id = g.account_id
    WHERE a.model = $1 AND a.id_hash = $2`,
}
const insert: Statement = {
  name: 'bench_insert',
  lane: 'write',
  text: `INSERT INTO artifacts (model, id_hash, grant_id, client_id, payload, expires_at)
    VALUES ($1, $2, $3, $4, $5::jsonb, $6::timestamptz)`,
}

const payload = { kind: 'AuthorizationCode', scope: 'openid notes:read', claims: {}, iat: 1_700_000_000 }
const model = 'AuthorizationCode'
const expiresAt = new Date('2099-01-01T00:00:00Z')

type Operation = (index: number) => Promise<unknown>

interface Kind {
  readonly label: string
  readonly by: Readonly<Record<Way, Operation>>
}

let inserted = 0

function byPipelines(send: (statement: Statement, values: readonly unknown[]) => Promise<unknown>) {
  return {
    read: (index: number) => send(read, [`account-${index}`]),
    joined: (index: number) => send(joinedRead, [model, `code-${index}`]),
    insert: (index: number) => {
      inserted += 1
      const values = [model, `more-${inserted}`, `grant-${index}`, 'client', JSON.stringify(payload)]
      return send(insert, [...values, expiresAt.toISOString()])
    },
  }
}

function byPrisma({ account, artifact }: PrismaClient) {
  return {
    read: (index: number) =>
      account.findUnique({
        where: { id: `account-${index}` },
        select: { id: true, email: true, name: true, passwordHash: true, disabledAt: true, createdAt: true },
      }),
    joined: (index: number) =>
      artifact.findUnique({
        where: { model_idHash: { model, idHash: `code-${index}` } },
        select: {
          payload: true,
          consumedAt: true,
          grant: {
            select: { payload: true, account: { select: { email: true, name: true, disabledAt: true } } },
          },
        },
      }),
    insert: (index: number) => {
      inserted += 1
      const row = { model, idHash: `more-${inserted}`, grantId: `grant-${index}`, clientId: 'client' }
      return artifact.create({ data: { ...row, payload, expiresAt } })
    },
  }
}

async function fill(prisma: PrismaClient): Promise<void> {
  const indexes = Array.from({ length: rowCount }, (_, index) => index)
  await prisma.account.createMany({
    data: indexes.map((index) => ({ id: `account-${index}`, email: `${index}@example.org`, updatedAt: new Date() })),
  })
  await prisma.grant.createMany({
    data: indexes.map((index) => ({
      ...{ id: `grant-${index}`, accountId: `account-${index}`, clientId: 'client' },
      ...{ payload, expiresAt },
    })),
  })
  await prisma.artifact.createMany({
    data: indexes.map((index) => ({ model, idHash: `code-${index}`, grantId: `grant-${index}`, payload, expiresAt })),
  })
}

/** Microseconds of this process for each operation. */
async function costOf(operation: Operation, operations: number): Promise<{ cpu: number; wall: number }> {
  let next = 0
  const worker = async () => {
    while (next < operations) {
      next += 1
      await operation(next % rowCount)
    }
  }
  const [cpu, wall] = [process.cpuUsage(), performance.now()]
  await Promise.all(Array.from({ length: method.concurrency }, worker))
  const { user, system } = process.cpuUsage(cpu)
  return { cpu: (user + system) / operations, wall: ((performance.now() - wall) * 1_000) / operations }
}

async function measureKind({ label, by }: Kind): Promise<StatementCosts['rows'][number]> {
  const found = new Map<Way, { cpu: number; wall: number }[]>(ways.map((way) => [way, []]))
  for (const way of ways) await costOf(by[way], method.operations)
  for (let round = 0; round < method.rounds; round += 1) {
    for (const way of ways) found.get(way)?.push(await costOf(by[way], method.operations))
  }
  const spread = (way: Way, what: 'cpu' | 'wall'): Spread => spreadOver((found.get(way) ?? []).map((one) => one[what]))
  const costs = (way: Way) => ({ cpuMicros: spread(way, 'cpu'), wallMicros: spread(way, 'wall') })
  return { label, prepared: costs('prepared'), plain: costs('plain'), prisma: costs('prisma') }
}

/** What the first query of Prisma's client costs a process that has asked the database by pg already. */
async function firstQuery(prisma: PrismaClient): Promise<StatementCosts['firstQuery']> {
  const resident = () => memoryUsage.rss() / 2 ** 20
  const [before, begun] = [resident(), performance.now()]
  await prisma.account.count()
  return { milliseconds: performance.now() - begun, mebibytes: resident() - before }
}

export async function measureStatements(postgres: Postgres): Promise<StatementCosts> {
  const url = await postgres.url('statements')
  const database = openServerDatabase({ url, poolSize: 6, onIdleError: () => undefined })
  await migrateStorage(database)
  await database.close()
  const send = preparedQueryOf(pg)
  if (send === undefined) throw new Error('this version of pg has no short way')
  const pool = new pg.Pool({ connectionString: url, max: 3 })
  const shared = { connection: { connectionString: url }, size: 1, mostWaiting: 1_000, onError: () => undefined }
  const opened: Pipelines[] = [createPipelines({ ...shared, send }), createPipelines({ ...shared, send: plainly })]
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
  try {
    await pool.query('SELECT 1')
    const first = await firstQuery(prisma)
    await fill(prisma)
    const [prepared, plain] = opened.map((one) => byPipelines((statement, values) => one.query(statement, values)))
    if (prepared === undefined || plain === undefined) throw new Error('no way to the database')
    const ofPrisma = byPrisma(prisma)
    const kind = (label: string, name: keyof typeof ofPrisma): Kind => ({
      label,
      by: { prepared: prepared[name], plain: plain[name], prisma: ofPrisma[name] },
    })
    const rows: StatementCosts['rows'] = []
    for (const one of [
      kind('One row by its key (findUnique)', 'read'),
      kind('A row with two that it belongs to (findUnique, select)', 'joined'),
      kind('One row written (create)', 'insert'),
    ]) {
      rows.push(await measureKind(one))
    }
    return { date: new Date().toISOString(), method, firstQuery: first, rows }
  } finally {
    await prisma.$disconnect()
    await Promise.all([...opened.map((one) => one.end()), pool.end()])
  }
}
