/**
 * What a request of a sign-in in progress reads. What the engine and the pages ask for one after the other (interaction, client, session,
 * account, grant, what was allowed before) is one statement.
 */

import { hashSecret } from '../../base/secrets.js'
import type { ColumnsOf } from '../../database/sql.js'
import { jsonList, orNull, text } from '../../database/table.js'
import type { ConditionText } from '../../database/writes.js'
import type { Payload } from '../adapter-types.js'
import { expiryLimit } from '../engine-model.js'
import type { Storage } from '../storage.js'
import { accounts, authenticatorApps, clients, ephemeralArtifacts, sessions } from '../tables.js'
import type { Reader, UnitOfWork } from '../unit-of-work.js'
import type { StoredConsent } from './consents.js'
import {
  type ClientRow,
  type GrantHolder,
  holderColumns,
  holderOf,
  type JoinedGrant,
  joinedGrantColumns,
} from './credential.js'

export interface InteractionRow {
  readonly payload: Payload
  readonly consumed_at: Date | string | null
}

/** The account that somebody claims to be, and the hash that their password is checked against. */
export interface Claimant {
  readonly id: string
  /** `undefined`: the account has no password. */
  readonly passwordHash: string | undefined
  readonly disabledAt: Date | undefined
  /** When the password was set, the account was disabled or enabled, or all access was ended: the last of these. */
  readonly changedAt: Date
  /** The authenticator app that is asked for behind the password. `undefined`: none is set up. */
  readonly app?: StoredApp | undefined
}

/** An authenticator app that was set up. */
export interface StoredApp {
  readonly sealedSecret: string
  /** The time step of the last code that was taken. */
  readonly lastStep: number
}

/** What a sign-in is saved on. */
export interface SignInCondition {
  /** With the interaction's row. The account is `$4`. */
  readonly inInteraction: ConditionText
  /** Without one. The account is `$1`, the evidence follows. */
  readonly alone: ConditionText
}

/** The account that somebody has just proven to be theirs, and whether the proof still holds when the sign-in is saved. */
export interface SignInProof {
  readonly accountId: string
  /** Made by `declareSignIn`. */
  readonly condition: SignInCondition
  /** In the order in which `declareSignIn` was given it. */
  readonly evidence: readonly unknown[]
  /** The hash of the account's password, as the sign-in leaves it. Absent: as it was. */
  readonly passwordHash?: string
}

/** Of an interaction's result: the account whose password was proven, while its second factor is not. Nobody is signed in by it. */
export const firstFactorMember = 'firstFactor'

/** Everything that is joined may be missing. */
interface JoinedRow extends InteractionRow, JoinedGrant {
  readonly client_id: string | null
  readonly client_version: string | null
  readonly client_payload: Payload | null
  readonly sealed_secret: string | null
  readonly origin: string | null
  readonly session_payload: Payload | null
  readonly browser_session_payload: Payload | null
  readonly account_language: string | null
  readonly consents: readonly StoredConsent[] | null
  readonly claimant_id: string | null
  readonly password_hash: string | null
  readonly claimant_disabled_at: Date | string | null
  readonly claimant_changed_at: Date | string | null
  readonly app_secret: string | null
  readonly app_step: string | null
}

const joinedColumns: ColumnsOf<JoinedRow> = {
  ...ephemeralArtifacts.pick('payload', 'consumed_at'),
  client_id: orNull(clients.columns.id),
  client_version: orNull(text),
  client_payload: orNull(clients.columns.payload),
  ...{ sealed_secret: clients.columns.sealed_secret, origin: orNull(clients.columns.origin) },
  session_payload: orNull(sessions.columns.payload),
  browser_session_payload: orNull(sessions.columns.payload),
  ...joinedGrantColumns,
  account_language: accounts.columns.language,
  consents: orNull(jsonList<StoredConsent>()),
  claimant_id: orNull(accounts.columns.id),
  password_hash: accounts.columns.password_hash,
  claimant_disabled_at: accounts.columns.disabled_at,
  claimant_changed_at: orNull(accounts.columns.updated_at),
  app_secret: orNull(authenticatorApps.columns.sealed_secret),
  app_step: orNull(authenticatorApps.columns.last_step),
}

const find = ephemeralArtifacts.read(
  'interaction_find',
  joinedColumns,
  `SELECT i.payload, i.consumed_at, c.id AS client_id, c.xmin::text AS client_version, c.payload AS client_payload,
      c.sealed_secret, c.origin, s.payload AS session_payload, b.payload AS browser_session_payload, g.id AS grant_id, g.payload AS grant_payload,
      ${holderColumns('p')}, p.language AS account_language,
      (SELECT json_agg(json_build_object('resource', r.resource, 'scopes', r.scopes, 'fingerprint', r.fingerprint))
        FROM consents r WHERE r.account_id = p.id AND r.client_id = i.payload->'params'->>'client_id') AS consents,
      t.id AS claimant_id, t.password_hash, t.disabled_at AS claimant_disabled_at, t.updated_at AS claimant_changed_at,
      f.sealed_secret AS app_secret, f.last_step AS app_step
    FROM ephemeral_artifacts i
    LEFT JOIN clients c ON c.id = i.payload->'params'->>'client_id'
    LEFT JOIN sessions s ON s.uid = i.payload->'session'->>'uid' AND s.expires_at > $2::timestamptz AND s.id_hash <> 'ended:' || s.uid
    LEFT JOIN sessions b ON b.id_hash = $4::text AND b.expires_at > $2::timestamptz
    LEFT JOIN grants g ON g.id = i.payload->'result'->'consent'->>'grantId' AND g.expires_at > $2::timestamptz
    LEFT JOIN accounts p ON p.id = COALESCE(i.payload->'result'->'login'->>'accountId', i.payload->'session'->>'accountId')
    LEFT JOIN accounts t ON t.id = CASE WHEN $3::text IS NULL THEN i.payload->'result'->'${firstFactorMember}'->>'accountId'
      ELSE (SELECT id FROM accounts WHERE email = $3::text) END
    LEFT JOIN authenticator_apps f ON f.account_id = t.id AND f.confirmed_at IS NOT NULL
    WHERE i.model = 'Interaction' AND i.id_hash = $1 AND i.expires_at > $2::timestamptz`,
)

