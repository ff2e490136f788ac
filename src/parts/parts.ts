/** What both servers are made from. */
import type { Config } from '../config.js'
import type { Part } from '../databases.js'
import type { Observability } from '../observability/observability.js'
import type { Clock } from '../platform/clock.js'
import type { Closers } from '../platform/closers.js'
import type { InProcessRoute } from '../platform/in-process-route.js'
import type { Logger } from '../platform/log.js'
import type { Tracing } from '../platform/tracing-settings.js'

export interface SystemOverrides {
  readonly clock?: Clock
  readonly log?: Logger
  /** Fetches URLs that clients name; tests inject one that reaches their own HTTPS servers. */
  readonly untrustedFetch?: typeof fetch
  /** Spans of requests go there; see platform/tracing.ts. Closed with the system. */
  readonly tracing?: Tracing | undefined
  /** Start only this server; default both. */
  readonly only?: Part | undefined
}

export interface Parts {
  readonly config: Config
  readonly log: Logger
  readonly clock: Clock
  readonly overrides: SystemOverrides
  readonly closers: Closers
  readonly observability: Observability
  /** By which the MCP server proves to the authorization server in this process that it forwards for somebody. */
  readonly forwarderSecret: string
  /** By which it follows revocations, when the operator gave no credentials. */
  readonly ownSecret: string | undefined
  /** Where one process runs both: how the MCP server reaches the authorization server. */
  readonly issuerRoute: InProcessRoute | undefined
  /** Says that the servers are about to close. */
  readonly stopping: AbortController
}
