/** Durable artifacts: codes, refresh tokens, opaque access tokens, device codes, registration access tokens, replay records. */
import { type Adapter, errors } from 'oidc-provider'
import type { Statement } from '../platform/database.js'
import { hashSecret } from '../platform/secrets.js'
import { expiryLimit, expiryOf, type Payload, unsupported } from './engine-model.js'
import type { Storage } from './storage.js'
import { type ArtifactRow, currentTokenRequest, isGrantGone } from './token-request.js'

interface FoundRow {
  payload: Payload
  consumed_at: Date | string | null
  has_successor: boolean
  grant_id: string | null
  grant_payload: Payload | null
  account_id: string | null
  email: string | null
  name: string | null
  disabled_at: Date | string | null
}

const upsert: Statement = {
  name: 'artifact_upsert',
  text: `INSERT INTO artifacts (model, id_hash, grant_id, client_id, user_code, payload, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::timestamptz)
    ON CONFLICT (model, id_hash) DO UPDATE SET grant_id = excluded.grant_id, payload = excluded.payload, expires_at = excluded.expires_at`,
}

const insert: Statement = {
  name: 'artifact_insert',
  text: `INSERT INTO artifacts (model, id_hash, grant_id, client_id, user_code, payload, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::timestamptz) ON CONFLICT (model, id_hash) DO NOTHING`,
}

const find: Statement = {
  name: 'artifact_find',
  text: `SELECT payload, consumed_at, successor IS NOT NULL AS has_successor FROM artifacts
    WHERE model = $1 AND id_hash = $2 AND (expires_at IS NULL OR expires_at > $3::timestamptz)`,
}

const findWithGrant: Statement = {
  name: 'artifact_find_with_grant',
  text: `SELECT a.payload, a.consumed_at, a.successor IS NOT NULL AS has_successor, g.id AS grant_id, g.payload AS grant_payload,
      p.id AS account_id, p.email, p.name, p.disabled_at
    FROM artifacts a LEFT JOIN grants g ON g.id = a.grant_id AND g.expires_at > $3::timestamptz LEFT JOIN accounts p ON p.id = g.account_id
    WHERE a.model = $1 AND a.id_hash = $2 AND (a.expires_at IS NULL OR a.expires_at > $3::timestamptz)`,
}

const findByUserCode: Statement = {
  name: 'artifact_find_by_user_code',
  text: `SELECT id_hash, payload, consumed_at FROM artifacts
    WHERE model = $1 AND user_code = $2 AND (expires_at IS NULL OR expires_at > $3::timestamptz)`,
}

const consume: Statement = {
  name: 'artifact_consume',
  text: 'UPDATE artifacts SET consumed_at = $3::timestamptz WHERE model = $1 AND id_hash = $2 AND consumed_at IS NULL',
}

const destroy: Statement = {
  name: 'artifact_destroy',
  text: 'DELETE FROM artifacts WHERE model = $1 AND id_hash = $2',
}

const revokeByGrant: Statement = {
  name: 'artifact_revoke_by_grant',
  text: 'DELETE FROM artifacts WHERE model = $1 AND grant_id = $2',
}

/** Models that are redeemed at the token endpoint together with their grant. */
const joinedWithGrant: ReadonlySet<string> = new Set(['AuthorizationCode', 'RefreshToken'])

function epochSecondsOf(value: Date | string): number {
  return Math.floor(new Date(value).getTime() / 1000)
}

/**
 * Device codes are looked up by user code and saved again, so their own value must be known to the row: it is kept in the
 * payload. Every other model's value comes back from the caller.
 */
function storedPayload(model: string, payload: Payload): Payload {
  if (model === 'DeviceCode') return payload
  const { jti: _value, ...rest } = payload
  return rest
}

function rowOf(
  storage: Storage,
  model: string,
  id: string,
  payload: Payload,
  expiresIn: number | undefined,
): ArtifactRow {
  return {
    model,
    id_hash: hashSecret(id),
    grant_id: payload.grantId ?? null,
    client_id: payload.clientId ?? null,
    user_code: payload.userCode ?? null,
    payload: storedPayload(model, payload),
    expires_at: expiryOf(storage, expiresIn),
  }
}

