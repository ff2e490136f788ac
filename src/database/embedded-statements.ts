/**
 * Prepared statements on the embedded database. PGlite's own `query` parses and plans each time and crosses into WebAssembly six times.
 * Here a statement is parsed once, and a call is one crossing. Does not open or close the database.
 */
import { messages, type PGlite, parse, protocol } from '@electric-sql/pglite'
import type { Namespace } from './embedded-namespace.js'
import type { Lane, Sql, Statement } from './sql.js'

interface Prepared {
  /** Its name in the session. */
  readonly name: string
  readonly parameterTypes: readonly number[]
  /** Columns of the result; absent for a statement that returns no rows. */
  readonly columns: messages.RowDescriptionMessage | undefined
}

const { serialize } = protocol

type Answer = readonly messages.BackendMessage[]
type Work = () => void

/**
 * Runs one statement at a time, because the embedded database does. Servers that share it take turns, so that the issuer waits for one
 * search of the notes, not for a queue of them. Within one server, the lane `security` goes first.
 */
function inTurn(): <T>(whose: string, lane: Lane, work: () => Promise<T>) => Promise<T> {
  const queues = new Map<string, { readonly guards: Work[]; readonly others: Work[] }>()
  let isBusy = false
  const takeNext = (): Work | undefined => {
    for (const { guards, others } of queues.values()) {
      const first = guards.shift() ?? others.shift()
      if (first !== undefined) return first
    }
    return undefined
  }
  // The turn is passed on directly, so that no new caller can take it in between.
  const handOver = () => {
    const next = takeNext()
    if (next === undefined) isBusy = false
    else next()
  }
  return async (whose, lane, work) => {
    const queue = queues.get(whose) ?? { guards: [], others: [] }
    queues.set(whose, queue)
    if (isBusy) await new Promise<void>((resolve) => (lane === 'security' ? queue.guards : queue.others).push(resolve))
    isBusy = true
    // A Map keeps insertion order: the caller that is served moves to the end.
    queues.delete(whose)
    queues.set(whose, queue)
    try {
      return await work()
    } finally {
      // A search blocks the thread. Requests that arrived during it are read first; otherwise all queued searches would go before them.
      if (lane === 'search') setImmediate(handOver)
      else handOver()
    }
  }
}

/** The one session of an embedded database. */
export interface Session {
  readonly pglite: PGlite
  /**
   * A new name for a prepared statement. Statements of two namespaces may have the same name, and a prefix could exceed PostgreSQL's limit
   * on names.
   */
  newName(): string
  /** Sends messages as one transaction in `namespace`. */
  send(namespace: Namespace | undefined, lane: Lane, parts: readonly Uint8Array[]): Promise<Answer>
}

/** For `createPreparedSql`. Statements without a namespace run as the superuser: do not mix them with others. */
export function openSession(pglite: PGlite): Session {
  const take = inTurn()
  const entries = new Map<string, string>()
  let names = 0
  const newName = () => {
    names += 1
    return `s${names}`
  }
  let current: Namespace | undefined
  const exchange = (parts: readonly Uint8Array[]) =>
    pglite.execProtocolStream(Buffer.concat([...parts, serialize.sync()]))
  const entry = async ({ schema, role }: Namespace): Promise<readonly Uint8Array[]> => {
    const name = entries.get(schema) ?? newName()
    if (!entries.has(schema)) {
      const text = `SELECT set_config('role', '${role}', false), set_config('search_path', '${schema}', false)`
      await exchange([serialize.parse({ name, text })])
      entries.set(schema, name)
    }
    return [serialize.bind({ statement: name }), serialize.execute({})]
  }
  const sendIn = async (namespace: Namespace | undefined, parts: readonly Uint8Array[]): Promise<Answer> => {
    const isEntering = namespace !== undefined && namespace.schema !== current?.schema
    // In the same transaction as the statement: if entering the namespace fails, the statement does not run.
    const before = isEntering ? await entry(namespace) : []
    current = undefined
    const answer = await exchange([...before, ...parts])
    current = namespace
    const isEnd = (message: messages.BackendMessage) => message instanceof messages.CommandCompleteMessage
    return isEntering ? answer.slice(answer.findIndex(isEnd) + 1) : answer
  }
  return {
    pglite,
    newName,
    // Exclusively: during a transaction of Prisma's, the messages would become part of it. The two locks are those that `query` itself
    // takes, in the same order.
    send: (namespace, lane, parts) =>
      take(namespace?.schema ?? '', lane, () =>
        pglite._runExclusiveTransaction(() => pglite._runExclusiveQuery(() => sendIn(namespace, parts))),
      ),
  }
}

function toText(pglite: PGlite, type: number | undefined, value: unknown): string | null {
  if (value === null || value === undefined) return null
  const serializer = type === undefined ? undefined : pglite.serializers[type]
  return serializer === undefined ? String(value) : serializer(value)
}

/** Runs statements on the tables of `namespace` in an open database. If preparing a statement fails, the next call prepares it again. */
export function createPreparedSql({ pglite, newName, send }: Session, namespace?: Namespace): Sql {
  const preparing = new Map<string, Promise<Prepared>>()
  const prepare = async ({ lane, text }: Statement): Promise<Prepared> => {
    const name = newName()
    const answer = await send(namespace, lane, [
      serialize.parse({ name, text }),
      serialize.describe({ type: 'S', name }),
    ])
    const parameters = answer.find((message) => message instanceof messages.ParameterDescriptionMessage)
    return {
      name,
      parameterTypes: parameters?.dataTypeIDs ?? [],
      columns: answer.find((message) => message instanceof messages.RowDescriptionMessage),
    }
  }
  const prepared = (statement: Statement): Promise<Prepared> => {
    const known = preparing.get(statement.name)
    if (known !== undefined) return known
    const made = prepare(statement)
    preparing.set(statement.name, made)
    made.catch(() => preparing.delete(statement.name))
    return made
  }
  return {
    query: async <Row>(statement: Statement, values: readonly unknown[]) => {
      const { name, parameterTypes, columns } = await prepared(statement)
      const texts = values.map((value, index) => toText(pglite, parameterTypes[index], value))
      const bind = serialize.bind({ statement: name, values: texts })
      const answer = await send(namespace, statement.lane, [bind, serialize.execute({})])
      const [result] = parse.parseResults(columns === undefined ? [...answer] : [columns, ...answer], pglite.parsers)
      const rows = (result?.rows ?? []) as Row[]
      return { rows, rowCount: Math.max(result?.affectedRows ?? 0, rows.length) }
    },
  }
}
