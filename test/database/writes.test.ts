import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Database } from '../../src/database/database.js'
import type { Sql } from '../../src/database/sql.js'
import {
  type Condition,
  declareCondition,
  declareWrite,
  joined,
  type Write,
  type WriteText,
  writeTogether,
} from '../../src/database/writes.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'

const write = (name: string, values: readonly unknown[], onWritten?: () => void): Write => ({
  text: declareWrite(name, { [`step_${name}`]: `INSERT INTO ${name} SELECT $1, $2 FROM {condition}` }),
  values,
  ...(onWritten === undefined ? {} : { onWritten }),
})

/** Notes what it is asked, and says that so many rows came of it. */
function sqlThatAnswers(rowCount: number) {
  const asked: { name: string; text: string; values: readonly unknown[] }[] = []
  const sql: Sql = {
    query: async (statement, values) => {
      asked.push({ ...statement, values })
      return { rows: [], rowCount }
    },
  }
  return { sql, asked }
}

describe('Writes that are joined', () => {
  it('are one statement, in which each keeps its own values', async () => {
    const { sql, asked } = sqlThatAnswers(1)
    const condition: Condition = {
      text: declareCondition('when', {
        condition: `SELECT ${[...'abcdefghij'].map((_, at) => `$${at + 1}`).join(', ')}`,
      }),
      values: [...'abcdefghij'],
    }
    expect(await writeTogether(sql, [write('one', [1, 2]), write('two', [3, 4])], condition)).toBe(true)
    expect(asked).toEqual([
      {
        name: 'when+one+two',
        lane: 'write',
        text: [
          'WITH condition_1 AS (SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10),',
          'step_one_2 AS (INSERT INTO one SELECT $11, $12 FROM condition_1),',
          'step_two_3 AS (INSERT INTO two SELECT $13, $14 FROM condition_1)',
          'SELECT 1 FROM condition_1',
        ].join('\n'),
        values: [...'abcdefghij', 1, 2, 3, 4],
      },
    ])
  })

  it('are the same statement each time, which is prepared once', async () => {
    const { sql } = sqlThatAnswers(1)
    const statements = new Set<unknown>()
    const watching: Sql = {
      query: (statement, values) => {
        statements.add(statement)
        return sql.query(statement, values)
      },
    }
    for (const values of [
      [1, 2],
      [3, 4],
    ])
      await writeTogether(watching, [write('same', values)])
    expect(statements.size).toBe(1)
  })

  it('are told by the row that is written last whether the condition held, if it says so', async () => {
    const { sql, asked } = sqlThatAnswers(1)
    const oneRow = declareWrite('last_row', { step: 'INSERT INTO rows SELECT $1 FROM {condition}' }, true)
    const last: Write = { text: oneRow, values: [3] }
    await writeTogether(sql, [write('before', [1, 2]), last])
    await writeTogether(sql, [last, write('before', [1, 2])])
    expect(asked.map(({ text }) => text.split('\n').at(-1))).toEqual([
      'INSERT INTO rows SELECT $3 FROM condition_1',
      'SELECT 1 FROM condition_1',
    ])
  })

  it('tell who waits for it only when they were written', async () => {
    const told: string[] = []
    const writes = [write('told', [1, 2], () => void told.push('told'))]
    expect(await writeTogether(sqlThatAnswers(0).sql, writes)).toBe(false)
    expect(told).toEqual([])
    expect(await writeTogether(sqlThatAnswers(1).sql, writes)).toBe(true)
    expect(told).toEqual(['told'])
  })

  it.each<[string, () => unknown, string]>([
    [
      'a name that another text has',
      () => write('taken', []) && declareWrite('taken', { step: 'SELECT 2' }),
      'another',
    ],
    ['a name that a joined one could have', () => declareWrite('a+b', { step: 'SELECT 1' }), 'cannot name'],
    ['a step that no SQL could name', () => declareWrite('odd_step', { 'a b': 'SELECT 1' }), 'cannot name'],
    ['a step that it does not have', () => declareWrite('lost_step', { one: 'SELECT 1 FROM {two}' }), 'no step two'],
    ['a value left out', () => declareWrite('lost_value', { one: 'SELECT $1, $3' }), 'leaves out'],
  ])('are refused while they are declared: %s', (_what, declare, message) => {
    expect(declare).toThrow(message)
  })

  it('are refused with more values than they take, or fewer', async () => {
    const { sql, asked } = sqlThatAnswers(1)
    for (const values of [[1], [1, 2, 3]]) {
      await expect(writeTogether(sql, [write('counted', values)])).rejects.toThrow('takes 2 values')
    }
    expect(asked).toEqual([])
  })

  it('may be declared again as they are', () => {
    expect(declareWrite('again', { step: 'SELECT $1' })).toBe(declareWrite('again', { step: 'SELECT $1' }))
  })
})

