/** Durable artifacts: codes, refresh tokens, opaque access tokens, device codes, registration access tokens, replay records. */

import { hashSecret } from '../../base/secrets.js'
import { type Adapter, AdapterRefusal, type Payload } from '../adapter-types.js'
import { registrationTokenModel } from '../clients/client-hygiene.js'
import {
  clockToleranceSeconds,
  deviceCodePurpose,
  expiryLimit,
  expiryOf,
  openSealed,
  unsupported,
} from '../engine-model.js'
import type { Storage } from '../storage.js'
import { artifacts, grants } from '../tables.js'
import { currentUnit, type FoundArtifact } from '../unit-of-work.js'
import { type ArtifactRow, insertArtifact, isGrantGone } from './artifact-writes.js'

const upsert = artifacts.write(
  'artifact_upsert',
  `${insertArtifact.sql}
    ON CONFLICT (model, id_hash) DO UPDATE SET grant_id = excluded.grant_id, payload = excluded.payload, expires_at = excluded.expires_at`,
)

const insert = artifacts.write('artifact_insert', `${insertArtifact.sql} ON CONFLICT (model, id_hash) DO NOTHING`)

/** Approved or denied once, a device code stays so: of decisions made at the same moment the first one counts. */
const upsertDeviceCode = artifacts.write(
  'device_code_upsert',
  `${upsert.text} WHERE artifacts.consumed_at IS NULL AND NOT artifacts.payload ?| array['accountId', 'error']`,
)

/** Expired device codes are still found for this long, so that device and person get `expired_token` (RFC 8628 §3.5). */
export const expiredDeviceCodeSeconds = 240

const find = artifacts.read(
  'artifact_find',
  artifacts.pick('payload', 'consumed_at'),
  `SELECT payload, consumed_at FROM artifacts
    WHERE model = $1 AND id_hash = $2 AND (expires_at IS NULL OR expires_at > $3::timestamptz)`,
)

const findByUserCode = artifacts.read(
  'artifact_find_by_user_code',
  artifacts.pick('id_hash', 'payload', 'consumed_at'),
  `SELECT id_hash, payload, consumed_at FROM artifacts
    WHERE model = $1 AND user_code = $2 AND (expires_at IS NULL OR expires_at > $3::timestamptz)`,
)

const consume = artifacts.write(
  'artifact_consume',
  'UPDATE artifacts SET consumed_at = $3::timestamptz WHERE model = $1 AND id_hash = $2 AND consumed_at IS NULL',
)

const destroy = artifacts.write('artifact_destroy', 'DELETE FROM artifacts WHERE model = $1 AND id_hash = $2')

/**
 * A refresh token or an opaque access token is destroyed when its family ends, and goes with the grant. The engine ends the rest in
 * further steps. After a crash between them, a repeated revocation would find no token and report success
 * (RFC 7009 §2.2).
 */
const endFamilyOf = grants.write(
  'family_end',
  'DELETE FROM grants WHERE id = (SELECT grant_id FROM artifacts WHERE model = $1 AND id_hash = $2)',
)

/** Access tokens that clients have of their own are of another model, and of no family. */
const familyModels: ReadonlySet<string> = new Set(['RefreshToken', 'AccessToken'])

const revokeByGrant = artifacts.write(
  'artifact_revoke_by_grant',
  'DELETE FROM artifacts WHERE model = $1 AND grant_id = $2',
)

function epochSecondsOf(value: Date | string): number {
  return Math.floor(new Date(value).getTime() / 1000)
}

/**
 * Device codes are looked up by user code and saved again, so their own value must be known to the row: it is kept sealed. Every
 * other model's value comes back from the caller. `inFlight` is not kept: it would use up a code whose entry was not finished,
 * and of several decisions the first one counts anyway.
 */
