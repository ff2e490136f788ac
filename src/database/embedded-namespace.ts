/**
 * Namespaces of the embedded database: the schema and the role of a server that shares it. PostgreSQL then refuses a statement of one server
 * on the tables of another, as two roles on a PostgreSQL server do.
 *
 * Unlike those, it protects from our mistakes alone. The embedded database has one session, of its superuser, and any SQL in it may change the
 * role. No caller's text ever is SQL here, and who can run code in this process can read the files. Where that is not enough: two processes,
 * or PostgreSQL with two roles.
 */
import type { PGlite, Transaction } from '@electric-sql/pglite'
import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import { migrationAdapter } from './migration-adapter.js'

/** Names that need no quotes in SQL. */
export interface Namespace {
  readonly schema: string
  readonly role: string
}

/** Until the transaction ends, so that the session is what `openSession` left it as. */
const within = ({ schema, role }: Namespace) => `SET LOCAL ROLE ${role}; SET LOCAL search_path = ${schema};`

/**
 * Finds the namespace of a server, or makes it. `undefined` for a database from before there were namespaces, whose tables are in `public`:
 * it belongs to one server.
 */
export async function prepareNamespace(pglite: PGlite, schema: string): Promise<Namespace | undefined> {
  const namespace = { schema, role: `gatehouse_${schema}` }
  return pglite.transaction(async (transaction) => {
    // Another server may have left its role in the session.
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

/** The same database for a program that has SQL of its own: whatever it asks is asked in `namespace`. */
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

/** Prisma names the schema in its SQL, and takes `public` if it is not told. */
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

/** Prisma's ways to the tables of `namespace`. */
export function embeddedAdapters(pglite: PGlite, namespace?: Namespace): EmbeddedAdapters {
  const own = namespace === undefined ? pglite : confinedTo(pglite, namespace)
  const adapter = namespace === undefined ? new PrismaPGlite(own) : naming(namespace, new PrismaPGlite(own))
  return { adapter, migrations: migrationAdapter(adapter, (script) => own.exec(script)) }
}
