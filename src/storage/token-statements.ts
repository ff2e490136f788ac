/** The statements of a token request (token-request.ts): one that redeems and issues, and one that finds what replaced a token. */
import type { Statement } from '../platform/database.js'

/** `$1` to `$4`: the credential that is redeemed, or null; `$5`: the rows to be inserted, as JSON. */
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

export const readReplaced: Statement = {
  name: 'token_request_replaced',
  lane: 'read',
  text: 'SELECT successor, consumed_at, grant_id FROM artifacts WHERE model = $1 AND id_hash = $2',
}
