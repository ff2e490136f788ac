import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createPreparedSql, openSession } from '../../src/database/embedded-statements.js'
import type { Sql } from '../../src/database/sql.js'

const insert = {
  name: 'insert',
  lane: 'write' as const,
  text: 'INSERT INTO things (id, payload, made_at) VALUES ($1, $2::jsonb, $3::timestamptz) RETURNING id',
}
const find = { name: 'find', lane: 'read' as const, text: 'SELECT id, payload, made_at FROM things WHERE id = $1' }
const rename = { name: 'rename', lane: 'write' as const, text: 'UPDATE things SET id = $2 WHERE id = $1' }

let pglite: PGlite
let sql: Sql

beforeAll(async () => {
  pglite = await PGlite.create('memory://')
  await pglite.exec('CREATE TABLE things (id text PRIMARY KEY, payload jsonb, made_at timestamptz)')
  sql = createPreparedSql(openSession(pglite))
})
afterAll(() => pglite.close())

describe('prepared statements on the embedded database', () => {
  it('hands JSON, timestamps and null over as PGlite itself does', async () => {
    const madeAt = new Date('2026-01-02T03:04:05.678Z')
    await sql.query(insert, ['one', { nested: [1, null] }, madeAt])
    await sql.query(insert, ['empty', null, null])
    const { rows } = await sql.query(find, ['one'])
    expect(rows).toEqual([{ id: 'one', payload: { nested: [1, null] }, made_at: madeAt }])
    expect(rows).toEqual((await pglite.query(find.text, ['one'])).rows)
    expect((await sql.query(find, ['empty'])).rows).toEqual([{ id: 'empty', payload: null, made_at: null }])
  })

  it('counts rows read and rows written', async () => {
    expect(await sql.query(insert, ['counted', '{}', null])).toEqual({ rows: [{ id: 'counted' }], rowCount: 1 })
    expect((await sql.query(find, ['nobody'])).rowCount).toBe(0)
    expect(await sql.query(rename, ['counted', 'renamed'])).toEqual({ rows: [], rowCount: 1 })
    expect((await sql.query(rename, ['nobody', 'anybody'])).rowCount).toBe(0)
  })

  it('gives errors their code and serves on after them', async () => {
    await expect(sql.query(insert, ['one', '{}', null])).rejects.toMatchObject({ code: '23505' })
    await expect(sql.query(insert, ['two', 'no JSON', null])).rejects.toMatchObject({ code: '22P02' })
    expect((await sql.query(find, ['one'])).rowCount).toBe(1)
  })

  it('prepares a statement anew that could not be prepared before', async () => {
    const later = { name: 'later', lane: 'read' as const, text: 'SELECT count(*)::int AS count FROM comes_later' }
    await expect(sql.query(later, [])).rejects.toMatchObject({ code: '42P01' })
    await pglite.exec('CREATE TABLE comes_later (id integer)')
    expect((await sql.query(later, [])).rows).toEqual([{ count: 0 }])
  })

  it('stays outside a transaction that runs at the same time', async () => {
    let written: Promise<unknown> = Promise.resolve()
    await pglite.transaction(async (transaction) => {
      written = sql.query(insert, ['outside', '{}', null])
      await transaction.query("INSERT INTO things (id) VALUES ('inside')")
      await transaction.rollback()
    })
    await written
    expect((await sql.query(find, ['outside'])).rowCount).toBe(1)
    expect((await sql.query(find, ['inside'])).rowCount).toBe(0)
  })

  it('answers many questions asked at once, each with its own rows', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `many-${index}`)
    await Promise.all(ids.map((id) => sql.query(insert, [id, '{}', null])))
    const answers = await Promise.all(ids.map((id) => sql.query<{ id: string }>(find, [id])))
    expect(answers.map(({ rows }) => rows[0]?.id)).toEqual(ids)
  })
})
