/**
 * One unit of work per request that changes what is registered (RFC 7591, RFC 7592). What the engine writes one after the other
 * (the client, its registration access token) and the event that tells of it are collected, and carried out in one statement when
 * the engine has accepted the request: all of it or nothing.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { isUnanswered, settle } from '../../database/outage.js'
import type { Sql, Statement } from '../../database/sql.js'
import { type Condition, type Write, writeTogether } from '../../database/writes.js'

/** What everything else in the request depends on. */
export interface Decision {
  /** See `writeTogether`. */
  readonly condition: Condition
  /** Finds a row when it was carried out: asked when the answer to the commit was lost on its way. */
  readonly trace: { readonly statement: Statement; readonly values: readonly unknown[] }
}

export class ChangeRequest {
  readonly #sql: Sql
  #decision: Decision | undefined
  readonly #writes: Write[] = []

  constructor(sql: Sql) {
    this.#sql = sql
  }

  decide(decision: Decision): void {
    this.#decision = decision
  }

  /** True from `decide` on: what is written now belongs to it. */
  get isDecided(): boolean {
    return this.#decision !== undefined
  }

  /** To be written if the decision was carried out. */
  add(write: Write): void {
    this.#writes.push(write)
  }

  /**
   * Writes everything. Call when the engine has accepted the request, before its answer is sent. False when another request was first:
   * nothing was written. When the answer was lost on its way it is asked for again: the client has to be told its credentials.
   */
  async commit(): Promise<boolean> {
    const decision = this.#decision
    if (decision === undefined) return true
    const send = () => writeTogether(this.#sql, this.#writes, decision.condition)
    return send().catch((error: unknown) => {
      if (!isUnanswered(error)) throw error
      return settle(async () => (await send()) || this.#isTraced(decision))
    })
  }

  async #isTraced({ trace: { statement, values } }: Decision): Promise<boolean> {
    if ((await this.#sql.query(statement, values)).rowCount === 0) return false
    for (const { onWritten } of this.#writes) onWritten?.()
    return true
  }
}

const current = new AsyncLocalStorage<ChangeRequest>()

/** Runs `work` as one such request; adapters inside it collect instead of writing. */
export function withinChange<T>(request: ChangeRequest, work: () => Promise<T>): Promise<T> {
  return current.run(request, work)
}

export function currentChange(): ChangeRequest | undefined {
  return current.getStore()
}
