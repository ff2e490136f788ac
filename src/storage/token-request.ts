/**
 * One unit of work per token request. What the engine reads at the token endpoint is joined into one statement; what it writes
 * is collected and committed in one more, after the whole request was accepted. So a refused request consumes nothing, a crash
 * leaves either the old credential usable or the new tokens issued, and of any number of racing redemptions one wins.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { isUnanswered, settle } from '../platform/outage.js'
import { createHolderBox, hashSecret } from '../platform/secrets.js'
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
import type { Storage } from './storage.js'
import { readReplaced, redeemAndIssue, redeemForOne } from './token-statements.js'
import { type ReplacedToken, successorForRetry, type UndeliveredRefresh } from './undelivered-refreshes.js'

/** A row to be inserted into `artifacts`, named as its columns. */
export interface ArtifactRow {
  readonly model: string
  readonly id_hash: string
  readonly grant_id: string | null
  readonly client_id: string | null
  readonly user_code: string | null
  readonly payload: Record<string, unknown>
  readonly expires_at: string | null
}

interface Redemption {
  readonly model: string
  readonly idHash: string
  readonly value: string
  /** Sealed. Set when the credential had been replaced moments ago: the request is answered with what replaced it. */
  readonly successor: string | undefined
}

/**
 * `successor`: the refresh token that the first of several equal refreshes got, or what that was replaced by since. `replayed`:
 * someone else redeemed the credential and no grace excuses the second use, so the caller must revoke the grant (RFC 6749 §4.1.2,
 * RFC 9700 §4.14.2). `lost`: the grant is gone.
 */
export type CommitOutcome =
  | { readonly kind: 'committed' }
  | { readonly kind: 'successor'; readonly refreshToken: string }
  | { readonly kind: 'replayed'; readonly grantId: string }
  | { readonly kind: 'lost' }

interface ReplacedRow extends ReplacedToken {
  readonly grant_id: string | null
}

/** In the order in which statements name the columns. */
export function columnsOf(row: ArtifactRow): unknown[] {
  const { model, id_hash, grant_id, client_id, user_code, payload, expires_at } = row
  return [model, id_hash, grant_id, client_id, user_code, JSON.stringify(payload), expires_at]
}

const successorPurpose = 'refresh token successor'

/** How far a chain is followed in one request: a family that was refreshed this often within the grace goes on from there. */
const maxFollowed = 16

/** True for the database's refusal to issue something under a grant that was deleted meanwhile. */
export function isGrantGone(error: unknown): boolean {
  // 23503: foreign key violation.
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '23503'
}

export class TokenRequest {
  readonly #storage: Storage
  readonly #presented: PresentedCredential | undefined
  #credential: Promise<CredentialRow | undefined> | undefined
  readonly #rows: ArtifactRow[] = []
  #redemption: Redemption | undefined
  #newRefreshToken: string | undefined
  #undelivered: UndeliveredRefresh | undefined
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
    // Whoever asks for it gets the error; the client was asked for first, and failed.
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

  /** Writes everything in one statement. Call once, when the engine has accepted the request. */
  async commit(): Promise<CommitOutcome> {
    const redemption = this.#redemption
    if (redemption === undefined && this.#rows.length === 0) return { kind: 'committed' }
    if (redemption?.successor !== undefined) return this.#answerWith(redemption.value, redemption.successor)
    const sealed =
      redemption === undefined || this.#newRefreshToken === undefined || redemption.model !== 'RefreshToken'
        ? null
        : createHolderBox(redemption.value).seal(this.#newRefreshToken, successorPurpose)
    const redeemed = await this.#write(redemption, sealed, this.#rows)
    if (redeemed === undefined) return { kind: 'lost' }
    if (redemption === undefined || redeemed) return { kind: 'committed' }
    return this.#afterAnother(redemption)
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
    const sendAgain = async (error: unknown) => {
      // Only what redeems can be sent twice, and only what was issued tells whether the first time was it.
      if (redemption === undefined || only === undefined || !isUnanswered(error)) throw error
      return settle(async () => (await send()) || this.#isIssued(only)).catch((failure: unknown) => {
        if (sealedSuccessor !== null) this.#undelivered = { idHash: redemption.idHash, successor: sealedSuccessor }
        throw failure
      })
    }
    try {
      return await send().catch(sendAgain)
    } catch (error) {
      if (isGrantGone(error)) return undefined
      throw error
    }
  }

  /** Set when `commit` failed and nobody knows whether it was carried out. */
  get undelivered(): UndeliveredRefresh | undefined {
    return this.#undelivered
  }

  /** Whose grant the credential is of, and for which client. */
  get parties(): { readonly accountId?: string; readonly clientId?: string } {
    const { holder } = this.#grant ?? {}
    const clientId = this.#rows[0]?.client_id ?? undefined
    return { ...(holder && { accountId: holder.accountId }), ...(clientId !== undefined && { clientId }) }
  }

  async #isIssued({ model, id_hash: idHash }: ArtifactRow): Promise<boolean> {
    return (await this.#readReplaced(model, idHash)) !== undefined
  }

  async #readReplaced(model: string, idHash: string): Promise<ReplacedRow | undefined> {
    return (await this.#storage.database.sql.query<ReplacedRow>(readReplaced, [model, idHash])).rows[0]
  }

  /** Someone else redeemed the credential between our look at it and now. */
  async #afterAnother({ model, idHash, value }: Redemption): Promise<CommitOutcome> {
    const row = await this.#readReplaced(model, idHash)
    if (row === undefined || row.grant_id === null) return { kind: 'lost' }
    const successor = successorForRetry(this.#storage, row)
    if (successor !== undefined) return this.#answerWith(value, successor)
    return { kind: 'replayed', grantId: row.grant_id }
  }

  async #answerWith(value: string, sealedSuccessor: string): Promise<CommitOutcome> {
    const refreshToken = await this.#newestAfter(value, sealedSuccessor)
    if (refreshToken === undefined) return { kind: 'lost' }
    // The access token in this answer is its own, and an opaque one has to be known.
    const others = this.#rows.filter(({ model }) => model !== 'RefreshToken')
    if (others.length > 0 && (await this.#write(undefined, null, others)) === undefined) return { kind: 'lost' }
    return { kind: 'successor', refreshToken }
  }

  /**
   * The end of the chain that starts with `value`; `undefined` when the family is gone. The successor itself may have been replaced
   * by another caller: handing it out would look like theft when it is used, after the grace.
   */
  async #newestAfter(value: string, sealedSuccessor: string): Promise<string | undefined> {
    let newest = createHolderBox(value).open(sealedSuccessor, successorPurpose)
    for (let followed = 0; followed < maxFollowed; followed += 1) {
      const row = await this.#readReplaced('RefreshToken', hashSecret(newest))
      if (row === undefined) return undefined
      if (row.consumed_at === null) return newest
      if (row.successor === null) return undefined
      newest = createHolderBox(newest).open(row.successor, successorPurpose)
    }
    return newest
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
