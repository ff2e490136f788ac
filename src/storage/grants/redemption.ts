/**
 * What a token request depends on: the code or token that it redeems. Of any number of racing redemptions one wins. The others are told
 * whether they are retries of the same refresh (refresh-reuse.ts), and then what the first of them got.
 */
import { hashSecret } from '../../base/secrets.js'
import type { Sql } from '../../database/sql.js'
import type { Write } from '../../database/writes.js'
import type { Storage } from '../storage.js'
import { type CollectedWork, type CommitOutcome, carryOut, type Decision, type Trace } from '../unit-of-work.js'
import { redeeming } from './artifact-writes.js'
import {
  judgeRow,
  newestAfter,
  openSuccessor,
  readReplaced,
  readRow,
  reissuing,
  sealSuccessor,
} from './refresh-successor.js'

/** A refresh token that was replaced before, and whose second use is a retry. */
export interface RefreshRetry {
  /** Sealed. */
  readonly successor: string
  /** After the grace: the successor must be unused still. */
  readonly isLate: boolean
}

export interface Redeemed {
  readonly model: string
  readonly value: string
  /** Known when the credential was looked at already. */
  readonly retry: RefreshRetry | undefined
  /** What is written when an unused successor is handed out again after the grace. */
  readonly reissueEvent: ((clientId: string | undefined) => Write) | undefined
}

const refreshToken = 'RefreshToken'

export class Redemption implements Decision {
  readonly #storage: Storage
  readonly #redeemed: Redeemed
  readonly #idHash: string

  constructor(storage: Storage, redeemed: Redeemed) {
    this.#storage = storage
    this.#redeemed = redeemed
    this.#idHash = hashSecret(redeemed.value)
  }

  async settle(sql: Sql, work: CollectedWork): Promise<CommitOutcome> {
    const { model, value, retry } = this.#redeemed
    if (retry !== undefined) return this.#answerRetry(sql, work, retry)
    const successor = work.issued.find(({ row }) => row.model === refreshToken)
    const isReplaced = successor !== undefined && model === refreshToken
    const sealed = isReplaced ? sealSuccessor(value, successor.value) : null
    const condition = redeeming({ model, idHash: this.#idHash }, this.#storage.clock.now(), sealed)
    switch (await carryOut(sql, work.writes, condition, this.#traceOf(work))) {
      case 'written':
        return { kind: 'committed' }
      case 'grant gone':
        return { kind: 'lost' }
      case 'refused':
        return this.#afterAnother(sql, work)
    }
  }

  /** Only what was issued tells whether a redemption was this one. */
  #traceOf({ issued: [first] }: CollectedWork): Trace | undefined {
    return first && { statement: readReplaced, values: [first.row.model, first.row.id_hash] }
  }

  /** Another request redeemed the credential between our look at it and now. */
  async #afterAnother(sql: Sql, work: CollectedWork): Promise<CommitOutcome> {
    const row = await readRow(sql, this.#redeemed.model, this.#idHash)
    if (row === undefined || row.grant_id === null) return { kind: 'lost' }
    const use = judgeRow(this.#storage, row)
    if (row.successor === null || use === 'reuse') return { kind: 'replayed', grantId: row.grant_id }
    return this.#answerRetry(sql, work, { successor: row.successor, isLate: use === 'late retry' })
  }

  async #answerRetry(sql: Sql, work: CollectedWork, { successor, isLate }: RefreshRetry): Promise<CommitOutcome> {
    const { value } = this.#redeemed
    // The access token in this answer is its own, and an opaque one has to be known. The new refresh token is not handed out.
    const unsent = new Set(work.issued.filter(({ row }) => row.model === refreshToken).map(({ write }) => write))
    const writes = work.writes.filter((write) => !unsent.has(write))
    if (isLate) return this.#reissue(sql, openSuccessor(value, successor), writes, work.issued[0]?.row.client_id)
    const newest = await newestAfter(sql, value, successor)
    if (newest === undefined) return { kind: 'lost' }
    if (writes.length > 0 && (await carryOut(sql, writes)) === 'grant gone') return { kind: 'lost' }
    return { kind: 'successor', refreshToken: newest }
  }

  async #reissue(
    sql: Sql,
    token: string,
    writes: readonly Write[],
    clientId: string | null | undefined,
  ): Promise<CommitOutcome> {
    const { model, reissueEvent } = this.#redeemed
    const event = reissueEvent === undefined ? [] : [reissueEvent(clientId ?? undefined)]
    const result = await carryOut(sql, [...writes, ...event], reissuing(token))
    if (result === 'written') return { kind: 'successor', refreshToken: token }
    // Used since we looked, which makes this a reuse; or gone with its grant.
    const grantId = result === 'grant gone' ? undefined : (await readRow(sql, model, this.#idHash))?.grant_id
    return grantId ? { kind: 'replayed', grantId } : { kind: 'lost' }
  }
}
