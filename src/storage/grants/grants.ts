/** Grants: what a person allowed a client in one authorization. Deleting one revokes everything issued under it. */

import { text } from '../../database/table.js'
import { writeTogether } from '../../database/writes.js'
import type { Adapter } from '../adapter-types.js'
import { expiryLimit, expiryOf, unsupported } from '../engine-model.js'
import type { Storage } from '../storage.js'
import { grants } from '../tables.js'
import { currentUnit } from '../unit-of-work.js'

const upsert = grants.part('grant', {
  granted: `INSERT INTO grants (id, account_id, client_id, payload, expires_at)
    SELECT $1::text, $2::text, $3::text, $4::jsonb, $5::timestamptz FROM {condition}
    ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`,
})

const find = grants.read(
  'grant_find',
  grants.pick('payload'),
  'SELECT payload FROM grants WHERE id = $1 AND expires_at > $2::timestamptz',
)

const destroy = grants.write('grant_destroy', 'DELETE FROM grants WHERE id = $1')

const revoke = grants.writeReturning(
  'grant_revoke',
  { accountId: text, clientId: text },
  'DELETE FROM grants WHERE id = $1 RETURNING account_id AS "accountId", client_id AS "clientId"',
)

export function createGrantAdapter(storage: Storage): Adapter {
  const { sql } = storage.database
  return {
    upsert: async (id, payload, expiresIn) => {
      const values = [id, payload.accountId, payload.clientId, JSON.stringify(payload), expiryOf(storage, expiresIn)]
      const write = { text: upsert, values }
      const unit = currentUnit()
      if (unit?.collects('Grant') === true) unit.write(write)
      else await writeTogether(sql, [write])
    },
    find: async (id) => {
      const remembered = currentUnit()?.reader.takeGrantPayload?.(id)
      if (remembered !== undefined) return remembered
      const { rows } = await sql.query(find, [id, expiryLimit(storage)])
      return rows[0]?.payload
    },
    destroy: async (id) => {
      await sql.query(destroy, [id])
    },
    consume: unsupported('Grant', 'single use'),
    findByUid: unsupported('Grant', 'uid'),
    findByUserCode: unsupported('Grant', 'user code'),
    revokeByGrantId: unsupported('Grant', 'grant'),
  }
}

/** Ends one grant and everything issued under it. Says whose it was; `undefined` when it was gone already. */
export async function revokeGrant(
  storage: Storage,
  id: string,
): Promise<{ readonly accountId: string; readonly clientId: string } | undefined> {
  const { rows } = await storage.database.sql.query<{ accountId: string; clientId: string }>(revoke, [id])
  return rows[0]
}
