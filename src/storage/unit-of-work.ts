/**
 * One unit of work per request that ends in a commit. What the engine and the pages write one after the other is collected, and carried out
 * in one statement when the request was accepted: all of it or nothing, on the condition of the row that the request is about.
 *
 * Requests differ in two things only: their reader, which joins what is asked for one after the other into one statement, and the
 * decision, which says what the commit depends on and what it came to. Our own code is given the unit as an argument. The engine gives its
 * adapter none, so the adapter asks `currentUnit`.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { isUnanswered, settle } from '../database/outage.js'
import type { Sql, Statement } from '../database/sql.js'
import { type Condition, type Write, writeTogether } from '../database/writes.js'
import type { Payload } from './adapter-types.js'
import { type ArtifactRow, isGrantGone, issuing } from './grants/artifact-writes.js'
import type { ClientRow, GrantHolder } from './grants/credential.js'
import type { Whereabouts } from './grants/whereabouts.js'
import type { Storage } from './storage.js'

/**
 * What a commit came to. `committed`: everything is written. Of the others nothing is, except where it says so.
 *
 * - `successor`: a repeated refresh, answered with the refresh token that the first of them got, or what that was replaced by since. The
 *   access tokens of this request are written.
 * - `replayed`: another request redeemed the credential and this one is no retry, so the caller must revoke the grant (RFC 6749 §4.1.2,
 *   RFC 9700 §4.14.2).
 * - `used`: an identifier that is good once was used before.
 * - `lost`: the row that the request depends on, or its grant, is gone or another's by now.
 */
export type CommitOutcome =
  | { readonly kind: 'committed' }
  | { readonly kind: 'successor'; readonly refreshToken: string }
  | { readonly kind: 'replayed'; readonly grantId: string }
  | { readonly kind: 'used' }
  | { readonly kind: 'lost' }

/** A row of `artifacts` as the engine looks at it. */
export interface FoundArtifact {
  readonly payload: Payload
  readonly consumed_at: Date | string | null
}

/**
 * Answers the engine's look-ups from what was read at once. A look-up that a reader lacks, or answers with `undefined`, is the caller's to
 * make.
 */
export interface Reader {
  /** Whether rows of this model wait for the commit. `isDecided`: the unit has its decision already. */
  collects(model: string, isDecided: boolean): boolean
  /** Without its metadata when `knownVersion` is the row's. */
  client?(id: string, knownVersion: string | undefined): Promise<ClientRow | undefined>
  /** `artifact` undefined: there is none. */
  artifact?(model: string, value: string): Promise<{ readonly artifact: FoundArtifact | undefined } | undefined>
  /** What the request depends on when it uses this up. */
  redemption?(model: string, value: string): Decision
  /** Once: the engine changes what it gets. */
  takeGrantPayload?(id: string): Payload | undefined
  person?(accountId: string): GrantHolder | undefined
  session?(uid: string): { readonly payload: Payload | undefined } | undefined
  sessionOfCookie?(cookie: string): Promise<{ readonly payload: Payload | undefined } | undefined>
}

/** A code or token that the request issues. */
export interface IssuedArtifact {
  readonly row: ArtifactRow
  /** The value, which is stored as its hash only. */
  readonly value: string
  readonly write: Write
}

/** What a unit has collected. */
export interface CollectedWork {
  /** In their order, those of `issued` among them. */
  readonly writes: readonly Write[]
  readonly issued: readonly IssuedArtifact[]
}

/** Carries out what was collected, on a condition of its own. */
export interface Decision {
  settle(sql: Sql, work: CollectedWork): Promise<CommitOutcome>
}

/** Finds a row when the commit was carried out: asked when the answer to it was lost on its way. */
export interface Trace {
  readonly statement: Statement
  readonly values: readonly unknown[]
}

/**
 * Sends the one statement. With a `trace`, a commit whose answer was lost is sent again until the database says what became of it: a client
 * that is told to repeat its code would be taken for a thief.
 */
export async function carryOut(
  sql: Sql,
  writes: readonly Write[],
  condition?: Condition,
  trace?: Trace,
): Promise<'written' | 'refused' | 'grant gone'> {
  const send = () => writeTogether(sql, writes, condition)
  const wasCarriedOut = async ({ statement, values }: Trace): Promise<boolean> => {
    if ((await sql.query(statement, values)).rowCount === 0) return false
    for (const { onWritten } of writes) onWritten?.()
    return true
  }
  try {
    const isWritten = await send().catch((error: unknown) => {
      if (trace === undefined || !isUnanswered(error)) throw error
      return settle(async () => (await send()) || (await wasCarriedOut(trace)))
    })
    return isWritten ? 'written' : 'refused'
  } catch (error) {
    if (isGrantGone(error)) return 'grant gone'
    throw error
  }
}

/** Depends on one row. `otherwise`: what it means that the condition did not hold. */
export function decidedBy(
  condition: Condition | undefined,
  trace?: Trace,
  otherwise: 'lost' | 'used' = 'lost',
): Decision {
  return {
    settle: async (sql, { writes }) => {
      const result = await carryOut(sql, writes, condition, trace)
      if (result === 'written') return { kind: 'committed' }
      return { kind: result === 'refused' ? otherwise : 'lost' }
    },
  }
}

const byNothing = decidedBy(undefined)

export class UnitOfWork {
  readonly reader: Reader
  /** From where the request comes, for what is stored of a session. */
  sender: (() => Whereabouts) | undefined
  readonly #sql: Sql
  readonly #writes: Write[] = []
  readonly #issued: IssuedArtifact[] = []
  #decision: Decision | undefined

  constructor({ database }: Pick<Storage, 'database'>, reader: Reader) {
    this.#sql = database.sql
    this.reader = reader
  }

  /** Whether rows of this model are to be given to `write` or `issue`, rather than written at once. */
  collects(model: string): boolean {
    return this.reader.collects(model, this.isDecided)
  }

  write(...writes: readonly Write[]): void {
    this.#writes.push(...writes)
  }

  issue(row: ArtifactRow, value: string): void {
    const write = issuing(row)
    this.#writes.push(write)
    this.#issued.push({ row, value, write })
  }

  /** Makes everything that is collected until the commit depend on this. */
  decide(decision: Decision): void {
    this.#decision = decision
  }

  get isDecided(): boolean {
    return this.#decision !== undefined
  }

  /** Carries out what was collected since the last commit. Call it when the request was accepted, before its answer is sent. */
  async commit(): Promise<CommitOutcome> {
    const decision = this.#decision
    const work = { writes: this.#writes.splice(0), issued: this.#issued.splice(0) }
    this.#decision = undefined
    if (decision === undefined && work.writes.length === 0) return { kind: 'committed' }
    return (decision ?? byNothing).settle(this.#sql, work)
  }
}

const current = new AsyncLocalStorage<UnitOfWork>()

/** Runs `work` with the unit for the engine's adapter to find. Called by one middleware (authorization-server/units-of-work.ts). */
export function withinUnit<T>(unit: UnitOfWork, work: () => Promise<T>): Promise<T> {
  return current.run(unit, work)
}

/** For the engine's adapter alone: everybody else has the unit as an argument. */
export function currentUnit(): UnitOfWork | undefined {
  return current.getStore()
}