function valuesOf(row: ArtifactRow): unknown[] {
  return [
    row.model,
    row.id_hash,
    row.grant_id,
    row.client_id,
    row.user_code,
    JSON.stringify(row.payload),
    row.expires_at,
  ]
}

/** True when the row was replaced so recently that a repeated refresh is an honest retry, not a theft. */
function withinGrace(storage: Storage, row: FoundRow): boolean {
  if (row.consumed_at === null || !row.has_successor) return false
  return storage.clock.now().getTime() - new Date(row.consumed_at).getTime() < storage.refreshGraceSeconds * 1000
}

export function createArtifactAdapter(storage: Storage, model: string): Adapter {
  const { sql } = storage.database
  /** Values found replaced within the grace period, to be answered with their successor. */
  const repeated = new WeakMap<object, string>()

  return {
    upsert: async (id, payload, expiresIn) => {
      const row = rowOf(storage, model, id, payload, expiresIn)
      const request = currentTokenRequest()
      if (request !== undefined && model !== 'ReplayDetection' && model !== 'DeviceCode') return request.issue(row, id)
      await sql.query(upsert, valuesOf(row)).catch((error: unknown) => {
        throw isGrantGone(error) ? new errors.InvalidGrant('the grant was revoked') : error
      })
    },

    find: async (id) => {
      const request = currentTokenRequest()
      const joined = request !== undefined && joinedWithGrant.has(model)
      const { rows } = await sql.query<FoundRow>(joined ? findWithGrant : find, [
        model,
        hashSecret(id),
        expiryLimit(storage),
      ])
      const row = rows[0]
      if (row === undefined) return undefined
      if (joined && row.grant_id !== null && row.grant_payload !== null && row.account_id !== null) {
        request.rememberGrant(row.grant_id, row.grant_payload, {
          accountId: row.account_id,
          email: row.email ?? '',
          name: row.name,
          disabled: row.disabled_at !== null,
        })
      }
      const payload: Payload = { ...row.payload, jti: id }
      if (joined && withinGrace(storage, row)) repeated.set(request, id)
      else if (row.consumed_at !== null) payload.consumed = epochSecondsOf(row.consumed_at)
      return payload
    },

    findByUserCode: async (userCode) => {
      const { rows } = await sql.query<FoundRow>(findByUserCode, [model, userCode, expiryLimit(storage)])
      const row = rows[0]
      if (row === undefined) return undefined
      return row.consumed_at === null ? row.payload : { ...row.payload, consumed: epochSecondsOf(row.consumed_at) }
    },

    consume: async (id) => {
      const request = currentTokenRequest()
      const idHash = hashSecret(id)
      if (request !== undefined) {
        request.redeem({ model, idHash, value: id, repeated: repeated.get(request) === id })
        return
      }
      const { rowCount } = await sql.query(consume, [model, idHash, storage.clock.now().toISOString()])
      if (rowCount === 0) throw new errors.InvalidGrant(`${model} was already used`)
    },

    destroy: async (id) => {
      await sql.query(destroy, [model, hashSecret(id)])
    },

    revokeByGrantId: async (grantId) => {
      await sql.query(revokeByGrant, [model, grantId])
    },

    findByUid: unsupported(model, 'uid'),
  }
}

/**
 * Remembers a one-time identifier (DPoP proof, client assertion) until `expiresAt`; false when it was seen before. One atomic
 * insert, so that of racing uses one is first (RFC 9449 §11.1, RFC 7523 §3).
 */
export async function rememberOnce(storage: Storage, identifier: string, expiresAt: Date): Promise<boolean> {
  const values = ['ReplayDetection', hashSecret(identifier), null, null, null, '{}', expiresAt.toISOString()]
  const { rowCount } = await storage.database.sql.query(insert, values)
  return rowCount === 1
}
