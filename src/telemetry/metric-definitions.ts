/**
 * Every metric: name, labels and meaning. The manual's table is generated from it. Dashboards and alerts use the names, so they must not
 * change. Labels take values from short, fixed lists: never a client, a person, an address or a path.
 */

export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  /** One line without a full stop. */
  readonly help: string
  /** Histograms only: upper bounds in seconds. */
  readonly buckets?: readonly number[]
  /** Gauges only: how a scrape combines several workers; default: the sum. */
  readonly overWorkers?: 'sum' | 'first'
}

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const statementBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10]
const slowBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

export const metricDefinitions = {
  http_server_request_duration_seconds: {
    kind: 'histogram',
    labels: ['server', 'method', 'route', 'status'],
    help: 'Requests answered, by route template, and how long that took; event streams and the revocation feed, which wait, are left out',
    buckets: requestBuckets,
  },
  gatehouse_token_requests_total: {
    kind: 'counter',
    labels: ['grant_type', 'outcome', 'error'],
    help: 'Token requests: issued, repeated (the same refresh again), refused, replayed, limited or failed',
  },
  gatehouse_sign_ins_total: {
    kind: 'counter',
    labels: ['outcome'],
    help: 'Passwords sent: succeeded, wrong-credentials, too-many-attempts, busy, refused or failed',
  },
  gatehouse_registrations_total: {
    kind: 'counter',
    labels: ['outcome', 'error'],
    help: 'Dynamic client registrations: created, refused, limited or failed',
  },
  gatehouse_revocation_requests_total: {
    kind: 'counter',
    labels: ['outcome'],
    help: 'Requests to revoke a token: accepted, refused, limited or failed',
  },
  gatehouse_security_events_total: {
    kind: 'counter',
    labels: ['event'],
    help: 'Events written to the audit table, by type',
  },
  gatehouse_audit_failures_total: {
    kind: 'counter',
    labels: [],
    help: 'Events that could not be written to the audit table; the log has them',
  },
  gatehouse_rate_limited_total: {
    kind: 'counter',
    labels: ['server', 'route'],
    help: 'Requests answered 429',
  },
  gatehouse_password_hash_duration_seconds: {
    kind: 'histogram',
    labels: ['operation', 'outcome'],
    help: 'Passwords hashed or verified, waiting for a turn included; busy: refused because too many were waiting',
    buckets: slowBuckets,
  },
  gatehouse_client_document_fetch_duration_seconds: {
    kind: 'histogram',
    labels: ['outcome'],
    help: 'Fetches of documents that clients name by URL: ok, unchanged, status (any other one), busy or failed',
    buckets: slowBuckets,
  },
  gatehouse_mcp_operations_total: {
    kind: 'counter',
    labels: ['method', 'name', 'outcome'],
    help: 'JSON-RPC methods asked for; name is the tool or prompt, outcome ok, answered, refused, hidden, denied, limited or failed',
  },
  gatehouse_mcp_refused_tokens_total: {
    kind: 'counter',
    labels: ['reason'],
    help: 'Requests to the MCP endpoint whose token was missing or not accepted',
  },
  gatehouse_db_statement_duration_seconds: {
    kind: 'histogram',
    labels: ['database', 'statement'],
    help: 'Prepared statements of the hot paths, waiting for a connection included',
    buckets: statementBuckets,
  },
  gatehouse_db_statement_errors_total: {
    kind: 'counter',
    labels: ['database', 'kind'],
    help: 'Prepared statements that failed: outage (it will pass) or error',
  },
  gatehouse_db_connections: {
    kind: 'gauge',
    labels: ['database', 'pool'],
    help: 'Open connections to PostgreSQL',
  },
  gatehouse_db_connections_idle: {
    kind: 'gauge',
    labels: ['database', 'pool'],
    help: 'Of these, idle',
  },
  gatehouse_db_connections_limit: {
    kind: 'gauge',
    labels: ['database', 'pool'],
    help: 'Most connections this pool opens',
  },
  gatehouse_db_waiting: {
    kind: 'gauge',
    labels: ['database', 'pool'],
    help: 'What waits for a connection (pool) or for an answer (pipelines)',
  },
  gatehouse_sweeper_runs_total: {
    kind: 'counter',
    labels: ['sweeper', 'outcome'],
    help: 'Runs of the clean-up: ok or failed',
  },
  gatehouse_sweeper_rows_total: {
    kind: 'counter',
    labels: ['sweeper'],
    help: 'Rows that the clean-up deleted',
  },
  gatehouse_sweeper_last_success_timestamp_seconds: {
    kind: 'gauge',
    labels: ['sweeper'],
    help: 'When the clean-up last succeeded',
  },
  gatehouse_signing_key_age_seconds: {
    kind: 'gauge',
    labels: ['algorithm', 'status'],
    help: 'Age of the youngest signing key of that status',
  },
  gatehouse_build_info: {
    kind: 'gauge',
    labels: ['version'],
    help: 'Always 1',
    overWorkers: 'first',
  },
  gatehouse_workers: {
    kind: 'gauge',
    labels: [],
    help: 'Workers that serve, if WORKERS asks for several',
  },
  gatehouse_workers_replaced_total: {
    kind: 'counter',
    labels: [],
    help: 'Workers that ended and were replaced',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>

type Definitions = typeof metricDefinitions
type NameOf<Kind> = {
  [Name in keyof Definitions]: Definitions[Name]['kind'] extends Kind ? Name : never
}[keyof Definitions]
export type CounterName = NameOf<'counter'>
export type GaugeName = NameOf<'gauge'>
export type HistogramName = NameOf<'histogram'>
/** The labels of a metric, each with a value. */
export type LabelsOf<Name extends keyof Definitions> = Readonly<Record<Definitions[Name]['labels'][number], string>>

/** An increment of a counter by one. */
export type Count = { [Name in CounterName]: readonly [name: Name, labels: LabelsOf<Name>] }[CounterName]

/** The manual's table of metrics, in Markdown. */
export function metricsTable(): string {
  const rows = Object.entries(metricDefinitions as Record<string, MetricDefinition>).map(
    ([name, { labels, help }]) => `| \`${name}\` | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  )
  return ['| metric | labels | what it says |', '|---|---|---|', ...rows].join('\n')
}
