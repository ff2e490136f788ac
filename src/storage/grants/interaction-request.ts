/**
 * One unit of work per request of a sign-in in progress. What the engine and the pages ask for one after the other (interaction,
 * client, session, account, grant, what was allowed before) is read in one statement; what they write is collected and carried out
 * together with the interaction's own row, which decides: a sign-in that is over, or that was ended with its account's access,
 * writes nothing.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { hashSecret } from '../../base/secrets.js'
import type { Statement } from '../../database/sql.js'
import { type Condition, type Write, writeTogether } from '../../database/writes.js'
import type { Payload } from '../adapter-types.js'
import { expiryLimit } from '../engine-model.js'
import type { Storage } from '../storage.js'
import { isGrantGone } from './artifact-writes.js'
import type { StoredConsent } from './consents.js'
import { type ClientRow, type GrantHolder, holderOf, type JoinedGrant } from './credential.js'

export interface InteractionRow {
  readonly payload: Payload
  readonly consumed_at: Date | string | null
}

/** The account and the hash that a password is checked against. */
export interface Claimant {
  readonly id: string
  readonly passwordHash: string
  readonly disabledAt: Date | undefined
}

/** The account whose password was just verified, and the hash it was verified against. */
export interface ProvenPassword {
  readonly accountId: string
  readonly passwordHash: string
}

/** Everything that is joined may be missing. */
interface JoinedRow extends InteractionRow, JoinedGrant {
  readonly client_id: string | null
  readonly client_version: string | null
  readonly client_payload: Payload | null
  readonly sealed_secret: string | null
  readonly origin: string | null
  readonly session_payload: Payload | null
  readonly browser_session_payload: Payload | null
  readonly consents: readonly StoredConsent[] | null
  readonly claimant_id: string | null
  readonly password_hash: string | null
  readonly claimant_disabled_at: Date | string | null
}

const find: Statement = {
  name: 'interaction_find',
  lane: 'read',
  text: `SELECT i.payload, i.consumed_at, c.id AS client_id, c.xmin::text AS client_version, c.payload AS client_payload,
      c.sealed_secret, c.origin, s.payload AS session_payload, b.payload AS browser_session_payload, g.id AS grant_id, g.payload AS grant_payload,
      p.id AS account_id, p.email, p.name, p.disabled_at,
      (SELECT json_agg(json_build_object('resource', r.resource, 'scopes', r.scopes, 'fingerprint', r.fingerprint))
        FROM consents r WHERE r.account_id = p.id AND r.client_id = i.payload->'params'->>'client_id') AS consents,
      t.id AS claimant_id, t.password_hash, t.disabled_at AS claimant_disabled_at
    FROM ephemeral_artifacts i
    LEFT JOIN clients c ON c.id = i.payload->'params'->>'client_id'
    LEFT JOIN sessions s ON s.uid = i.payload->'session'->>'uid' AND s.expires_at > $2::timestamptz AND s.id_hash <> 'ended:' || s.uid
    LEFT JOIN sessions b ON b.id_hash = $4::text AND b.expires_at > $2::timestamptz
    LEFT JOIN grants g ON g.id = i.payload->'result'->'consent'->>'grantId' AND g.expires_at > $2::timestamptz
    LEFT JOIN accounts p ON p.id = COALESCE(i.payload->'result'->'login'->>'accountId', i.payload->'session'->>'accountId')
    LEFT JOIN accounts t ON t.email = $3::text
    WHERE i.model = 'Interaction' AND i.id_hash = $1 AND i.expires_at > $2::timestamptz`,
}

/** Records that are read together with the interaction. */
interface AlsoFound {
  /** Email address of the account whose password will be checked, as stored. */
  readonly email?: string | undefined
  /** Verified value of the session cookie. */
  readonly sessionCookie?: string | undefined
}

export class InteractionRequest {
  readonly #storage: Storage
  readonly #expected: string | undefined
  #also: AlsoFound = {}
  #isReadAhead = false
  #idHash: string | undefined
  #row: JoinedRow | undefined
  #grantPayload: Payload | undefined
  #writes: Write[] = []
  #end: Condition | undefined
  /** What the interaction is saved for: nothing is written when this is no longer the account's password, or the account disabled. */
  proven: ProvenPassword | undefined

  /** `uid`: of the interaction that the address names. The cookie decides which one it is. */
  constructor(storage: Storage, uid?: string) {
    this.#storage = storage
    this.#expected = uid === undefined ? undefined : hashSecret(uid)
  }

  /** Call before anything is read. */
  alsoFind(also: AlsoFound): void {
    this.#also = also
  }

