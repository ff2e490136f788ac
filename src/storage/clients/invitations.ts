/**
 * Initial access tokens (RFC 7591 §3): invitations of the operator to register one client. Stored hashed, they expire, and are
 * used up in the same statement that stores the client, so that a refused registration leaves an invitation as it was.
 */

import { hashSecret, randomSecret } from '../../base/secrets.js'
import type { Storage } from '../storage.js'
import { artifacts } from '../tables.js'

/** The engine's name for them. */
export const invitationModel = 'InitialAccessToken'

const insert = artifacts.write(
  'invitation_insert',
  `INSERT INTO artifacts (model, id_hash, payload, expires_at)
    VALUES ('${invitationModel}', $1, $2::jsonb, $3::timestamptz)`,
)

const withdrawAll = artifacts.write(
  'invitation_withdraw_all',
  `DELETE FROM artifacts WHERE model = '${invitationModel}'`,
)

/** A new one, good for one registration within `seconds`. The value is returned this once. */
export async function createInvitation(storage: Storage, seconds: number): Promise<string> {
  const value = randomSecret()
  const issuedAt = Math.floor(storage.clock.now().getTime() / 1000)
  const expiresAt = issuedAt + seconds
  const payload = { kind: invitationModel, iat: issuedAt, exp: expiresAt }
  const values = [hashSecret(value), JSON.stringify(payload), new Date(expiresAt * 1000).toISOString()]
  await storage.database.sql.query(insert, values)
  return value
}

/** Makes every invitation void that was not used yet; answers how many. */
export async function withdrawInvitations(storage: Storage): Promise<number> {
  return (await storage.database.sql.query(withdrawAll, [])).rowCount
}
