/** Grants: what a person allowed a client in one authorization. Deleting one revokes everything issued under it. */

import { text } from '../../database/table.js'
import { writeTogether } from '../../database/writes.js'
import type { Adapter } from '../adapter-types.js'
import { expiryLimit, expiryOf, unsupported } from '../engine-model.js'
import type { Storage } from '../storage.js'
import { auditEvents, grants } from '../tables.js'
import { currentUnit } from '../unit-of-work.js'

const granted = `INSERT INTO grants (id, account_id, client_id, payload, expires_at)
    SELECT $1::text, $2::text, $3::text, $4::jsonb, $5::timestamptz FROM {condition}
    ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`

/** For a grant that ends with its one access token. How many there are is bounded by the limits on tokens. */
const upsertPassing = grants.part('grant', { granted })

/** Seconds. A grant of a longer life counts as lasting. */
const passingSeconds = 3_600

/**
 * Lasting grants that one person has at once, of one client and in all. One more ends the oldest. All installs of a product may share a
 * client, so the figures are far beyond what a person has; without them one account could fill the database.
 */
export const mostGrants = { ofClient: 100, ofPerson: 1_000 } as const

/** The statement does not see the new grant, which is one of them. Rows that another request is ending are left to it. */
const upsertLasting = grants.part(
  'lasting_grant',
  {
    granted,
    surplus: `DELETE FROM grants WHERE id IN (
      SELECT g.id FROM grants g JOIN (
        SELECT id, client_id, row_number() OVER (PARTITION BY client_id ORDER BY created_at DESC, id) AS of_client,
          row_number() OVER (ORDER BY created_at DESC, id) AS of_person
        FROM grants WHERE account_id = $2 AND id <> $1 AND expires_at - created_at > interval '${passingSeconds} seconds'
      ) AS ranked ON ranked.id = g.id
      WHERE ((ranked.client_id = $3 AND of_client >= ${mostGrants.ofClient}) OR of_person >= ${mostGrants.ofPerson})
        AND EXISTS (SELECT FROM {condition})
      FOR UPDATE OF g SKIP LOCKED
    ) RETURNING account_id, client_id`,
    surplus_event: `INSERT INTO audit_events (at, type, account_id, client_id, detail)
      SELECT $6::timestamptz, 'grant.revoked', account_id, client_id, '{"reason": "too many grants"}' FROM {surplus}`,
  },
  auditEvents,
)

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
      const write =
        expiresIn === undefined || expiresIn > passingSeconds
          ? { text: upsertLasting, values: [...values, storage.clock.now().toISOString()] }
          : { text: upsertPassing, values }
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
