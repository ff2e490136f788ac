/**
 * Opens the embedded database (PGlite) in a folder: once for all servers of this process, because each instance costs a second of CPU time
 * and 70 MiB. Owns the folder's lock. Each server sees only its own tables (embedded-namespace.ts).
 */
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { PGlite, types } from '@electric-sql/pglite'
import type { Database } from './database.js'
import { restrictToOwner } from './embedded-folders.js'
import { embeddedAdapters, type Namespace, prepareNamespace } from './embedded-namespace.js'
import { createPreparedSql, openSession, type Session } from './embedded-statements.js'
import { FolderInUse, lockFolder } from './folder-lock.js'
import { askIfReadOnly } from './read-only-check.js'

/** PGlite must return bigint as text, as node-postgres does, and JSON parsed. */
const parsers = { [types.INT8]: (value: string) => value }

/**
 * PostgreSQL's default is 128 MiB, all of which it touches when it opens. The tables that requests read are many times smaller than this
 * setting, and the operating system caches the files too.
 */
const startParams = [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB']

interface Instance {
  readonly session: Session
  close(): Promise<void>
}

async function openInstance(folder: string | 'memory'): Promise<Instance> {
  const unlock = folder === 'memory' ? async () => {} : await lockFolder(folder)
  if (folder !== 'memory') mkdirSync(folder, { recursive: true, mode: 0o700 })
  const pglite = await PGlite.create(folder === 'memory' ? 'memory://' : folder, { parsers, startParams })
  if (folder !== 'memory') restrictToOwner(folder)
  return {
    session: openSession(pglite),
    close: async () => {
      await pglite.close()
      await unlock()
    },
  }
}

function databaseOver(session: Session, namespace: Namespace | undefined, close: () => Promise<void>): Database {
  const sql = createPreparedSql(session, namespace)
  const { adapter, migrations } = embeddedAdapters(session.pglite, namespace)
  const turns = new Map<number, Promise<unknown>>()
  return {
    sql,
    adapter,
    withMigrationAdapter: (work) => work(migrations),
    embedded: true,
    exclusively: (lock, work) => {
      // Only one process has the folder open, so a queue within the process is enough.
      const turn = (turns.get(lock) ?? Promise.resolve()).then(work)
      turns.set(
        lock,
        turn.catch(() => undefined),
      )
      return turn
    },
    ping: async () => void (await sql.query(askIfReadOnly, [])),
    pools: () => [],
    close,
  }
}

/**
 * Opens the embedded database in `folder`, or in memory, with the tables in `public`. Only one process at a time can open it: a second one
 * gets an Error that says so. Throws a one-line error if the folder cannot be written.
 */
export async function openEmbeddedDatabase(folder: string | 'memory'): Promise<Database> {
  const { session, close } = await openInstance(folder)
  return databaseOver(session, undefined, close)
}

interface Shared {
  readonly instance: Promise<Instance>
  /** Its open schemas. */
  readonly schemas: Set<string>
}

/** The databases that this process has open, by folder. */
const shared = new Map<string, Shared>()
const closing = new Map<string, Promise<void>>()

/** Closes the database when its last schema is closed. */
async function leave(folder: string, { instance, schemas }: Shared, schema: string): Promise<void> {
  schemas.delete(schema)
  if (schemas.size > 0) return
  shared.delete(folder)
  const closed = instance.then(
    (opened) => opened.close(),
    () => undefined,
  )
  closing.set(folder, closed)
  await closed.finally(() => closing.delete(folder))
}

/**
 * Opens the tables of one server, in `schema` of the embedded database in `folder`. This process may have other schemas of it open. Opening
 * the same schema twice, or in another process, throws FolderInUse. Each schema is closed separately.
 */
export async function openEmbeddedSchema(folder: string, schema: string): Promise<Database> {
  const path = resolve(folder)
  while (closing.has(path)) await closing.get(path)
  const known = shared.get(path)
  if (known?.schemas.has(schema) === true) throw new FolderInUse(folder)
  const own = known ?? { instance: openInstance(path), schemas: new Set<string>() }
  own.schemas.add(schema)
  shared.set(path, own)
  try {
    const { session } = await own.instance
    const namespace = await prepareNamespace(session.pglite, schema)
    let left: Promise<void> | undefined
    return databaseOver(session, namespace, () => {
      left ??= leave(path, own, schema)
      return left
    })
  } catch (error) {
    await leave(path, own, schema)
    throw error
  }
}
