/**
 * The use of an identifier that is good once (an identity assertion), as what everything else in its request depends on: either all of it is
 * written, or the identifier is as good as before.
 */

import { hashSecret, randomSecret } from '../../base/secrets.js'
import { artifacts } from '../tables.js'
import { type Decision, decidedBy } from '../unit-of-work.js'

const use = artifacts.condition('use_once', {
  condition: `INSERT INTO artifacts (model, id_hash, payload, expires_at)
    VALUES ('ReplayDetection', $1::text, jsonb_build_object('by', $2::text), $3::timestamptz)
    ON CONFLICT (model, id_hash) DO NOTHING RETURNING 1`,
})

const findUse = artifacts.read(
  'use_once_by',
  {},
  `SELECT 1 FROM artifacts WHERE model = 'ReplayDetection' AND id_hash = $1 AND payload ->> 'by' = $2`,
)

/** `until`: how long it is remembered. */
export function oneTimeUse(identifier: string, until: Date): Decision {
  const idHash = hashSecret(identifier)
  // Tells this use from another one of the same identifier, when the database's answer was lost.
  const by = randomSecret()
  const condition = { text: use, values: [idHash, by, until.toISOString()] }
  return decidedBy(condition, { statement: findUse, values: [idHash, by] }, 'used')
}
