/** How often a device asks for its tokens (RFC 8628 §3.5), counted in the database, so that all processes of the server agree. */

import { hashSecret } from '../../base/secrets.js'
import { bool } from '../../database/table.js'
import { expiryOf } from '../engine-model.js'
import type { Storage } from '../storage.js'
import { ephemeralArtifacts } from '../tables.js'

/** Seconds between two polls at first, how many more after each that came too early, and the most it grows to. */
export const pollInterval = { first: 5, step: 5, most: 60 } as const

/** A poll may come this much early: devices count from when they sent, we from when it arrived. */
const toleranceSeconds = 1

const note = ephemeralArtifacts.writeReturning(
  'device_poll',
  { early: bool },
  `INSERT INTO ephemeral_artifacts AS t (model, id_hash, payload, expires_at)
    VALUES ('DevicePoll', $1, jsonb_build_object('at', $2::float8, 'interval', $3::int, 'early', false), $4::timestamptz)
    ON CONFLICT (model, id_hash) DO UPDATE SET payload = CASE
      WHEN $2::float8 - (t.payload->>'at')::float8 < (t.payload->>'interval')::int - $5::int
      THEN jsonb_build_object('at', $2::float8, 'interval', least((t.payload->>'interval')::int + $6::int, $7::int), 'early', true)
      ELSE t.payload || jsonb_build_object('at', $2::float8, 'early', false) END
    RETURNING (t.payload->>'early')::boolean AS early`,
)

/**
 * Notes a poll for a device code that nobody has decided about yet. True when it came earlier than the code's interval allows:
 * then the interval has grown. Call it for codes that exist only, or strangers could fill the table.
 */
export async function pollsTooEarly(storage: Storage, deviceCode: string, lifetimeSeconds: number): Promise<boolean> {
  const { first, step, most } = pollInterval
  const now = storage.clock.now().getTime() / 1000
  const values = [hashSecret(deviceCode), now, first, expiryOf(storage, lifetimeSeconds), toleranceSeconds, step, most]
  return (await storage.database.sql.query(note, values)).rows[0]?.early === true
}
