/** Timing wrappers for metrics. Each runs what it wraps and reports the outcome; errors pass through. */

import type { PasswordHasher } from '../authorization-server/login/passwords.js'
import type { UntrustedFetch } from '../authorization-server/options.js'
import { isOutage } from '../database/outage.js'
import type { Sql } from '../database/sql.js'
import { OAuthError } from '../oauth/errors.js'
import { UntrustedFetchBusyError } from '../outbound/untrusted-fetch-error.js'
import type { Metrics } from '../telemetry/metrics.js'
import { startStopwatch } from '../telemetry/stopwatch.js'

export function measureSql(sql: Sql, database: string, metrics: Metrics): Sql {
  return {
    query: async (statement, values) => {
      const seconds = startStopwatch()
      try {
        return await sql.query(statement, values)
      } catch (error) {
        const kind = isOutage(error) ? 'outage' : 'error'
        metrics.count('gatehouse_db_statement_errors_total', { database, kind })
        throw error
      } finally {
        const labels = { database, statement: statement.name }
        metrics.observe('gatehouse_db_statement_duration_seconds', labels, seconds())
      }
    },
  }
}

export function measureHasher(hasher: PasswordHasher, metrics: Metrics): PasswordHasher {
  const timed = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
    const seconds = startStopwatch()
    const tell = (outcome: string) =>
      metrics.observe('gatehouse_password_hash_duration_seconds', { operation, outcome }, seconds())
    try {
      const result = await work()
      tell('ok')
      return result
    } catch (error) {
      tell(error instanceof OAuthError && error.status === 503 ? 'busy' : 'failed')
      throw error
    }
  }
  return {
    ...hasher,
    hash: (password) => timed('hash', () => hasher.hash(password)),
    verify: (passwordHash, password, sender) => timed('verify', () => hasher.verify(passwordHash, password, sender)),
  }
}

function fetchOutcome({ ok, status }: Response): string {
  if (status === 304) return 'unchanged'
  return ok ? 'ok' : 'status'
}

export function measureClientFetch(send: UntrustedFetch, metrics: Metrics): UntrustedFetch {
  return async (input, init) => {
    const seconds = startStopwatch()
    const tell = (outcome: string) =>
      metrics.observe('gatehouse_client_document_fetch_duration_seconds', { outcome }, seconds())
    try {
      const response = await send(input, init)
      tell(fetchOutcome(response))
      return response
    } catch (error) {
      tell(error instanceof UntrustedFetchBusyError ? 'busy' : 'failed')
      throw error
    }
  }
}

/** `done`: called after a run that went well. */
export function measureSweep(sweeper: string, sweep: () => Promise<number>, metrics: Metrics, done: () => void) {
  return async (): Promise<number> => {
    try {
      const rows = await sweep()
      metrics.count('gatehouse_sweeper_runs_total', { sweeper, outcome: 'ok' })
      metrics.count('gatehouse_sweeper_rows_total', { sweeper }, rows)
      done()
      return rows
    } catch (error) {
      metrics.count('gatehouse_sweeper_runs_total', { sweeper, outcome: 'failed' })
      throw error
    }
  }
}
