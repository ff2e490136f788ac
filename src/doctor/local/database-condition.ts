/**
 * The condition of a PostgreSQL as the doctor needs it: version, settings, connections, and the role's privileges. Read once;
 * changes nothing, judges nothing.
 */
import type { Clock } from '../../base/clock.js'
import type { Sql, Statement } from '../../database/sql.js'

export interface DatabaseCondition {
  /** As the server writes it: `17.2 (Debian …)`. */
  readonly version: string
  /** `server_version_num`: 170002. */
  readonly versionNumber: number
  /** Seconds by which its clock is ahead of this machine, accurate to half of the round trip. */
  readonly aheadSeconds: number
  /** Settings of the server by which a crash may lose what it has acknowledged, each `name=value`. */
  readonly unsafeSettings: readonly string[]
  /** Limits in force on our connections, in seconds; 0: none. */
  readonly limits: {
    readonly statementSeconds: number
    readonly lockSeconds: number
    readonly idleTransactionSeconds: number
  }
  readonly isEncrypted: boolean
  /** Of the server as it sees itself; `undefined` for a socket of this machine. */
  readonly address: string | undefined
  readonly isSuperuser: boolean
  /** Connections that our role may have at once, and those that are left of them now. */
  readonly connections: { readonly limit: number; readonly free: number }
}

interface Row {
  readonly version: string
  readonly version_number: number
  readonly now: string
  readonly fsync: string
  readonly full_page_writes: string
  readonly synchronous_commit: string
  readonly statement_ms: number
  readonly lock_ms: number
  readonly idle_ms: number
  readonly encrypted: boolean | null
  readonly address: string | null
  readonly superuser: boolean
  readonly server_limit: number
  readonly server_used: number
  readonly role_limit: number
  readonly role_used: number
  readonly database_limit: number
  readonly database_used: number
}

const setting = (name: string) => `(SELECT setting::int FROM pg_settings WHERE name = '${name}')`

const read: Statement = {
  name: 'database_condition',
  lane: 'read',
  text: `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS version_number,
    (extract(epoch FROM clock_timestamp()) * 1000)::text AS now,
    current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit,
    ${setting('statement_timeout')} AS statement_ms, ${setting('lock_timeout')} AS lock_ms,
    ${setting('idle_in_transaction_session_timeout')} AS idle_ms,
    (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS encrypted, host(inet_server_addr()) AS address,
    role.rolsuper AS superuser, role.rolconnlimit AS role_limit, own.datconnlimit AS database_limit,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS server_limit,
    (SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL)::int AS server_used,
    (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user)::int AS role_used,
    (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())::int AS database_used
  FROM pg_roles role, pg_database own WHERE role.rolname = current_user AND own.datname = current_database()`,
}

/** The tightest of the limits that there are; -1 is none. */
function connectionsOf(row: Row): DatabaseCondition['connections'] {
  const limits = [
    { limit: row.server_limit, used: row.server_used },
    { limit: row.role_limit, used: row.role_used },
    { limit: row.database_limit, used: row.database_used },
  ].filter(({ limit }) => limit >= 0)
  return {
    limit: Math.min(...limits.map(({ limit }) => limit)),
    free: Math.max(0, Math.min(...limits.map(({ limit, used }) => limit - used))),
  }
}

/** Throws what the database throws. */
export async function readDatabaseCondition(sql: Sql, clock: Clock): Promise<DatabaseCondition> {
  // Once for the connection, which may have to be made first, and once for the time.
  await sql.query(read, [])
  const before = clock.now().getTime()
  const { rows } = await sql.query<Row>(read, [])
  const middle = (before + clock.now().getTime()) / 2
  const [row] = rows
  if (row === undefined) throw new Error('the database does not know its own role')
  const unsafe = (['fsync', 'full_page_writes', 'synchronous_commit'] as const).filter((name) => row[name] === 'off')
  return {
    version: row.version,
    versionNumber: row.version_number,
    aheadSeconds: (Number(row.now) - middle) / 1_000,
    unsafeSettings: unsafe.map((name) => `${name}=off`),
    limits: {
      statementSeconds: row.statement_ms / 1_000,
      lockSeconds: row.lock_ms / 1_000,
      idleTransactionSeconds: row.idle_ms / 1_000,
    },
    isEncrypted: row.encrypted ?? false,
    address: row.address ?? undefined,
    isSuperuser: row.superuser,
    connections: connectionsOf(row),
  }
}
