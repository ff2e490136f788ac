/** Dependencies that both servers are constructed with. */

import type { PasswordCost } from '../authorization-server/login/passwords.js'
import type { Clock } from '../base/clock.js'
import type { Closers } from '../base/closers.js'
import type { Logger } from '../base/log.js'
import type { Config, Environment } from '../config/config.js'
import type { InProcessRoute } from '../http/in-process-route.js'
import type { Tracing } from '../telemetry/tracing-settings.js'
import type { FollowedDeclarations } from './declarations/following.js'
import type { Observability } from './observability.js'
import type { Part } from './parts-served.js'
import type { WorkerRole } from './workers/worker-role.js'

export interface SystemOverrides {
  readonly clock?: Clock
  readonly log?: Logger
  /** Fetches URLs that clients name; tests inject one that reaches their own HTTPS servers. */
  readonly untrustedFetch?: typeof fetch
  /** What hashing a password costs; tests lower it. */
  readonly passwordCost?: PasswordCost | undefined
  /** Spans of requests go there; see telemetry/tracing.ts. Closed with the system. */
  readonly tracing?: Tracing | undefined
  /** Start only this server; default both. */
  readonly only?: Part | undefined
  /** Where the declaration file's `client_secret_env` look. */
  readonly environment?: Environment | undefined
  /** This process is one of several workers. */
  readonly worker?: WorkerRole | undefined
}

export interface Parts {
  readonly config: Config
  readonly log: Logger
  readonly clock: Clock
  readonly overrides: SystemOverrides
  /** False in workers that leave to the first one what a start does once: checks, migrations, the first account. */
  readonly startsAll: boolean
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

/** With what is declared, once that is known. */
export interface DeclaredParts extends Parts {
  readonly declared: FollowedDeclarations
}
