/** Many rows in little time: indexes and constraints are taken off, the rows written, and all made again as it was. */
import type pg from 'pg'

interface Part {
  readonly drop: string
  readonly make: string
}

/** Foreign keys go first and come last: they need the primary keys. Made again for new rows only; ours are known to be right. */
const constraints = `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
      || CASE contype WHEN 'f' THEN ' NOT VALID' ELSE '' END AS make
  FROM pg_constraint WHERE conrelid = ANY ($1::regclass[]) AND contype IN ('f', 'p', 'u') ORDER BY contype = 'f' DESC`

const indexes = `SELECT format('DROP INDEX %s', indexrelid::regclass) AS drop, pg_get_indexdef(indexrelid) AS make
  FROM pg_index WHERE indrelid = ANY ($1::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`

/** `tables`: what `write` adds to. Other tables must not have foreign keys on them. */
export async function inBulk(sql: pg.Client, tables: readonly string[], write: () => Promise<void>): Promise<void> {
  for (const setting of ['synchronous_commit = off', "maintenance_work_mem = '1GB'"]) await sql.query(`SET ${setting}`)
  const parts = [
    ...(await sql.query<Part>(constraints, [tables])).rows,
    ...(await sql.query<Part>(indexes, [tables])).rows,
  ]
  for (const { drop } of parts) await sql.query(drop)
  await write()
  for (const { make } of parts.reverse()) await sql.query(make)
  // Not in parallel: its shared memory would be as large as maintenance_work_mem, more than some machines give.
  await sql.query(`VACUUM (ANALYZE, PARALLEL 0) ${tables.join(', ')}`)
  await sql.query('CHECKPOINT')
}
