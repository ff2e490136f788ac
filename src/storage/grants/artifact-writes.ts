/** What requests write of codes and tokens when they are committed: one that is redeemed, others that are issued. */

import { type Condition, declareCondition, declareWrite, type Write } from '../../database/writes.js'

/** A row to be inserted into `artifacts`, named as its columns. */
export interface ArtifactRow {
  readonly model: string
  readonly id_hash: string
  readonly grant_id: string | null
  readonly client_id: string | null
  readonly user_code: string | null
  readonly payload: Record<string, unknown>
  readonly expires_at: string | null
}

const redeem = declareCondition('redemption', {
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

const issue = declareWrite('issue', {
  issued: `INSERT INTO artifacts (model, id_hash, grant_id, client_id, user_code, payload, expires_at)
    SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::jsonb, $7::timestamptz FROM {condition}`,
})

/** In the order in which statements name the columns. */
export function columnsOf(row: ArtifactRow): unknown[] {
  const { model, id_hash, grant_id, client_id, user_code, payload, expires_at } = row
  return [model, id_hash, grant_id, client_id, user_code, JSON.stringify(payload), expires_at]
}

export function issuing(row: ArtifactRow): Write {
  return { text: issue, values: columnsOf(row) }
}

/** True for the database's refusal to issue something under a grant that was deleted meanwhile. */
export function isGrantGone(error: unknown): boolean {
  // 23503: foreign key violation.
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '23503'
}
