/** Why a server does not start, or a command cannot use its database: lines in the terminal after `gatehouse: `. */
import type { Problems } from './problem.js'

export const startProblems = {
  'database-refuses': {
    says: [
      'cannot reach the database: nothing listens at the host and port of its URL',
      'cannot reach the database: the host of its URL has no address',
      'cannot reach the database: the host of its URL has no address at the moment',
      'cannot reach the database: its host does not answer',
      'the database refuses the user name or password of its URL',
      'the database refuses the user of its URL',
      'the database that the URL names does not exist',
      'the database of the URL is read-only, perhaps a standby',
      'the database user lacks a privilege: it must own its tables',
      'the database has no free connection',
      'a connection pool such as PgBouncer is in front of the database: set DATABASE_POOLER=transaction',
      'the database did not answer in time',
    ],
    means: 'PostgreSQL cannot be used with the configured URL.',
    change: { operator: 'Change the URL, the role or the database as the line says.' },
    show: 'gatehouse doctor --local',
  },
  'database-clock': {
    says: ["the clock of this machine is not the database's"],
    logs: ["not ready: the clock of this machine is not the database's"],
    means:
      'The clocks of this machine and of PostgreSQL differ so much that tokens could expire too early or too late.',
    change: { operator: 'Synchronise both clocks (NTP).' },
    show: 'gatehouse doctor --local',
  },
  'database-not-migrated': {
    says: [
      'database migrations are pending: run `gatehouse migrate`',
      'database migrations are pending: run `gatehouse migrate`, or set MIGRATE_ON_START=true',
      'the notes database lacks migrations: {}',
      'there is no database in {} yet: start the server once, or run `gatehouse migrate`',
    ],
    means: 'The tables are missing or older than this release.',
    change: { operator: 'Run the command, or let the server migrate at start-up.' },
    show: 'gatehouse migrate',
  },
  'migration-changed': {
    says: ['migration {} was changed after it was applied to this database'],
    means: 'The tables were created by a different version of this migration: by another build, or somebody edited it.',
    change: { operator: 'Use the release that created the database. Restore a backup if you are unsure.' },
    show: 'gatehouse migrate',
  },
  'encryption-key-differs': {
    says: [
      'the database was set up with another encryption key: restore ENCRYPTION_KEY or its file',
      '{} is missing, and the secrets in the database are encrypted with it: restore it, or set ENCRYPTION_KEY to its content',
    ],
    logs: ['not ready: stored keys cannot be decrypted with the configured encryption keys'],
    means: 'The secrets of the database are encrypted with a key that this server does not have.',
    change: { operator: 'Restore the key. Without it, signing keys and client secrets are lost.' },
    show: 'gatehouse keys sealed',
  },
  'encryption-key-file': {
    says: [
      'ENCRYPTION_KEY is not set, and its file cannot be used: {}',
      'cannot write {}: {}',
      '{} does not hold an encryption key',
    ],
    means: 'The file with the encryption key cannot be read or written, or it holds no valid key.',
    change: { operator: 'Give the server access to the file and its folder, or set `ENCRYPTION_KEY`.' },
    show: 'gatehouse config check',
  },
  'data-folder-unusable': {
    says: ['DATA_DIR cannot be used: {} is no folder', 'DATA_DIR cannot be used: {}', 'cannot write to {}: {}'],
    means: 'The server cannot write into the folder of its embedded databases.',
    change: { operator: 'Give the server’s user write access to the folder, or set `DATA_DIR`.' },
    show: 'gatehouse config check',
  },
  'data-folder-in-use': {
    says: [
      'the embedded database in {} is in use by another process; stop that one, set another DATA_DIR, or use PostgreSQL',
      '{} belongs to another user and takes the place of the lock on {}: remove it',
    ],
    means: 'Another process has the embedded database open. Only one process at a time can open it.',
    change: { operator: 'Stop the other process, or use PostgreSQL.' },
    show: 'gatehouse doctor --local',
  },
  'data-folder-twice': {
    says: ['{} and {} are both databases of this server: move the one away that is not in use'],
    means: 'There are two embedded databases, and the server cannot tell which one is current.',
    change: { operator: 'Compare their dates, and move the older one away.' },
    show: 'gatehouse config print',
  },
  'running-server-differs': {
    says: [
      "the running server is {}, this is {}: use the server's own command",
      'a running server has this database open: it migrates at its start',
      'the server that has the database open has stopped',
      'the transaction is over: it took too long',
    ],
    means: 'The command uses the database of a running server, and their releases differ or the server has stopped.',
    change: {
      operator: 'Use the command of the same release, and repeat it once the server runs again or has stopped.',
    },
    show: 'gatehouse --version',
  },
  'port-unavailable': {
    says: ['{} ({} sets it)'],
    means: 'Another program listens on the port, or the server’s user may not bind it.',
    change: { operator: 'Stop the other program, or set the port that the line names.' },
    show: 'gatehouse config check',
  },
  'worker-failed': {
    says: ['worker {} could not start: {}'],
    means: 'One of the `WORKERS` could not start, so the server does not start.',
    change: { operator: 'Read the lines before this one; start with `WORKERS=1` to isolate the cause.' },
    show: 'gatehouse config check',
  },
} satisfies Problems