function storedPayload(storage: Storage, model: string, payload: Payload): Payload {
  const { jti: value, ...rest } = payload
  if (model !== 'DeviceCode' || value === undefined) return rest
  const { inFlight: _entered, ...lasting } = rest
  return { ...lasting, sealedValue: storage.secretBox.seal(value, deviceCodePurpose) }
}

/** A device code's own value, for a row that was found by its user code. */
function openedValue(storage: Storage, { sealedValue }: Payload): string {
  return openSealed(storage, String(sealedValue), deviceCodePurpose)
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
    payload: storedPayload(storage, model, payload),
    expires_at: expiryOf(storage, expiresIn),
  }
}

/** What the engine gets: the payload, the value that came back from the caller, and when it was used. */
function withConsumed(row: FoundArtifact | undefined, value?: string): Payload | undefined {
  if (row === undefined) return undefined
  const { sealedValue: _sealed, ...payload } = row.payload
  return {
    ...payload,
    ...(value === undefined ? {} : { jti: value }),
    ...(row.consumed_at === null ? {} : { consumed: epochSecondsOf(row.consumed_at) }),
  }
}

export function createArtifactAdapter(storage: Storage, model: string): Adapter {
  const { sql } = storage.database
  const isDeviceCode = model === 'DeviceCode'
  const limit = () => expiryLimit(storage, isDeviceCode ? expiredDeviceCodeSeconds : clockToleranceSeconds)

  return {
    upsert: async (id, payload, expiresIn) => {
      const row = rowOf(storage, model, id, payload, expiresIn)
      const unit = currentUnit()
      if (unit?.collects(model) === true) return unit.issue(row, id)
      const saved = await sql
        .query(isDeviceCode ? upsertDeviceCode : upsert, insertArtifact.values(row))
        .catch((error: unknown) => {
          throw isGrantGone(error) ? new AdapterRefusal('grant gone', 'the grant was revoked') : error
        })
      if (saved.rowCount === 0) {
        throw new AdapterRefusal('device code answered', 'the device code was approved or denied already')
      }
    },

    find: async (id) => {
      const joined = await currentUnit()?.reader.artifact?.(model, id)
      if (joined !== undefined) return withConsumed(joined.artifact, id)
      return withConsumed((await sql.query(find, [model, hashSecret(id), limit()])).rows[0], id)
    },

    findByUserCode: async (userCode) => {
      const { rows } = await sql.query(findByUserCode, [model, userCode, limit()])
      return rows[0] === undefined ? undefined : withConsumed(rows[0], openedValue(storage, rows[0].payload))
    },

    consume: async (id) => {
      const unit = currentUnit()
      const redemption = unit?.reader.redemption?.(model, id)
      if (redemption !== undefined) return unit?.decide(redemption)
      const { rowCount } = await sql.query(consume, [model, hashSecret(id), storage.clock.now().toISOString()])
      if (rowCount === 0) throw new AdapterRefusal('used', `${model} was already used`)
    },

    destroy: async (id) => {
      // The decision takes it along.
      if (model === registrationTokenModel && currentUnit()?.collects(model) === true) return
      const values = [model, hashSecret(id)]
      if (familyModels.has(model) && (await sql.query(endFamilyOf, values)).rowCount === 1) return
      await sql.query(destroy, values)
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
  const row = { model: 'ReplayDetection', id_hash: hashSecret(identifier), payload: {}, expires_at: expiresAt }
  const values = insertArtifact.values({ ...row, grant_id: null, client_id: null, user_code: null })
  const { rowCount } = await storage.database.sql.query(insert, values)
  return rowCount === 1
}

const forget = artifacts.write(
  'uses_forget',
  `DELETE FROM artifacts WHERE model = 'ReplayDetection' AND id_hash = ANY($1::text[])`,
)

/** Takes back what `rememberOnce` was the first to remember, for a request that had no effect. */
export async function forgetUses({ database }: Storage, identifiers: readonly string[]): Promise<void> {
  await database.sql.query(forget, [identifiers.map(hashSecret)])
}
