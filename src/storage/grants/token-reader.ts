/**
 * What a token request or an introspection reads: client, credential, grant and account in one statement, from which the engine's look-ups
 * are answered.
 */
import type { Write } from '../../database/writes.js'
import type { Payload } from '../adapter-types.js'
import type { Storage } from '../storage.js'
import type { Decision, FoundArtifact, Reader } from '../unit-of-work.js'
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
import { Redemption, type RefreshRetry } from './redemption.js'
import { isSuccessorUnused, judgeRow } from './refresh-successor.js'

/** The grant and the client of a credential. */
export interface GrantParties {
  readonly accountId?: string
  readonly clientId?: string
}

export interface TokenReaderOptions {
  /** The credential in the request as it came, which nobody has looked at yet. */
  readonly presented?: PresentedCredential | undefined
  /** What is written when an unused successor is handed out again after the grace. */
  readonly reissueEvent?: (parties: GrantParties) => Write
}

/** What the engine saves at the token endpoint. One-time identifiers and device codes do not wait for it to accept the request. */
const issuedModels: ReadonlySet<string> = new Set(['AccessToken', 'ClientCredentials', 'RefreshToken'])

export class TokenReader implements Reader {
  readonly #storage: Storage
  readonly #options: TokenReaderOptions
  #credential: Promise<CredentialRow | undefined> | undefined
  #grant: { id: string; payload: Payload | undefined; holder: GrantHolder } | undefined
  #retried: { value: string; retry: RefreshRetry } | undefined

  constructor(storage: Storage, options: TokenReaderOptions = {}) {
    this.#storage = storage
    this.#options = options
  }

  /** A grant is made here only for a decision that came first, an identity assertion. */
  collects(model: string, isDecided: boolean): boolean {
    return issuedModels.has(model) || (model === 'Grant' && isDecided)
  }

  /** The client, read together with the credential that is about to be asked for. */
  async client(id: string, knownVersion: string | undefined): Promise<ClientRow | undefined> {
    const { presented } = this.#options
    if (presented === undefined || this.#credential !== undefined) return undefined
    const together = readCredentialWithClient(this.#storage, presented, id, knownVersion)
    this.#credential = together.then(({ credential }) => credential)
    // The caller gets the error when it asks for this; the client look-up failed first.
    this.#credential.catch(() => undefined)
    return (await together).client
  }

  /** A refresh token whose second use is a retry is answered as one that was not used: the commit knows. */
  async artifact(model: string, value: string): Promise<{ readonly artifact: FoundArtifact | undefined } | undefined> {
    if (!this.#covers(model)) return undefined
    const row = await this.#readCredential(model, value)
    const retry = row === undefined || !this.#redeems ? undefined : await this.#retryOf(row, value)
    if (row === undefined || retry === undefined) return { artifact: row }
    this.#retried = { value, retry }
    return { artifact: { payload: row.payload, consumed_at: null } }
  }

  redemption(model: string, value: string): Decision {
    const retry = this.#retried?.value === value ? this.#retried.retry : undefined
    const { reissueEvent } = this.#options
    const accountId = this.#grant?.holder.accountId
    return new Redemption(this.#storage, {
      model,
      value,
      retry,
      reissueEvent:
        reissueEvent &&
        ((clientId) =>
          reissueEvent({ ...(accountId !== undefined && { accountId }), ...(clientId !== undefined && { clientId }) })),
    })
  }

  takeGrantPayload(id: string): Payload | undefined {
    const grant = this.#grant
    if (grant?.id !== id) return undefined
    const { payload } = grant
    grant.payload = undefined
    return payload
  }

  person(accountId: string): GrantHolder | undefined {
    return this.#grant?.holder.accountId === accountId ? this.#grant.holder : undefined
  }

  #covers(model: string): model is CredentialModel {
    return this.#redeems ? isRedeemed(model) : isAskedAbout(model)
  }

  /** Whether credentials are used up in this request, or only looked at. */
  get #redeems(): boolean {
    return this.#options.presented?.model !== 'any token'
  }

  /** The credential's row; its grant and account are remembered for when the engine asks for them. */
  async #readCredential(model: CredentialModel, value: string): Promise<CredentialRow | undefined> {
    const { presented } = this.#options
    const asked = { model: isRedeemed(model) && this.#redeems ? model : ('any token' as const), value }
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

  async #retryOf(row: CredentialRow, value: string): Promise<RefreshRetry | undefined> {
    const { successor } = row
    const use = judgeRow(this.#storage, row)
    if (successor === null || use === 'current' || use === 'reuse') return undefined
    const isLate = use === 'late retry'
    const isAnswered = !isLate || (await isSuccessorUnused(this.#storage.database.sql, value, successor))
    return isAnswered ? { successor, isLate } : undefined
  }
}
