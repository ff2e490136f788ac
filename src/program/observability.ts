/**
 * Connects metrics and traces to the parts of the program. Each part gets a wrapper or an observer; without the settings it
 * stays as it was. Does not own the log line (http/request-log.ts) or the audit table (storage/audit/audit.ts).
 */

import compose from 'koa-compose'
import type { PasswordHasher } from '../authorization-server/login/passwords.js'
import type { UntrustedFetch } from '../authorization-server/options.js'
import type { Clock } from '../base/clock.js'
import { version } from '../base/version.js'
import type { Config } from '../config/config.js'
import type { Database } from '../database/database.js'
import type { Sql } from '../database/sql.js'
import type { HttpMiddleware } from '../http/context.js'
import { grantTypes } from '../oauth/grant-types.js'
import type { createOperatorFetch } from '../outbound/operator-fetch.js'
import type { AuditObserver } from '../storage/audit/audit.js'
import { signingKeyAges } from '../storage/keys/key-ages.js'
import type { Storage } from '../storage/storage.js'
import type { Metrics } from '../telemetry/metrics.js'
import { measureRequests, type ObservedServer } from '../telemetry/request-observation.js'
import type { Tracing } from '../telemetry/tracing-settings.js'
import { measureClientFetch, measureHasher, measureSql, measureSweep } from './measures.js'
import type { Part } from './parts-served.js'
import type { WorkerRole } from './workers/worker-role.js'

type OperatorFetch = ReturnType<typeof createOperatorFetch>
type Sweep = () => Promise<number>

export interface Observability {
  /** Middleware for a server's every request. */
  requests(server: ObservedServer): HttpMiddleware | undefined
  readonly auditObserver: AuditObserver | undefined
  database(part: Part, database: Database): Database
  hasher(hasher: PasswordHasher): PasswordHasher
  clientFetch(send: UntrustedFetch): UntrustedFetch
  operatorFetch(send: OperatorFetch): OperatorFetch
  sweep(sweeper: string, sweep: Sweep): Sweep
  signingKeys(storage: Storage): void
  close(): Promise<void>
}

export interface ObservabilityOptions {
  readonly config: Config
  readonly clock: Clock
  readonly tracing: Tracing | undefined
  /** Given: its primary is scraped, and asks. */
  readonly worker?: WorkerRole | undefined
}

function traceSql(sql: Sql, database: string, tracing: Tracing): Sql {
  const system = { 'db.system.name': 'postgresql', 'db.namespace': database }
  return {
    query: (statement, values) =>
      tracing.within(statement.name, { ...system, 'db.query.summary': statement.name }, () =>
        sql.query(statement, values),
      ),
  }
}

/** The span has the host, not the rest of the URL. Trace headers go only to servers that the operator configured. */
function traceFetch<Init extends RequestInit>(
  send: (url: string, init?: Init) => Promise<Response>,
  tracing: Tracing,
): (url: string, init?: Init) => Promise<Response> {
  return (url, init) => {
    const method = init?.method ?? 'GET'
    const attributes = { 'http.request.method': method, 'server.address': new URL(url).hostname }
    return tracing.within(method, attributes, () => send(url, init))
  }
}

function withTraceHeaders(send: OperatorFetch, tracing: Tracing): OperatorFetch {
  return (url, init) => {
    const headers = new Headers(init?.headers)
    for (const [name, value] of Object.entries(tracing.headers())) headers.set(name, value)
    return send(url, { ...init, headers })
  }
}

function collectPools(metrics: Metrics, part: Part, database: Database): void {
  const read = (value: (use: ReturnType<Database['pools']>[number]) => number) => async () =>
    database.pools().map((use) => ({ labels: { database: part, pool: use.pool }, value: value(use) }))
  metrics.collect(
    'gatehouse_db_connections',
    read(({ connections }) => connections),
  )
  metrics.collect(
    'gatehouse_db_connections_idle',
    read(({ idle }) => idle),
  )
  metrics.collect(
    'gatehouse_db_connections_limit',
    read(({ limit }) => limit),
  )
  metrics.collect(
    'gatehouse_db_waiting',
    read(({ waiting }) => waiting),
  )
}

