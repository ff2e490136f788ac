/**
 * Joins several writes into one statement: one round trip and one atomic commit. Each write is a constant text, so the same writes always
 * give the same prepared statement. The writes are not ordered: none sees the effects of another.
 *
 * Joined writes cannot clash: the steps of a statement are numbered, placeholders are counted from the declared values, and names of texts
 * are unique in the process.
 */
import { createHash } from 'node:crypto'
import type { Sql, Statement } from './sql.js'

/** One statement, or several steps of one, that can be joined with others. Made by `declareWrite` and `declareCondition` only. */
export interface WriteText {
  readonly name: string
  /** Number of its values. */
  readonly valueCount: number
  readonly steps: readonly { readonly name: string; readonly sql: string }[]
  /** Its one step writes one row if the condition holds, and none if not. */
  readonly isOneRow: boolean
}

/** A text with the step that the other writes may depend on. */
export interface ConditionText extends WriteText {
  readonly decides: true
}

export interface Write {
  readonly text: WriteText
  readonly values: readonly unknown[]
  /** Called after it was written. */
  readonly onWritten?: () => void
}

/** A write that the others depend on: its step `condition` returns a row if it took effect. */
export interface Condition extends Write {
  readonly text: ConditionText
}

/** Common table expressions by name, in their order. */
export type Steps = Readonly<Record<string, string>>

const conditionStep = 'condition'

const valuePattern = /\$(\d+)/g
const stepPattern = /\{([a-z_]+)\}/g

const declared = new Map<string, { readonly text: WriteText; readonly source: string }>()

/**
 * Declares a text. `$1` is its first value. `{step}` refers to another of its steps, `{condition}` to the condition of the joined
 * statement: a step with `FROM {condition}` is executed only if that holds. Throws at module load if a step is unknown, a value is unused,
 * or the name belongs to another text. `isOneRow`: see `WriteText`.
 */
export function declareWrite(name: string, steps: Steps, isOneRow = false): WriteText {
  const source = JSON.stringify([steps, isOneRow])
  const known = declared.get(name)
  if (known?.source === source) return known.text
  if (known !== undefined) throw new Error(`there is another write named ${name}`)
  // A joined name consists of these names and of characters that none of them contains.
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new Error(`${name} cannot name a write`)
  for (const [step, sql] of Object.entries(steps)) {
    if (!/^[a-z_]+$/.test(step)) throw new Error(`${step} cannot name a step of the write ${name}`)
    for (const [, other = ''] of sql.matchAll(stepPattern)) {
      if (other !== conditionStep && !Object.hasOwn(steps, other))
        throw new Error(`the write ${name} has no step ${other}`)
    }
  }
  if (isOneRow && Object.keys(steps).length !== 1) throw new Error(`the write ${name} has more than one step`)
  const numbers = new Set(
    [...Object.values(steps).join('\n').matchAll(valuePattern)].map(([, number]) => Number(number)),
  )
  const valueCount = Math.max(0, ...numbers)
  if (numbers.size !== valueCount || numbers.has(0)) throw new Error(`the write ${name} leaves out a value`)
  const text = { name, valueCount, steps: Object.entries(steps).map(([step, sql]) => ({ name: step, sql })), isOneRow }
  declared.set(name, { text, source })
  return text
}

/** The same for the text of a condition. Its step `condition` has `RETURNING 1`. */
export function declareCondition(name: string, steps: Steps & { readonly condition: string }): ConditionText {
  return Object.assign(declareWrite(name, steps), { decides: true as const })
}

/** For writes without a condition. */
const always: Condition = { text: declareCondition('always', { condition: 'SELECT 1' }), values: [] }

/** PostgreSQL truncates names to this many characters, those of prepared statements and of steps alike. */
const longestName = 63

/** The names of the writes; if they are too long, cut off and followed by a hash of all. */
function statementName(names: string): string {
  if (names.length <= longestName) return names
  const hash = createHash('sha256').update(names).digest('base64url').slice(0, 22)
  return `${names.slice(0, longestName - hash.length - 1)}~${hash}`
}

/** The names of a text's steps within a statement: numbered, because PostgreSQL refuses two steps of one name. */
function numberedSteps({ steps }: WriteText, stepsBefore: number): ReadonlyMap<string, string> {
  return new Map(steps.map(({ name }, index) => [name, `${name.slice(0, 40)}_${stepsBefore + index + 1}`]))
}

function joinTexts(condition: ConditionText, others: readonly WriteText[]): string {
  const decision = numberedSteps(condition, 0).get(conditionStep)
  let stepsBefore = 0
  let valuesBefore = 0
  const steps: string[] = []
  // If the last write is a single row, its row count shows whether the condition held. Selecting the condition as well would make a
  // redemption a tenth more expensive.
  const isToldByLast = others.at(-1)?.isOneRow === true
  let answer = `SELECT 1 FROM ${decision}`
  for (const [index, text] of [condition, ...others].entries()) {
    const numbered = numberedSteps(text, stepsBefore)
    const offset = valuesBefore
    for (const { name, sql } of text.steps) {
      const placed = sql
        .replace(valuePattern, (_, number: string) => `$${Number(number) + offset}`)
        .replace(stepPattern, (_, step: string) => `${step === conditionStep ? decision : numbered.get(step)}`)
      if (isToldByLast && index === others.length) answer = placed
      else steps.push(`${numbered.get(name)} AS (${placed})`)
    }
    stepsBefore += text.steps.length
    valuesBefore += text.valueCount
  }
  return `WITH ${steps.join(',\n')}\n${answer}`
}

const statements = new Map<string, Statement>()

/** The statement for these texts, always the same object for the same texts. */
export function joined(condition: ConditionText, others: readonly WriteText[]): Statement {
  let names = condition.name
  for (const { name } of others) names += `+${name}`
  const known = statements.get(names)
  if (known !== undefined) return known
  const statement: Statement = { name: statementName(names), lane: 'write', text: joinTexts(condition, others) }
  statements.set(names, statement)
  return statement
}

function demandValues({ text, values }: Write): void {
  if (values.length !== text.valueCount) throw new Error(`the write ${text.name} takes ${text.valueCount} values`)
}

/** Executes all writes in one statement. False if the condition does not hold; then nothing that depends on it was written. */
export async function writeTogether(
  sql: Sql,
  writes: readonly Write[],
  condition: Condition = always,
): Promise<boolean> {
  const all = [condition, ...writes]
  for (const write of all) demandValues(write)
  const statement = joined(
    condition.text,
    writes.map(({ text }) => text),
  )
  const { rowCount } = await sql.query(
    statement,
    all.flatMap(({ values }) => values),
  )
  if (rowCount === 0) return false
  for (const { onWritten } of all) onWritten?.()
  return true
}
