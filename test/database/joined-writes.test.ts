import { describe, expect, it } from '@jest/globals'
import { type Write, writeTogether } from '../../src/database/joined-writes.js'
import type { Sql } from '../../src/database/sql.js'

const write = (name: string, values: readonly unknown[], onWritten?: () => void): Write => ({
  text: { name, steps: { [`step_${name}`]: `INSERT INTO ${name} SELECT $1, $2 FROM condition` } },
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
    const condition: Write = {
      text: { name: 'when', steps: { condition: 'SELECT $1, $10' } },
      values: [...'abcdefghij'],
    }
    expect(await writeTogether(sql, [write('one', [1, 2]), write('two', [3, 4])], condition)).toBe(true)
    expect(asked).toEqual([
      {
        name: 'when+one+two',
        lane: 'write',
        text: [
          'WITH condition AS (SELECT $1, $10),',
          'step_one AS (INSERT INTO one SELECT $11, $12 FROM condition),',
          'step_two AS (INSERT INTO two SELECT $13, $14 FROM condition)',
          'SELECT 1 FROM condition',
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

  it('tell who waits for it only when they were written', async () => {
    const told: string[] = []
    const writes = [write('told', [1, 2], () => void told.push('told'))]
    expect(await writeTogether(sqlThatAnswers(0).sql, writes)).toBe(false)
    expect(told).toEqual([])
    expect(await writeTogether(sqlThatAnswers(1).sql, writes)).toBe(true)
    expect(told).toEqual(['told'])
  })

  it('are refused when PostgreSQL would cut their name, and take one statement for another', async () => {
    const many = Array.from({ length: 10 }, (_, index) => write(`write_${index}`, [1, 2]))
    await expect(writeTogether(sqlThatAnswers(1).sql, many)).rejects.toThrow('too long')
  })
})
