/** What the servers of a world keep their data in: one PostgreSQL, or several, and what stands before it. */
import { type PatroniCluster, startPatroni } from '../support/patroni.js'
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { type Standby, startStandby } from '../support/postgres-standby.js'

export interface WorldDatabaseOptions {
  /** PostgreSQL's files are put here, a folder that exists. */
  readonly postgresFolder?: string
  /** A second PostgreSQL follows the first, which acknowledges nothing that the second has not. */
  readonly withStandby?: true
  /** PgBouncer in transaction mode stands before PostgreSQL. */
  readonly withPooler?: true
  /** Three PostgreSQLs kept by Patroni, behind HAProxy. */
  readonly withPatroni?: true
}

export interface WorldDatabase {
  /** The first one, and what follows it where the world has that. Throws where Patroni keeps them: then they are its own. */
  readonly postgres: Postgres
  readonly standby?: Standby
  /** Between the relay and PostgreSQL, where the world has it. */
  readonly pooler?: PgBouncer
  readonly patroni?: PatroniCluster
}

export interface StartedDatabase extends WorldDatabase {
  /** Where servers find it, past the relay. */
  readonly port: number
  /** Of a database, which is made when it does not exist. */
  url(name: string): Promise<string>
  stop(): Promise<void>
}

async function startKept(): Promise<StartedDatabase> {
  const patroni = await startPatroni()
  const { port, url, stop } = patroni
  return {
    patroni,
    get postgres(): never {
      throw new Error('the PostgreSQLs of this world are kept by Patroni')
    },
    port,
    url,
    stop,
  }
}

export async function startWorldDatabase(options: WorldDatabaseOptions): Promise<StartedDatabase> {
  if (options.withPatroni) return startKept()
  const { postgresFolder } = options
  const postgres = await startPostgres(postgresFolder === undefined ? {} : { folder: postgresFolder })
  const pooler = options.withPooler && (await startPgBouncer(postgres.port, 6))
  const standby = options.withStandby && (await startStandby(postgres))
  return {
    postgres,
    ...(standby && { standby }),
    ...(pooler && { pooler }),
    port: pooler?.port ?? postgres.port,
    url: postgres.url,
    stop: async () => {
      // The one that follows first: without it, the other one waits.
      await standby?.stop()
      await pooler?.stop()
      await postgres.stop()
    },
  }
}
