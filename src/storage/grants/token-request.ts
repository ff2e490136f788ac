/**
 * One unit of work per token request. What the engine reads at the token endpoint is joined into one statement; what it writes
 * is collected and committed in one more, after the whole request was accepted. So a refused request consumes nothing, a crash
 * leaves either the old credential usable or the new tokens issued, and of any number of racing redemptions one wins.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { isUnanswered, settle } from '../../database/outage.js'
import type { Write } from '../../database/writes.js'
import type { Storage } from '../storage.js'
import { type ArtifactRow, columnsOf, isGrantGone, issuing, redeemAndIssue, redeemForOne } from './artifact-writes.js'
import {
  type ClientRow,
  type CredentialModel,
  type CredentialRow,
  type GrantHolder,
  holderOf,
  isAskedAbout,
  isRedeemed,
  type PresentedCredential,
  readCredential,
  readCredentialWithClient,
} from './credential.js'
import { OneTimeUse } from './one-time-use.js'
import { judgeRow, newestAfter, openSuccessor, readRow, reissueUnused, sealSuccessor } from './refresh-successor.js'

/** A refresh token that was replaced before, and whose second use is a retry (refresh-reuse.ts). */
export interface RefreshRetry {
  /** Sealed. */
  readonly successor: string
  /** After the grace: the successor must be unused still. */
  readonly isLate: boolean
}

interface Redemption {
  readonly model: string
  readonly idHash: string
  readonly value: string
  readonly retry: RefreshRetry | undefined
}

/**
 * `successor`: the refresh token that the first of several equal refreshes got, or what that was replaced by since. `replayed`:
 * another request redeemed the credential and this one is no retry, so the caller must revoke the grant (RFC 6749 §4.1.2,
 * RFC 9700 §4.14.2). `used`: an identifier that is good once was used before. `lost`: the grant is gone.
 */
export type CommitOutcome =
  | { readonly kind: 'committed' }
  | { readonly kind: 'successor'; readonly refreshToken: string }
  | { readonly kind: 'replayed'; readonly grantId: string }
  | { readonly kind: 'used' }
  | { readonly kind: 'lost' }

/** The grant and the client of a credential. */
export interface GrantParties {
  readonly accountId?: string
  readonly clientId?: string
}

export class TokenRequest {
  readonly #storage: Storage
  readonly #presented: PresentedCredential | undefined
  #credential: Promise<CredentialRow | undefined> | undefined
  readonly #rows: ArtifactRow[] = []
  #redemption: Redemption | undefined
  #newRefreshToken: string | undefined
  readonly #writes: Write[] = []
  #once: OneTimeUse | undefined
  #grant: { id: string; payload: Record<string, unknown> | undefined; holder: GrantHolder } | undefined

  /** `presented`: the credential in the request as it came, which nobody has looked at yet. */
  constructor(storage: Storage, presented?: PresentedCredential) {
    this.#storage = storage
    this.#presented = presented
  }

