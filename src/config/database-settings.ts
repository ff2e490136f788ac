/** Settings of the databases: URL, pooler, connections, time-outs, migrations. */
import { setting, unset } from './setting.js'
import { boolean, databaseUrl, integer, oneOf, text } from './setting-values.js'

export const databaseSettings = {
  DATA_DIR: setting('./data', 'Folder of the embedded databases and of generated keys.', text),
  DATABASE_URL: setting(unset, 'PostgreSQL of the authorization server; unset: embedded in DATA_DIR.', databaseUrl, {
    secret: true,
  }),
  NOTES_DATABASE_URL: setting(
    unset,
    "PostgreSQL of the MCP server's own data; unset: embedded in DATA_DIR.",
    databaseUrl,
    { secret: true },
  ),
  DATABASE_POOLER: setting(
    'none',
    'Connection pooler in front of PostgreSQL: none, or transaction (for example PgBouncer in transaction mode). With transaction, set the statement, lock and idle time-outs on the database role.',
    oneOf('none', 'transaction'),
  ),
  DATABASE_POOL_SIZE: setting(
    10,
    'Maximum number of connections that each server opens to its PostgreSQL, in each of its WORKERS. About half serve transactions. One serves only rate limits, used DPoP proofs and revocations.',
    integer(6, 200),
  ),
  DATABASE_CONNECT_TIMEOUT_SECONDS: setting(
    5,
    'Maximum seconds to open or borrow a connection to PostgreSQL. On time-out, as with the next four settings, the caller gets 503 with Retry-After.',
    integer(1, 60),
  ),
  DATABASE_STATEMENT_TIMEOUT_SECONDS: setting(10, 'Maximum seconds that a statement may take.', integer(1, 600)),
  DATABASE_LOCK_TIMEOUT_SECONDS: setting(5, 'Maximum seconds that a statement may wait for a lock.', integer(1, 600)),
  DATABASE_IDLE_TRANSACTION_TIMEOUT_SECONDS: setting(
    10,
    'Maximum seconds that a transaction may be idle. PostgreSQL then ends it and releases its locks.',
    integer(1, 600),
  ),
  DATABASE_QUEUE_LIMIT: setting(
    500,
    'Maximum number of statements of one server that wait for PostgreSQL, in each of its WORKERS. Further ones are refused at once.',
    integer(20, 100_000),
  ),
  MIGRATE_ON_START: setting(
    true,
    'Apply pending migrations when a server starts. Set false to run `gatehouse migrate` yourself.',
    boolean,
  ),
} as const