/** What is rare and alerted of is 0 before it is 1: Prometheus sees no increase in a series that begins with its first event. */
function showFromTheStart(metrics: Metrics): void {
  for (const { name: grant_type } of grantTypes.filter(({ redeems }) => redeems !== undefined)) {
    const labels = { grant_type, outcome: 'replayed', error: 'invalid_grant' }
    metrics.count('gatehouse_token_requests_total', labels, 0)
  }
  for (const database of ['auth', 'mcp']) {
    for (const kind of ['outage', 'error']) metrics.count('gatehouse_db_statement_errors_total', { database, kind }, 0)
  }
}

async function openMetrics(config: Config, worker: WorkerRole | undefined) {
  if (config.METRICS_PORT === undefined) return undefined
  const [{ createMetrics }, { serveMetrics }] = await Promise.all([
    import('../telemetry/metrics.js'),
    import('../telemetry/metrics-server.js'),
  ])
  const metrics = createMetrics()
  showFromTheStart(metrics)
  metrics.collect('gatehouse_build_info', async () => [{ labels: { version }, value: 1 }])
  if (worker !== undefined) {
    worker.answerMetrics(() => metrics.snapshot())
    return { metrics, close: async () => undefined }
  }
  const server = await serveMetrics(metrics, config.HOST, config.METRICS_PORT)
  return { metrics, close: () => server.close(0) }
}

/** Opens the metrics port, if there is to be one. Rejects with one clear line when it is taken. */
export async function openObservability(options: ObservabilityOptions): Promise<Observability> {
  const { config, clock, tracing, worker } = options
  const opened = await openMetrics(config, worker)
  const metrics = opened?.metrics
  const secondsNow = () => clock.now().getTime() / 1000
  return {
    requests: (observed) => {
      const watching = [
        ...(metrics === undefined ? [] : [measureRequests(metrics, observed)]),
        ...(tracing === undefined ? [] : [tracing.requests(observed.server, observed.routes)]),
      ]
      return watching.length === 0 ? undefined : compose(watching)
    },
    auditObserver:
      metrics &&
      ((event, isWritten) => {
        if (isWritten) metrics.count('gatehouse_security_events_total', { event })
        else metrics.count('gatehouse_audit_failures_total', {})
      }),
    database: (part, database) => {
      if (metrics === undefined && tracing === undefined) return database
      if (metrics !== undefined) collectPools(metrics, part, database)
      const measured = metrics === undefined ? database.sql : measureSql(database.sql, part, metrics)
      return { ...database, sql: tracing === undefined ? measured : traceSql(measured, part, tracing) }
    },
    hasher: (hasher) => (metrics === undefined ? hasher : measureHasher(hasher, metrics)),
    clientFetch: (send) => {
      const measured = metrics === undefined ? send : measureClientFetch(send, metrics)
      if (tracing === undefined) return measured
      return (input, init) =>
        traceFetch(() => measured(input, init), tracing)(input instanceof Request ? input.url : String(input), init)
    },
    operatorFetch: (send) => {
      if (tracing === undefined) return send
      return traceFetch(withTraceHeaders(send, tracing), tracing)
    },
    sweep: (sweeper, sweep) => {
      if (metrics === undefined) return sweep
      let last: number | undefined
      metrics.collect('gatehouse_sweeper_last_success_timestamp_seconds', async () =>
        last === undefined ? [] : [{ labels: { sweeper }, value: last }],
      )
      return measureSweep(sweeper, sweep, metrics, () => {
        last = secondsNow()
      })
    },
    signingKeys: (storage) => {
      if (worker !== undefined && !worker.isFirst) return
      metrics?.collect('gatehouse_signing_key_age_seconds', async () =>
        (await signingKeyAges(storage)).map(({ algorithm, status, seconds }) => ({
          labels: { algorithm, status },
          value: seconds,
        })),
      )
    },
    close: async () => void (await Promise.all([opened?.close(), tracing?.close()])),
  }
}