/** A generator of numbers below `bound`, the same in every run. */
function numbers(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return state % bound
  }
}

describeOnDatabases('Any writes together, on %s', (kind) => {
  let database: Database
  const tables = ['any_writes', 'any_writes_1', 'condition_1']
  beforeAll(async () => {
    database = await openTestDatabase(kind, 'auth')
    for (const [index, table] of tables.entries()) {
      const text = `CREATE TABLE ${table} (run int NOT NULL, place int NOT NULL, label text NOT NULL)`
      await database.sql.query({ name: `create_${index}`, lane: 'write', text }, [])
    }
  })
  afterAll(() => database.close())

  const long = 'a_name_that_is_longer_than_all_that_postgresql_keeps_of_a_name_by_far'
  const insertInto = (name: string, table: string, steps: Readonly<Record<string, string>> = {}): WriteText =>
    declareWrite(name, {
      ...steps,
      step: `INSERT INTO ${table} SELECT $1::int, $2::int, $3::text FROM {condition}`,
    })
  const texts: readonly WriteText[] = [
    insertInto('plain', 'any_writes'),
    insertInto('other_table', 'any_writes_1'),
    insertInto('table_like_a_step', 'condition_1'),
    insertInto(long, 'any_writes'),
    insertInto(`${long}_too`, 'any_writes_1'),
    // Two steps whose names differ behind what PostgreSQL keeps, and a step with the name of another write's.
    declareWrite('long_steps', {
      [`${long}_a`]: 'SELECT $1::int AS run, $2::int AS place FROM {condition}',
      [`${long}_b`]: `SELECT run, place, $3::text AS label FROM {${long}_a}`,
      step: `INSERT INTO any_writes SELECT run, place, label FROM {${long}_b}`,
    }),
    declareWrite(
      'one_row',
      { step: 'INSERT INTO any_writes SELECT $1::int, $2::int, $3::text FROM {condition}' },
      true,
    ),
    declareWrite('values_backwards', {
      step: 'INSERT INTO any_writes (label, place, run) SELECT $3::text, $2::int, $1::int FROM {condition}',
    }),
    declareWrite('value_twice', {
      step: 'INSERT INTO any_writes SELECT $1::int, $2::int, $3::text FROM {condition} WHERE $1::int = $1::int',
    }),
  ]
  const conditions = [
    declareCondition('holds', { condition: 'SELECT 1 WHERE $1::int = $1::int' }),
    declareCondition('holds_by_a_step', { step: 'SELECT $1::int AS run', condition: 'SELECT 1 FROM {step}' }),
    declareCondition('does_not_hold', { condition: 'SELECT 1 WHERE $1::int <> $1::int' }),
  ] as const

  const written = async (run: number): Promise<unknown[]> => {
    const each = tables.map((table) => `SELECT place, label FROM ${table} WHERE run = $1`).join(' UNION ALL ')
    const statement = { name: 'any_written', lane: 'read', text: `${each} ORDER BY place` } as const
    return (await database.sql.query(statement, [run])).rows
  }

  it('are each written once, with their own values, or none of them', async () => {
    const pick = numbers(14)
    const names = new Map<string, string>()
    for (let run = 0; run < 150; run += 1) {
      const condition = conditions[pick(conditions.length)] ?? conditions[0]
      const writes = Array.from({ length: pick(12) }, (_, place) => {
        const text = texts[pick(texts.length)] ?? (texts[0] as WriteText)
        return { text, values: [run, place, `${run} ${text.name} ${place}`] }
      })
      const statement = joined(
        condition,
        writes.map(({ text }) => text),
      )
      expect(statement.name.length).toBeLessThanOrEqual(63)
      expect(names.get(statement.name) ?? statement.text).toBe(statement.text)
      names.set(statement.name, statement.text)
      const holds = condition.name !== 'does_not_hold'
      expect(await writeTogether(database.sql, writes, { text: condition, values: [run] })).toBe(holds)
      const expected = holds ? writes.map(({ values: [, place, label] }) => ({ place, label })) : []
      expect(await written(run)).toEqual(expected)
    }
  })
})
