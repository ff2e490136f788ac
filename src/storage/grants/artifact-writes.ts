/** Statements that write codes and tokens at the end of a request: what was redeemed, with everything that was issued for it. */

import type { Statement } from '../../database/sql.js'
import { declareWrite, type Write } from '../../database/writes.js'

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

export const redeemAndIssue: Statement = {
  name: 'token_request_commit',
  lane: 'write',
  text: `WITH redeemed AS (
      UPDATE artifacts SET consumed_at = GREATEST($3::timestamptz, clock_timestamp()), successor = $4::text
      WHERE model = $1 AND id_hash = $2 AND consumed_at IS NULL RETURNING 1
    ), issued AS (
      INSERT INTO artifacts (model, id_hash, grant_id, client_id, user_code, payload, expires_at)
      SELECT model, id_hash, grant_id, client_id, user_code, payload, expires_at
      FROM jsonb_to_recordset($5::jsonb) AS fresh(model text, id_hash text, grant_id text, client_id text, user_code text, payload jsonb, expires_at timestamptz)
      WHERE $1::text IS NULL OR EXISTS (SELECT 1 FROM redeemed)
      RETURNING 1
    ) SELECT (SELECT count(*) FROM redeemed)::int AS redeemed, (SELECT count(*) FROM issued)::int AS issued`,
}

/** The same for what most requests are, one credential for one: a fifth less work for the database than reading a list. */
export const redeemForOne: Statement = {
  name: 'token_request_commit_one',
  lane: 'write',
  text: `WITH redeemed AS (
      UPDATE artifacts SET consumed_at = GREATEST($3::timestamptz, clock_timestamp()), successor = $4::text
      WHERE model = $1 AND id_hash = $2 AND consumed_at IS NULL RETURNING 1
    ) INSERT INTO artifacts (model, id_hash, grant_id, client_id, user_code, payload, expires_at)
      SELECT $5::text, $6::text, $7::text, $8::text, $9::text, $10::jsonb, $11::timestamptz FROM redeemed`,
}

/** The same beside other writes, on their condition. */
const issueBeside = declareWrite('issue', {
  issued: `INSERT INTO artifacts (model, id_hash, grant_id, client_id, user_code, payload, expires_at)
    SELECT model, id_hash, grant_id, client_id, user_code, payload, expires_at
    FROM jsonb_to_recordset($1::jsonb) AS fresh(model text, id_hash text, grant_id text, client_id text, user_code text, payload jsonb, expires_at timestamptz), {condition}`,
})

/** In the order in which statements name the columns. */
export function columnsOf(row: ArtifactRow): unknown[] {
  const { model, id_hash, grant_id, client_id, user_code, payload, expires_at } = row
  return [model, id_hash, grant_id, client_id, user_code, JSON.stringify(payload), expires_at]
}

/** The rows as a write beside others; none for no rows. */
export function issuing(rows: readonly ArtifactRow[]): Write[] {
  return rows.length === 0 ? [] : [{ text: issueBeside, values: [JSON.stringify(rows)] }]
}

/** True for the database's refusal to issue something under a grant that was deleted meanwhile. */
export function isGrantGone(error: unknown): boolean {
  // 23503: foreign key violation.
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '23503'
}
