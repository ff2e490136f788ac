/**
 * Whether an access token that verifies itself still lives: its grant is there, and the token was not revoked alone. For this server's
 * own endpoints, which ask the database; resource servers follow the revocation feed.
 */

import { hashSecret } from '../../base/secrets.js'
import { expiryLimit } from '../engine-model.js'
import type { Storage } from '../storage.js'
import { grants } from '../tables.js'

export interface IssuedAccessToken {
  readonly accountId: string
  readonly clientId: string
  /** The claim `gid`: SHA-256 of the grant's id, in base64url. */
  readonly grantHash: string
  /** The claim `jti`. */
  readonly tokenId: string
  /** The claim `aud`: the grant may have lost the resource. */
  readonly audience: string
}

/** The account has few grants of one client, so no index on the hash is needed. */
const findGrant = grants.read(
  'live_access_token',
  grants.pick('id'),
  `SELECT id FROM grants
    WHERE account_id = $1 AND client_id = $2 AND revocation_subject(id) = $3 AND expires_at > $5::timestamptz
      AND NOT coalesce(payload #> '{rejected,resources}', '{}') ? $6
      AND NOT EXISTS (SELECT 1 FROM revocations WHERE kind = 'token' AND subject_hash = $4)`,
)

/** The id of the grant that the token was issued under; `undefined` when the grant ended or the token was revoked (RFC 7009). */
export async function grantOfLiveToken(
  storage: Storage,
  { accountId, clientId, grantHash, tokenId, audience }: IssuedAccessToken,
): Promise<string | undefined> {
  const values = [accountId, clientId, grantHash, hashSecret(tokenId), expiryLimit(storage), audience]
  const { rows } = await storage.database.sql.query(findGrant, values)
  return rows[0]?.id
}
