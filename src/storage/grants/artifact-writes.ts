/** What requests write of codes and tokens when they are committed: one that is redeemed, others that are issued. */

import type { Condition, Write } from '../../database/writes.js'
import { artifacts } from '../tables.js'

/** Every new row of `artifacts` that holds what the engine saved. */
export const insertArtifact = artifacts.insertion(
  'model',
  'id_hash',
  'grant_id',
  'client_id',
  'user_code',
  'payload',
  'expires_at',
)

export type ArtifactRow = Parameters<typeof insertArtifact.values>[0]

const redeem = artifacts.condition('redemption', {
  condition: `UPDATE artifacts SET consumed_at = GREATEST($3::timestamptz, clock_timestamp()), successor = $4::text
    WHERE model = $1 AND id_hash = $2 AND consumed_at IS NULL RETURNING 1`,
})

/** Uses up a code or token that nobody has used. `now` by our clock: the later of it and the database's counts. */
export function redeeming(
  { model, idHash }: { readonly model: string; readonly idHash: string },
  now: Date,
  sealedSuccessor: string | null,
): Condition {
  return { text: redeem, values: [model, idHash, now.toISOString(), sealedSuccessor] }
}

const issue = artifacts.insertPart('issue', insertArtifact)

export function issuing(row: ArtifactRow): Write {
  return { text: issue, values: insertArtifact.values(row) }
}

/** True for the database's refusal to issue something under a grant that was deleted meanwhile. */
export function isGrantGone(error: unknown): boolean {
  // 23503: foreign key violation.
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '23503'
}
