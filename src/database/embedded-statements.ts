/**
 * Prepared statements on the embedded database. Its own `query` parses and plans each time and crosses into WebAssembly six
 * times; here a statement is parsed once, and a call is one crossing. Does not open or close the database.
 */
import { messages, type PGlite, parse, protocol } from '@electric-sql/pglite'
import type { Lane, Sql, Statement } from './sql.js'

interface Prepared {
  readonly parameterTypes: readonly number[]
  /** Columns of the answer; a statement that returns no rows has none. */
  readonly columns: messages.RowDescriptionMessage | undefined
}

const { serialize } = protocol

/**
 * Lets one piece of work at a time through, what guards other requests first: the embedded database does one thing at a time, so a guard
 * waits for the statement under way, and not for a queue of searches behind it.
 */
function inTurn(): <T>(lane: Lane, work: () => Promise<T>) => Promise<T> {
  const queues = { guards: [] as (() => void)[], others: [] as (() => void)[] }
  let isBusy = false
  return async (lane, work) => {
    const queue = lane === 'security' ? queues.guards : queues.others
    if (isBusy) await new Promise<void>((resolve) => queue.push(resolve))
    isBusy = true
    try {
      return await work()
    } finally {
      const next = queues.guards.shift() ?? queues.others.shift()
      // The turn is handed over, so that nobody who comes meanwhile takes it.
      if (next === undefined) isBusy = false
      else next()
    }
  }
}

/**
 * Sends messages as one, alone: within a transaction of Prisma's they would become a part of it. The two locks are those that
 * `query` itself takes, in its order.
 */
function send(pglite: PGlite, parts: readonly Uint8Array[]): Promise<messages.BackendMessage[]> {
  const all = Buffer.concat([...parts, serialize.sync()])
  return pglite._runExclusiveTransaction(() => pglite._runExclusiveQuery(() => pglite.execProtocolStream(all)))
}

async function prepare(pglite: PGlite, { name, text }: Statement): Promise<Prepared> {
  const answer = await send(pglite, [serialize.parse({ name, text }), serialize.describe({ type: 'S', name })])
  const parameters = answer.find((message) => message instanceof messages.ParameterDescriptionMessage)
  return {
    parameterTypes: parameters?.dataTypeIDs ?? [],
    columns: answer.find((message) => message instanceof messages.RowDescriptionMessage),
  }
}

function toText(pglite: PGlite, type: number | undefined, value: unknown): string | null {
  if (value === null || value === undefined) return null
  const serializer = type === undefined ? undefined : pglite.serializers[type]
  return serializer === undefined ? String(value) : serializer(value)
}

/** The seam over an open database. If preparing a statement fails, the next call tries again. */
export function createPreparedSql(pglite: PGlite): Sql {
  const take = inTurn()
  const preparing = new Map<string, Promise<Prepared>>()
  const prepared = (statement: Statement): Promise<Prepared> => {
    const known = preparing.get(statement.name)
    if (known !== undefined) return known
    const made = take(statement.lane, () => prepare(pglite, statement))
    preparing.set(statement.name, made)
    made.catch(() => preparing.delete(statement.name))
    return made
  }
  return {
    query: async <Row>(statement: Statement, values: readonly unknown[]) => {
      const { parameterTypes, columns } = await prepared(statement)
      const texts = values.map((value, index) => toText(pglite, parameterTypes[index], value))
      const bind = serialize.bind({ statement: statement.name, values: texts })
      const answer = await take(statement.lane, () => send(pglite, [bind, serialize.execute({})]))
      const [result] = parse.parseResults(columns === undefined ? answer : [columns, ...answer], pglite.parsers)
      const rows = (result?.rows ?? []) as Row[]
      return { rows, rowCount: Math.max(result?.affectedRows ?? 0, rows.length) }
    },
  }
}
