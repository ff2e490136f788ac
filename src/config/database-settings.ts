/** Settings of the databases: where they are, how long they may take, who brings their schema up to date. */
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
    'What stands before PostgreSQL: none, or transaction for a pool in transaction mode such as PgBouncer. Then time limits are those that PostgreSQL has for the role.',
    oneOf('none', 'transaction'),
  ),
  DATABASE_POOL_SIZE: setting(
    10,
    'Maximum number of connections each server opens to its PostgreSQL. About half are for transactions; one is for rate limits, used DPoP proofs and revocations alone.',
    integer(6, 200),
  ),
  DATABASE_CONNECT_TIMEOUT_SECONDS: setting(
    5,
    'How long a connection to PostgreSQL may take to come about, or to become free. Then, as with the next four, callers are told to come again: 503 with Retry-After.',
    integer(1, 60),
  ),
  DATABASE_STATEMENT_TIMEOUT_SECONDS: setting(10, 'How long a statement may take.', integer(1, 600)),
  DATABASE_LOCK_TIMEOUT_SECONDS: setting(5, 'How long a statement may wait for a lock.', integer(1, 600)),
  DATABASE_IDLE_TRANSACTION_TIMEOUT_SECONDS: setting(
    10,
    'How long a transaction may do nothing before PostgreSQL ends it, and frees what it has locked.',
    integer(1, 600),
  ),
  DATABASE_QUEUE_LIMIT: setting(
    500,
    'Statements of one server that may wait for PostgreSQL at once; more are refused right away.',
    integer(20, 100_000),
  ),
  MIGRATE_ON_START: setting(
    true,
    'Apply pending migrations when a server starts. Set false to run `gatehouse migrate` yourself.',
    boolean,
  ),
} as const
