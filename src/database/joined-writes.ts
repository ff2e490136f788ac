/**
 * Several writes as one statement: one way to the database and one commit, all of it or nothing. Each write is a constant text, so
 * that what is joined of the same writes is the same prepared statement. Does not order the writes: none sees what another has done.
 */
import type { Sql, Statement } from './sql.js'

/** One statement, or several steps of one, that can stand beside others. */
export interface WriteText {
  /** Unique per text, and short: all names together name the statement. */
  readonly name: string
  /**
   * Common table expressions: their names, unique among what is joined, and their texts, with `$1` for the write's first value.
   * One that says `FROM condition` is carried out only when the condition holds.
   */
  readonly steps: Readonly<Record<string, string>>
}

export interface Write {
  readonly text: WriteText
  readonly values: readonly unknown[]
  /** Called when it was written. */
  readonly onWritten?: () => void
}

/** For writes that nothing else decides about. */
const always: Write = { text: { name: 'always', steps: { condition: 'SELECT 1' } }, values: [] }

const statements = new Map<string, Statement>()

/** PostgreSQL tells prepared statements apart by this many characters of their names. */
const longestName = 63

function joined(writes: readonly Write[]): Statement {
  const name = writes.map(({ text }) => text.name).join('+')
  const known = statements.get(name)
  if (known !== undefined) return known
  if (name.length > longestName) throw new Error(`${name} is too long for a statement's name`)
  let before = 0
  const steps = writes.flatMap(({ text, values }) => {
    const offset = before
    before += values.length
    return Object.entries(text.steps).map(
      ([step, sql]) => `${step} AS (${sql.replace(/\$(\d+)/g, (_, number) => `$${Number(number) + offset}`)})`,
    )
  })
  const statement: Statement = { name, lane: 'write', text: `WITH ${steps.join(',\n')}\nSELECT 1 FROM condition` }
  statements.set(name, statement)
  return statement
}

/**
 * Carries out all writes in one statement. `condition`: a write with a step named `condition`, which returns a row when it did
 * what it should. False when it did not; then nothing that depends on it was written.
 */
export async function writeTogether(sql: Sql, writes: readonly Write[], condition: Write = always): Promise<boolean> {
  const all = [condition, ...writes]
  const { rowCount } = await sql.query(
    joined(all),
    all.flatMap(({ values }) => values),
  )
  if (rowCount === 0) return false
  for (const { onWritten } of all) onWritten?.()
  return true
}
