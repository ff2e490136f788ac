/** The short way of a statement and pg's own give the same answers, and a pg without the short way is used by its own. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { plainly, preparedQueryOf, type SendStatement, sendStatement } from '../../src/database/prepared-query.js'
import type { Statement } from '../../src/database/sql.js'
import { createDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { newClient } from '../support/opened.js'

const statement = (name: string, text: string): Statement => ({ name, lane: 'read', text })

const values = statement(
  'values',
  `SELECT $1::text AS word, $2::int AS number, $3::timestamptz AS time, $4::text[] AS words, $5::jsonb AS json,
    $6::boolean AS truth, $7::text AS nothing, $8::float8 AS half, $9::bigint AS large`,
)
const insert = statement('insert', 'INSERT INTO numbers SELECT generate_series(1, $1::int) ON CONFLICT DO NOTHING')
const insertReturning = statement('insert_returning', 'INSERT INTO numbers VALUES ($1) RETURNING number')
const remove = statement('remove', 'DELETE FROM numbers')
const fails = statement('fails', 'SELECT 1 / $1::int AS one')
const slow = statement('slow', 'SELECT pg_sleep($1::float8)::text AS slept')
const limit = statement('limit', `SELECT current_setting('statement_timeout') AS milliseconds`)

const withoutMember = (driver: object, name: string) => {
  const [owner = '', member = ''] = name.split('.')
  if (member === '') return { ...driver, [owner]: undefined }
  const made = class {}
  const theirs = Object.getOwnPropertyDescriptors((Reflect.get(driver, owner) as { prototype: object }).prototype)
  Object.defineProperties(made.prototype, Object.fromEntries(Object.entries(theirs).filter(([own]) => own !== member)))
  return { ...driver, [owner]: made }
}

describe('The short way of a statement', () => {
  it('is there with the pg that is installed, and used', () => {
    expect(preparedQueryOf(pg)).toBeDefined()
    expect(sendStatement).not.toBe(plainly)
  })

  it('is not there with a pg that lacks what it replaces', () => {
    const driver = { Query: pg.Query, Connection: pg.Connection, utils: Reflect.get(pg, 'utils') as object }
    expect(preparedQueryOf(driver)).toBeDefined()
    expect(preparedQueryOf(undefined)).toBeUndefined()
    const members = ['Query', 'Connection', 'utils', 'Query.prepare', 'Query.handleDataRow', 'Connection.bind']
    expect(members.filter((member) => preparedQueryOf(withoutMember(driver, member)) !== undefined)).toEqual([])
  })
})

const short = (): SendStatement => {
  const send = preparedQueryOf(pg)
  if (send === undefined) throw new Error('this pg has no short way')
  return send
}

const options = [
  { isNamed: true },
  { isNamed: false },
  { isNamed: false, limitMs: 300 },
  { isNamed: true, limitMs: 300 },
] as const

describeOnPostgres('A statement by the short way and by what pg documents', () => {
  let client: pg.Client
  beforeAll(async () => {
    client = newClient({ connectionString: await createDatabase('ways'), pipeline: true })
    await client.connect()
    await client.query('CREATE TABLE numbers (number int PRIMARY KEY)')
  })
  afterAll(() => client.end())

  it.each(options)('answers the same, %j', async (one) => {
    const answers = async (send: SendStatement) => {
      const ask = (asked: Statement, ...given: unknown[]) => send(client, asked, given, one)
      const at = new Date('2026-11-30T12:00:00.123Z')
      const list = ['a "quoted" word', 'NULL', null, 'ö']
      const outcome = await Promise.allSettled([
        ask(values, 'word', 7, at, list, JSON.stringify({ a: ['1'] }), true, null, 0.5, '9007199254740993'),
        ask(values, '', -1, at.toISOString(), [], '[]', false, undefined, 1e9, 3n),
        ask(insert, 3),
        ask(fails, 0),
        ask(insertReturning, 4),
        ask(insert, 4),
        ask(fails, 1),
        ask(remove),
        ask(remove),
      ])
      return outcome.map((settled) =>
        settled.status === 'fulfilled'
          ? { rows: settled.value.rows, rowCount: settled.value.rowCount }
          : Reflect.get(settled.reason as object, 'code'),
      )
    }
    const twice = async (send: SendStatement) => [await answers(send), await answers(send)]
    const [first, second] = await twice(plainly)
    expect(first?.slice(2).map((answer) => answer.rowCount ?? answer)).toEqual([3, '22012', 1, 0, 1, 4, 0])
    expect(second).toEqual(first)
    expect(await twice(short())).toEqual([first, first])
  })

  it.each([
    ['the short way', short()],
    ['what pg documents', plainly],
  ])('is ended at its own limit, and nobody else with it, by %s', async (_way, send) => {
    const limited = { isNamed: false, limitMs: 50 }
    const asked = [
      send(client, slow, [0.2], limited),
      send(client, slow, [0.2], { isNamed: false }),
      send(client, limit, [], { isNamed: false, limitMs: 1_234 }),
      send(client, limit, [], { isNamed: false }),
    ]
    const [ended, ...others] = await Promise.allSettled(asked)
    expect(ended).toMatchObject({ status: 'rejected', reason: { code: '57014' } })
    expect(others.map((one) => one.status === 'fulfilled' && one.value.rows[0])).toEqual([
      { slept: '' },
      { milliseconds: '1234ms' },
      { milliseconds: '0' },
    ])
  })
})
