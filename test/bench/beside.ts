/** One database beside another that holds more: each with its server, and what the load needs, in the same PostgreSQL. */
import { join } from 'node:path'
import pg from 'pg'
import type { Postgres } from '../support/postgres.js'
import { temporaryFolder } from '../support/run-folder.js'
import { connectTo, expectStatus } from './connection.js'
import { connections, type Worker } from './load.js'
import type { Candidate } from './measure.js'
import { familyCpuMs } from './process-usage.js'
import { clientCredentials } from './scenarios.js'
import { seed } from './seed.js'
import { serve } from './serve-process.js'
import { exchange, refresh } from './sign-in-flow.js'
import { stackSettings } from './targets.js'

export interface Beside {
  readonly refresh: Candidate
  readonly clientCredentials: Candidate
  close(): Promise<void>
}

/** `fill` adds the crowd, before the server starts. */
export async function startBeside(
  postgres: Postgres,
  name: string,
  fill: (sql: pg.Client) => Promise<void>,
): Promise<Beside> {
  const folder = temporaryFolder(`beside-${name}`)
  const url = await postgres.url(`beside_${name}`)
  const settings = await stackSettings(folder, { DATABASE_URL: url })
  const { client, confidential, codes } = await seed(settings, connections)
  const sql = new pg.Client({ connectionString: url })
  await sql.connect()
  try {
    await fill(sql)
  } finally {
    await sql.end()
  }
  const server = await serve({ settings, only: 'auth', logFile: join(folder, 'log') })
  const opened = codes.slice(0, connections).map(() => connectTo(server.origin))
  const refreshing: Worker[] = []
  for (const [index, connection] of opened.entries()) {
    let { refreshToken } = await exchange(connection, client, codes[index] ?? '')
    refreshing.push(async () => {
      refreshToken = (await refresh(connection, client, refreshToken)).refreshToken
      return true
    })
  }
  const asking = opened.map((connection) => async () => {
    expectStatus(await connection.ask(clientCredentials(confidential, client.resource)), 200)
    return true
  })
  const candidate = (workers: readonly Worker[]): Candidate => ({
    workers,
    pid: server.pid,
    databaseCpuMs: () => familyCpuMs(postgres.pid),
    statements: async () => undefined,
  })
  return {
    refresh: candidate(refreshing),
    clientCredentials: candidate(asking),
    close: async () => {
      await Promise.all(opened.map((connection) => connection.close()))
      await server.stop()
    },
  }
}