  /** The interaction's row; what belongs to it is remembered for when it is asked for. */
  async read(idHash: string): Promise<InteractionRow | undefined> {
    const isKnown = this.#isReadAhead && this.isAbout(idHash)
    this.#isReadAhead = false
    if (isKnown) return this.#row
    const { email, sessionCookie } = this.#also
    const session = sessionCookie === undefined ? null : hashSecret(sessionCookie)
    const values = [idHash, expiryLimit(this.#storage), email ?? null, session]
    const row = (await this.#storage.database.sql.query<JoinedRow>(find, values)).rows[0]
    this.#idHash = idHash
    this.#row = row
    this.#grantPayload = row?.grant_payload ?? undefined
    return row
  }

  /** Whether this is the interaction that was read. */
  isAbout(idHash: string): boolean {
    return this.#row !== undefined && this.#idHash === idHash
  }

  /** The client that the interaction is for. `undefined` when another is asked for, or there is none: the caller must look. */
  client(id: string): ClientRow | undefined {
    const { client_id, client_version: version, client_payload: payload, sealed_secret, origin } = this.#row ?? {}
    if (client_id !== id || version == null || payload == null) return undefined
    return { version, payload, sealed_secret: sealed_secret ?? null, origin: origin ?? 'dynamic' }
  }

  /** The browser session that the interaction began in. `undefined`: the caller must look. */
  session(uid: string): { readonly payload: Payload | undefined } | undefined {
    const row = this.#row
    return row?.payload.session?.uid === uid ? { payload: row.session_payload ?? undefined } : undefined
  }

  /** The live session whose cookie the browser sent, without the cookie's value. Known only if `alsoFind` named the cookie. */
  get browserSession(): Payload | undefined {
    return this.#row?.browser_session_payload ?? undefined
  }

  /**
   * The session with this cookie. The engine asks for it before it asks for the interaction: both are read at once. `undefined`: the
   * caller must look.
   */
  async readSession(sessionCookie: string): Promise<{ readonly payload: Payload | undefined } | undefined> {
    if (this.#expected === undefined || this.#row !== undefined) return undefined
    this.alsoFind({ sessionCookie })
    this.#isReadAhead = (await this.read(this.#expected)) !== undefined
    return this.#isReadAhead ? { payload: this.browserSession } : undefined
  }

  /** True if a session is written together with what the request decides: a proven sign-in, or the interaction's end. */
  get collectsSession(): boolean {
    return this.proven !== undefined || this.isEnding
  }

  /** The person who signed in, or whose session it is. `undefined`: the caller must look. */
  person(accountId: string): GrantHolder | undefined {
    const row = this.#row
    return row?.account_id === accountId ? holderOf(row) : undefined
  }

  /** What that person allowed the client before, for any resource. */
  get consents(): readonly StoredConsent[] {
    return this.#row?.consents ?? []
  }

  /** The account of the email that was typed. */
  get claimant(): Claimant | undefined {
    const { claimant_id: id, password_hash: passwordHash, claimant_disabled_at: disabledAt } = this.#row ?? {}
    if (id == null || passwordHash == null) return undefined
    return { id, passwordHash, disabledAt: disabledAt == null ? undefined : new Date(disabledAt) }
  }

  /** The payload of the grant that was made for this interaction, once: the engine changes what it gets. */
  takeGrantPayload(id: string): Payload | undefined {
    if (this.#row?.grant_id !== id) return undefined
    const payload = this.#grantPayload
    this.#grantPayload = undefined
    return payload
  }

  /** To be written with the interaction. */
  add(...writes: readonly Write[]): void {
    this.#writes.push(...writes)
  }

  /** Writes the interaction as `condition` says, and everything that was added. False when it is over: nothing was written. */
  save(condition: Condition): Promise<boolean> {
    return writeTogether(this.#storage.database.sql, this.#writes.splice(0), condition)
  }

  /** True when the engine is about to answer this interaction with a code: its end can wait for that. */
  isAnsweredWithCode(idHash: string): boolean {
    const { result, deviceCode, parJti } = this.#row?.payload ?? {}
    if (!this.isAbout(idHash) || deviceCode !== undefined || parJti !== undefined) return false
    return result?.consent?.grantId !== undefined && result['error'] === undefined
  }

  /** Ends the interaction with what is added from now on, when the request is committed. */
  end(condition: Condition): void {
    this.#end = condition
  }

  /** True from `end` on. */
  get isEnding(): boolean {
    return this.#end !== undefined
  }

  /** Writes what is left. Call when the request was answered, before the answer is sent. False when it must not be sent. */
  async commit(): Promise<boolean> {
    if (this.#end === undefined && this.#writes.length === 0) return true
    try {
      return await writeTogether(this.#storage.database.sql, this.#writes.splice(0), this.#end)
    } catch (error) {
      if (isGrantGone(error)) return false
      throw error
    }
  }
}

const current = new AsyncLocalStorage<InteractionRequest>()

/** Runs `work` as one request of a sign-in in progress. */
export function withinInteraction<T>(request: InteractionRequest, work: () => Promise<T>): Promise<T> {
  return current.run(request, work)
}

export function currentInteractionRequest(): InteractionRequest | undefined {
  return current.getStore()
}
