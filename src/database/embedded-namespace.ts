/**
 * Namespaces of the embedded database: the schema and the role of a server that shares it. PostgreSQL then refuses a statement of one server
 * on the tables of another, as two roles on a PostgreSQL server do.
 *
 * Unlike those, it protects against programming mistakes only. The embedded database has one session, of its superuser, and any SQL in it
 * may change the role. Callers' text is never used as SQL, and code that runs in this process can read the files anyway. If you need more,
 * use two processes, or PostgreSQL with two roles.
 */
import type { PGlite, Transaction } from '@electric-sql/pglite'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { migrationAdapter } from './migration-adapter.js'

/** The names need no quotes in SQL. */
export interface Namespace {
  readonly schema: string
  readonly role: string
}

/** Only until the transaction ends, so that the session stays as `openSession` left it. */
const within = ({ schema, role }: Namespace) => `SET LOCAL ROLE ${role}; SET LOCAL search_path = ${schema};`

/**
 * Finds or creates the namespace of a server. `undefined` for a database from before namespaces existed, with its tables in `public`: it
 * belongs to one server.
 */
export async function prepareNamespace(pglite: PGlite, schema: string): Promise<Namespace | undefined> {
  const namespace = { schema, role: `gatehouse_${schema}` }
  return pglite.transaction(async (transaction) => {
    // The session may still have the role of another server.
    await transaction.exec('SET LOCAL ROLE none')
    const { rows } = await transaction.query<{ made: boolean; old: boolean }>(
      `SELECT to_regnamespace($1) IS NOT NULL AS made, to_regclass('public._prisma_migrations') IS NOT NULL AS old`,
      [schema],
    )
    if (rows[0]?.old === true) return undefined
    if (rows[0]?.made !== true) {
      await transaction.exec(`CREATE ROLE ${namespace.role}; CREATE SCHEMA ${schema} AUTHORIZATION ${namespace.role}`)
    }
    return namespace
  })
}

/** The same database for code that sends its own SQL: all of it runs in `namespace`. */
function confinedTo(pglite: PGlite, namespace: Namespace): PGlite {
  const transaction = <T>(work: (transaction: Transaction) => Promise<T>) =>
    pglite.transaction(async (opened) => {
      await opened.exec(within(namespace))
      return work(opened)
    })
  const query: PGlite['query'] = (text, values, options) => transaction((opened) => opened.query(text, values, options))
  const exec: PGlite['exec'] = (script, options) => pglite.exec(`${within(namespace)} ${script}`, options)
  return Object.assign(Object.create(pglite) as PGlite, { transaction, query, exec })
}

/** Prisma names the schema in its SQL, with `public` as the default. */
function naming(
  { schema }: Namespace,
  factory: SqlMigrationAwareDriverAdapterFactory,
): SqlMigrationAwareDriverAdapterFactory {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () =>
      Object.assign(await factory.connect(), {
        getConnectionInfo: () => ({ schemaName: schema, supportsRelationJoins: true }),
      }),
    connectToShadowDb: () => factory.connectToShadowDb(),
  }
}

export interface EmbeddedAdapters {
  readonly adapter: SqlMigrationAwareDriverAdapterFactory
  /** For the schema engine. */
  readonly migrations: SqlMigrationAwareDriverAdapterFactory
}

/** Prisma's adapters for the tables of `namespace`. */
export function embeddedAdapters(pglite: PGlite, namespace?: Namespace): EmbeddedAdapters {
  const own = namespace === undefined ? pglite : confinedTo(pglite, namespace)
  const adapter = namespace === undefined ? new PrismaPGlite(own) : naming(namespace, new PrismaPGlite(own))
  return { adapter, migrations: migrationAdapter(adapter, (script) => own.exec(script)) }
}
