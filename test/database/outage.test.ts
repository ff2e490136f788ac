/** Which faults of the database pass by themselves, whoever throws them. */
import { describe, expect, it } from '@jest/globals'
import { isOutage, settle } from '../../src/database/outage.js'
import { PrismaClient } from '../../src/storage/generated/client.js'
import { createDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { newClient, openServerDatabase } from '../support/opened.js'
import { startRelay } from '../support/relay.js'

const underPrisma = (originalCode: string) => ({
  code: 'P2039',
  meta: { driverAdapterError: { name: 'DriverAdapterError', cause: { originalCode, kind: 'postgres' } } },
})

describe('A fault that passes by itself', () => {
  it.each([
    ['a refused connection', { code: 'ECONNREFUSED' }, true],
    ['a server that starts', { code: '57P03' }, true],
    ['the same in the words of Prisma', underPrisma('57P03'), true],
    ['a session that was ended, in the words of Prisma', underPrisma('57P01'), true],
    ['a lock that somebody held too long, in the words of Prisma', underPrisma('55P03'), true],
    ['what the driver adapter throws by itself', { message: 'x', cause: { originalCode: '57P01' } }, true],
    ['a lost connection without a code', new Error('Connection terminated unexpectedly'), true],
    ['a missing table', { code: '42P01' }, false],
    ['the same in the words of Prisma', underPrisma('42P01'), false],
    ['a mistake of ours', new TypeError('x is not a function'), false],
    ['nothing', undefined, false],
  ])('%s: %j → %p', (_what, error, expected) => {
    expect(isOutage(error)).toBe(expected)
  })
})

describe('What is sent again until an outage is over', () => {
  const lost = new Error('Connection terminated unexpectedly')

  it('is answered by the first attempt that is', async () => {
    const answers = [Promise.reject(lost), Promise.resolve('done')]
    for (const answer of answers) answer.catch(() => undefined)
    await expect(settle(async () => answers.shift())).resolves.toBe('done')
  })

  it('fails at once with what does not pass by itself', async () => {
    const mistake = new TypeError('x is not a function')
    await expect(settle(() => Promise.reject(mistake))).rejects.toBe(mistake)
  })

  it('is given up with 503 when the database has gone silent', async () => {
    await expect(settle(() => new Promise(() => undefined))).rejects.toMatchObject({ code: 'temporarily_unavailable' })
  })
})

describeOnPostgres('A connection that is lost', () => {
  it('between two statements of a transaction fails the transaction, and nothing else', async () => {
    const url = await createDatabase('lost')
    const database = openServerDatabase({ url, poolSize: 4, onIdleError: () => undefined })
    const prisma = new PrismaClient({ adapter: database.adapter })
    const other = newClient({ connectionString: url })
    await other.connect()
    const transaction = prisma.$transaction(async (step) => {
      const [{ pid } = { pid: 0 }] = await step.$queryRaw<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
      await other.query('SELECT pg_terminate_backend($1::int)', [pid])
      // The goodbye arrives while nobody asks anything: without a listener it would end this process.
      await eventually(async () => {
        const { rowCount } = await other.query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])
        return rowCount === 0
      })
      await new Promise((resolve) => setImmediate(resolve))
      return step.$queryRaw`SELECT 1`
    })
    const error: unknown = await transaction.catch((reason: unknown) => reason)
    expect(isOutage(error)).toBe(true)
    await expect(prisma.$queryRaw`SELECT 1 AS one`).resolves.toEqual([{ one: 1 }])
    await other.end()
    await prisma.$disconnect()
    await database.close()
  })

  it('without a word is noticed: readiness says so, and statements fail in place of hanging', async () => {
    const url = new URL(await createDatabase('silent'))
    const relay = await startRelay(Number(url.port))
    url.port = String(relay.port)
    const limits = {
      connectSeconds: 1,
      statementSeconds: 1,
      searchSeconds: 1,
      lockSeconds: 1,
      idleTransactionSeconds: 1,
      waitingStatements: 20,
    }
    const database = openServerDatabase({ url: url.href, poolSize: 4, limits, onIdleError: () => undefined })
    const isReady = () =>
      database.ping().then(
        () => true,
        () => false,
      )
    await eventually(isReady)
    relay.swallow()
    const asked = database.sql.query({ name: 'insert', lane: 'write', text: 'CREATE TABLE never ()' }, [])
    await expect(database.ping()).rejects.toMatchObject({ status: 503 })
    await expect(asked).rejects.toMatchObject({ status: 503 })
    relay.restore()
    await eventually(isReady)
    await database.close()
    await relay.close()
  })
})
