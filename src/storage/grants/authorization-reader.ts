/**
 * What an authorization request of a browser with a session reads: session, account and client in one statement. What it writes, the
 * sign-in in progress and the session, is one commit.
 */

import { hashSecret } from '../../base/secrets.js'
import type { ColumnsOf } from '../../database/sql.js'
import { orNull, text } from '../../database/table.js'
import type { Payload } from '../adapter-types.js'
import { expiryLimit } from '../engine-model.js'
import type { Storage } from '../storage.js'
import { clients, sessions } from '../tables.js'
import type { Reader, UnitOfWork } from '../unit-of-work.js'
import {
  type ClientRow,
  type GrantHolder,
  holderColumns,
  holderOf,
  type JoinedGrant,
  joinedHolderColumns,
} from './credential.js'

/** Everything may be missing. */
interface JoinedRow extends Omit<JoinedGrant, 'grant_id' | 'grant_payload'> {
  readonly session_payload: Payload | null
  readonly client_version: string | null
  readonly client_payload: Payload | null
  readonly sealed_secret: string | null
  readonly origin: string | null
}

const joinedColumns: ColumnsOf<JoinedRow> = {
  session_payload: orNull(sessions.columns.payload),
  ...joinedHolderColumns,
  client_version: orNull(text),
  client_payload: orNull(clients.columns.payload),
  ...{ sealed_secret: clients.columns.sealed_secret, origin: orNull(clients.columns.origin) },
}

const find = sessions.read(
  'authorization_find',
  joinedColumns,
  `SELECT s.payload AS session_payload, ${holderColumns('p')}, c.xmin::text AS client_version,
      c.payload AS client_payload, c.sealed_secret, c.origin
    FROM (VALUES (1)) AS always
    LEFT JOIN sessions s ON s.id_hash = $1 AND s.expires_at > $2::timestamptz
    LEFT JOIN accounts p ON p.id = s.account_id
    LEFT JOIN clients c ON c.id = $3::text`,
)

export class AuthorizationReader implements Reader {
  readonly #storage: Storage
  readonly #clientId: string | undefined
  #row: JoinedRow | undefined
  #interaction: string | undefined

  /** `clientId`: of a registered client. Absent: the client is looked up first elsewhere, for as long as that takes. */
  constructor(storage: Storage, clientId: string | undefined) {
    this.#storage = storage
    this.#clientId = clientId
  }

  collects(model: string): boolean {
    return model === 'Interaction' || model === 'Session'
  }

  /** False for a second sign-in of one request: the commit depends on one row. */
  begins(interaction: string): boolean {
    this.#interaction ??= interaction
    return this.#interaction === interaction
  }

  /** The engine asks for it first, if the browser has a session. */
  async sessionOfCookie(sessionCookie: string): Promise<{ readonly payload: Payload | undefined }> {
    const values = [hashSecret(sessionCookie), expiryLimit(this.#storage), this.#clientId ?? null]
    this.#row = (await this.#storage.database.sql.query(find, values)).rows[0]
    return { payload: this.#row?.session_payload ?? undefined }
  }

  async client(id: string): Promise<ClientRow | undefined> {
    const { client_version: version, client_payload: payload, sealed_secret, origin } = this.#row ?? {}
    if (this.#clientId !== id || version == null || payload == null) return undefined
    return { version, payload, sealed_secret: sealed_secret ?? null, origin: origin ?? 'dynamic' }
  }

  /** Whose session it is. `undefined` while a client's host may have been waited for: the account may have been disabled meanwhile. */
  person(accountId: string): GrantHolder | undefined {
    const row = this.#row
    if (this.#clientId === undefined || row?.account_id !== accountId) return undefined
    return holderOf(row)
  }
}

/** The reader of a unit that is an authorization request. */
export function authorizationOf(unit: UnitOfWork | undefined): AuthorizationReader | undefined {
  return unit?.reader instanceof AuthorizationReader ? unit.reader : undefined
}
