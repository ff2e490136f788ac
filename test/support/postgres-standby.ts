/**
 * A second cluster that follows the first by streaming replication, PostgreSQL's own: made by pg_basebackup, synchronous, so that
 * the first acknowledges nothing that this one has not on its disk.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { eventually } from './eventually.js'
import { binary, newPlace, type Postgres, startCluster, urlOf } from './postgres.js'

export interface Standby extends Postgres {
  /** As of any cluster; the primary, if it lives, no longer waits for it. */
  stop(): Promise<void>
  /** Makes it the primary; resolves when it writes. */
  promote(): Promise<void>
}

/** Connects anew each time: whoever it asks may have been killed. */
async function ask(port: number, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: urlOf(port, 'postgres'), connectionTimeoutMillis: 5_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** About two seconds. The primary waits for it from then on, with each commit. */
export async function startStandby(primary: Postgres): Promise<Standby> {
  const place = newPlace()
  const source = `host=127.0.0.1 port=${primary.port} user=postgres application_name=standby`
  const flags = ['--write-recovery-conf', '--wal-method=stream', '--checkpoint=fast', '--no-sync']
  await promisify(execFile)(binary('pg_basebackup'), ['-D', join(place.folder, 'data'), '-d', source, ...flags], {
    ...place.user,
    cwd: place.folder,
  })
  const standby = await startCluster(place)
  await ask(primary.port, "ALTER SYSTEM SET synchronous_standby_names = 'standby'")
  await ask(primary.port, 'SELECT pg_reload_conf()')
  await eventually(async () => {
    const rows = await ask(primary.port, "SELECT FROM pg_stat_replication WHERE sync_state = 'sync'")
    return rows.length === 1
  })
  return {
    ...standby,
    get pid() {
      return standby.pid
    },
    stop: async () => {
      await ask(primary.port, 'ALTER SYSTEM RESET synchronous_standby_names')
        .then(() => ask(primary.port, 'SELECT pg_reload_conf()'))
        .catch(() => undefined)
      await standby.stop()
    },
    promote: async () => {
      const [answer] = await ask(standby.port, 'SELECT pg_promote(true, 60) AS done')
      if (answer?.['done'] !== true) throw new Error('the standby was not promoted')
    },
  }
}