  /**
   * The client, read together with the credential that is about to be asked for; `undefined` when the caller must read it. Without
   * its metadata when that is what the caller knows already.
   */
  async readClient(clientId: string, knownVersion: string | undefined): Promise<ClientRow | undefined> {
    const presented = this.#presented
    if (presented === undefined || this.#credential !== undefined) return undefined
    const together = readCredentialWithClient(this.#storage, presented, clientId, knownVersion)
    this.#credential = together.then(({ credential }) => credential)
    // The caller gets the error when it asks for this; the client look-up failed first.
    this.#credential.catch(() => undefined)
    return (await together).client
  }

  /** Whether `readCredential` answers for such a credential. */
  covers(model: string): model is CredentialModel {
    return this.redeems ? isRedeemed(model) : isAskedAbout(model)
  }

  /** Whether credentials are used up in this request, or only looked at. */
  get redeems(): boolean {
    return this.#presented?.model !== 'any token'
  }

  /** The credential's row; its grant and account are remembered for when the engine asks for them. */
  async readCredential(model: CredentialModel, value: string): Promise<CredentialRow | undefined> {
    const presented = this.#presented
    const asked = { model: isRedeemed(model) && this.redeems ? model : ('any token' as const), value }
    const isPresented = presented?.model === asked.model && presented.value === value
    // Asked about a token, the engine looks for several models at once.
    if (isPresented) this.#credential ??= readCredential(this.#storage, presented)
    const read = isPresented ? this.#credential : readCredential(this.#storage, asked)
    const row = await read
    if (row?.model !== model) return undefined
    const holder = holderOf(row)
    if (row.grant_id !== null && row.grant_payload !== null && holder !== undefined) {
      this.#grant = { id: row.grant_id, payload: row.grant_payload, holder }
    }
    return row
  }

  /** The remembered grant's payload, once: the engine changes what it gets. */
  takeGrantPayload(id: string): Record<string, unknown> | undefined {
    const grant = this.#grant
    if (grant?.id !== id) return undefined
    const { payload } = grant
    grant.payload = undefined
    return payload
  }

  grantHolder(accountId: string): GrantHolder | undefined {
    return this.#grant?.holder.accountId === accountId ? this.#grant.holder : undefined
  }

  redeem(redemption: Redemption): void {
    this.#redemption = redemption
  }

  issue(row: ArtifactRow, value: string): void {
    this.#rows.push(row)
    if (row.model === 'RefreshToken') this.#newRefreshToken = value
  }

  /** Makes the request depend on an identifier that is good once. `until`: how long it is remembered. */
  useOnce(identifier: string, until: Date): void {
    this.#once = new OneTimeUse(identifier, until)
  }

  /** Whether what this request writes beside tokens waits for its commit: then it is given to `add`. */
  get collectsWrites(): boolean {
    return this.#once !== undefined
  }

  /** A write that is carried out with the one-time use, or not at all. */
  add(write: Write): void {
    this.#writes.push(write)
  }

  /**
   * Writes everything in one statement. Call once, when the engine has accepted the request. `reissueEvent`: what is written when an
   * unused successor is handed out again after the grace.
   */
  async commit(reissueEvent?: (parties: GrantParties) => Write): Promise<CommitOutcome> {
    const redemption = this.#redemption
    if (this.#once !== undefined) return this.#commitOnce(this.#once)
    if (redemption === undefined && this.#rows.length === 0) return { kind: 'committed' }
    if (redemption?.retry !== undefined) return this.#answerRetry(redemption, redemption.retry, reissueEvent)
    const sealed =
      redemption === undefined || this.#newRefreshToken === undefined || redemption.model !== 'RefreshToken'
        ? null
        : sealSuccessor(redemption.value, this.#newRefreshToken)
    const redeemed = await this.#write(redemption, sealed, this.#rows)
    if (redeemed === undefined) return { kind: 'lost' }
    if (redemption === undefined || redeemed) return { kind: 'committed' }
    return this.#afterAnother(redemption, reissueEvent)
  }

  /**
   * Whether this was the first redemption; `undefined` when the grant is gone, and then nothing was written. When the answer was
   * lost on its way it is asked for again: a client told to repeat its code would be taken for a thief.
   */
  async #write(
    redemption: Redemption | undefined,
    sealedSuccessor: string | null,
    rows: readonly ArtifactRow[],
  ): Promise<boolean | undefined> {
    const used = [redemption?.model ?? null, redemption?.idHash ?? null]
    const marks = [...used, this.#storage.clock.now().toISOString(), sealedSuccessor]
    const [only, ...others] = rows
    const isOne = redemption !== undefined && only !== undefined && others.length === 0
    const { sql } = this.#storage.database
    const send = async () => {
      if (isOne) return (await sql.query(redeemForOne, [...marks, ...columnsOf(only)])).rowCount === 1
      const { rows: counts } = await sql.query<{ redeemed: number }>(redeemAndIssue, [...marks, JSON.stringify(rows)])
      return counts[0]?.redeemed === 1
    }
    const sendAgain = (error: unknown) => {
      // Only what redeems can be sent twice, and only what was issued tells whether the first time was it.
      if (redemption === undefined || only === undefined || !isUnanswered(error)) throw error
      return settle(async () => (await send()) || (await readRow(sql, only.model, only.id_hash)) !== undefined)
    }
    return this.#unlessGrantGone(send().catch(sendAgain))
  }

  async #unlessGrantGone<T>(work: Promise<T>): Promise<T | undefined> {
    try {
      return await work
    } catch (error) {
      if (isGrantGone(error)) return undefined
      throw error
    }
  }

  async #commitOnce(once: OneTimeUse): Promise<CommitOutcome> {
    const writes = [...this.#writes, ...issuing(this.#rows)]
    const isFirst = await this.#unlessGrantGone(once.commit(this.#storage.database.sql, writes))
    if (isFirst === undefined) return { kind: 'lost' }
    return { kind: isFirst ? 'committed' : 'used' }
  }

  /** Another request redeemed the credential between our look at it and now. */
  async #afterAnother(redemption: Redemption, reissueEvent?: (parties: GrantParties) => Write): Promise<CommitOutcome> {
    const row = await readRow(this.#storage.database.sql, redemption.model, redemption.idHash)
    if (row === undefined || row.grant_id === null) return { kind: 'lost' }
    const use = judgeRow(this.#storage, row)
    if (row.successor === null || use === 'reuse') return { kind: 'replayed', grantId: row.grant_id }
    return this.#answerRetry(redemption, { successor: row.successor, isLate: use === 'late retry' }, reissueEvent)
  }

  async #answerRetry(
    { value, model, idHash }: Redemption,
    { successor, isLate }: RefreshRetry,
    reissueEvent?: (parties: GrantParties) => Write,
  ): Promise<CommitOutcome> {
    const { sql } = this.#storage.database
    // The access token in this answer is its own, and an opaque one has to be known.
    const others = this.#rows.filter((row) => row.model !== 'RefreshToken')
    if (isLate) {
      const refreshToken = openSuccessor(value, successor)
      const event = reissueEvent === undefined ? [] : [reissueEvent(this.#parties())]
      const isUnused = await this.#unlessGrantGone(reissueUnused(sql, refreshToken, [...issuing(others), ...event]))
      if (isUnused === true) return { kind: 'successor', refreshToken }
      // Used since we looked, which makes this a reuse; or gone with its grant.
      const grantId = isUnused === undefined ? undefined : (await readRow(sql, model, idHash))?.grant_id
      return grantId ? { kind: 'replayed', grantId } : { kind: 'lost' }
    }
    const refreshToken = await newestAfter(sql, value, successor)
    if (refreshToken === undefined) return { kind: 'lost' }
    if (others.length > 0 && (await this.#write(undefined, null, others)) === undefined) return { kind: 'lost' }
    return { kind: 'successor', refreshToken }
  }

  #parties(): GrantParties {
    const { holder } = this.#grant ?? {}
    const clientId = this.#rows[0]?.client_id ?? undefined
    return { ...(holder && { accountId: holder.accountId }), ...(clientId !== undefined && { clientId }) }
  }
}

const current = new AsyncLocalStorage<TokenRequest>()

/** Runs `work` as one token request; adapters inside it collect instead of writing. */
export function withinTokenRequest<T>(request: TokenRequest, work: () => Promise<T>): Promise<T> {
  return current.run(request, work)
}

export function currentTokenRequest(): TokenRequest | undefined {
  return current.getStore()
}
