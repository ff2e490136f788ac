/** Which DPoP proofs were used, in the MCP server's database, so that a proof is good once at all replicas (RFC 9449 §11.1). */
import type { Clock } from '../platform/clock.js'
import type { Sql, Statement } from '../platform/database.js'
import { hashSecret } from '../platform/secrets.js'
import type { ProofReplayStore } from '../resource-server/index.js'

const insert: Statement = {
  name: 'used_proof_insert',
  text: `INSERT INTO used_proofs (id_hash, expires_at) VALUES ($1, $2::timestamptz) ON CONFLICT (id_hash) DO NOTHING`,
}

const batchSize = 500

const sweep: Statement = {
  name: 'used_proof_sweep',
  text: `DELETE FROM used_proofs WHERE id_hash IN (
    SELECT id_hash FROM used_proofs WHERE expires_at < $1::timestamptz ORDER BY expires_at LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)`,
}

/** One atomic insert: of racing uses of a proof, one is first. */
export function createProofReplayStore(sql: Sql): ProofReplayStore {
  return {
    rememberOnce: async (identifier, until) => {
      const { rowCount } = await sql.query(insert, [hashSecret(identifier), until.toISOString()])
      return rowCount === 1
    },
  }
}

/** Rows are kept this long past their end, so that replicas whose clocks differ agree. */
const keptSeconds = 60

/** Deletes what has expired, one batch after the other; returns how many rows went. */
export async function sweepUsedProofs(sql: Sql, clock: Clock): Promise<number> {
  const limit = new Date(clock.now().getTime() - keptSeconds * 1000).toISOString()
  let swept = 0
  for (let deleted = batchSize; deleted === batchSize; swept += deleted) {
    deleted = (await sql.query(sweep, [limit])).rowCount
  }
  return swept
}