/** Records that are read together with the interaction. */
interface AlsoFound {
  /** Email address of the account that somebody claims, as stored. */
  readonly email?: string | undefined
  /** Verified value of the session cookie. */
  readonly sessionCookie?: string | undefined
}

export class InteractionReader implements Reader {
  readonly #storage: Storage
  readonly #expected: string | undefined
  #also: AlsoFound = {}
  #isReadAhead = false
  #idHash: string | undefined
  #row: JoinedRow | undefined
  #grantPayload: Payload | undefined
  /** What the interaction is saved for: nothing is written when the proof no longer holds, or the account is disabled. */
  proven: SignInProof | undefined

  /** `uid`: of the interaction that the address names. The cookie decides which one it is. */
  constructor(storage: Storage, uid?: string) {
    this.#storage = storage
    this.#expected = uid === undefined ? undefined : hashSecret(uid)
  }

  /**
   * A grant is written with the interaction that it was made in, a session with a proven sign-in or the interaction's end, and a code with
   * that end.
   */
  collects(model: string, isDecided: boolean): boolean {
    switch (model) {
      case 'Grant':
        return true
      case 'Session':
        return isDecided || this.proven !== undefined
      default:
        return isDecided && model === 'AuthorizationCode'
    }
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
    const row = (await this.#storage.database.sql.query(find, values)).rows[0]
    this.#idHash = idHash
    this.#row = row
    this.#grantPayload = row?.grant_payload ?? undefined
    return row
  }

  /** Whether this is the interaction that was read. */
  isAbout(idHash: string): boolean {
    return this.#row !== undefined && this.#idHash === idHash
  }

  /** The client that the interaction is for. `undefined` when another is asked for, or there is none. */
  async client(id: string): Promise<ClientRow | undefined> {
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

  /** The session with this cookie. The engine asks for it before it asks for the interaction: both are read at once. */
  async sessionOfCookie(sessionCookie: string): Promise<{ readonly payload: Payload | undefined } | undefined> {
    if (this.#expected === undefined || this.#row !== undefined) return undefined
    this.alsoFind({ sessionCookie })
    this.#isReadAhead = (await this.read(this.#expected)) !== undefined
    return this.#isReadAhead ? { payload: this.browserSession } : undefined
  }

  /** The person who signed in, or whose session it is. `undefined`: the caller must look. */
  person(accountId: string): GrantHolder | undefined {
    const row = this.#row
    return row?.account_id === accountId ? holderOf(row) : undefined
  }

  /** The language that this person chose for the pages. */
  languageOf(accountId: string): string | undefined {
    return this.#row?.account_id === accountId ? (this.#row.account_language ?? undefined) : undefined
  }

  /** What that person allowed the client before, for any resource. */
  get consents(): readonly StoredConsent[] {
    return this.#row?.consents ?? []
  }

  /** The account of the email that was typed; without one, that of the first factor (`firstFactorMember`). */
  get claimant(): Claimant | undefined {
    const { claimant_id: id, password_hash: passwordHash, claimant_disabled_at: disabledAt } = this.#row ?? {}
    const changedAt = this.#row?.claimant_changed_at
    if (id == null || changedAt == null) return undefined
    return {
      id,
      passwordHash: passwordHash ?? undefined,
      disabledAt: disabledAt == null ? undefined : new Date(disabledAt),
      changedAt: new Date(changedAt),
      app: this.#app,
    }
  }

  get #app(): StoredApp | undefined {
    const { app_secret: sealedSecret, app_step: lastStep } = this.#row ?? {}
    if (sealedSecret == null) return undefined
    return { sealedSecret, lastStep: Number(lastStep ?? 0) }
  }

  /** The payload of the grant that was made for this interaction, once: the engine changes what it gets. */
  takeGrantPayload(id: string): Payload | undefined {
    if (this.#row?.grant_id !== id) return undefined
    const payload = this.#grantPayload
    this.#grantPayload = undefined
    return payload
  }

  /** True when the engine is about to answer this interaction with a code: its end can wait for that. */
  isAnsweredWithCode(idHash: string): boolean {
    const { result, deviceCode, parJti } = this.#row?.payload ?? {}
    if (!this.isAbout(idHash) || deviceCode !== undefined || parJti !== undefined) return false
    return result?.consent?.grantId !== undefined && result['error'] === undefined
  }
}

/** The reader of a unit that is a request of a sign-in in progress. */
export function interactionOf(unit: UnitOfWork | undefined): InteractionReader | undefined {
  return unit?.reader instanceof InteractionReader ? unit.reader : undefined
}
