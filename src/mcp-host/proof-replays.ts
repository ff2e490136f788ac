/** Stores used DPoP proofs in the MCP server's database, so that all replicas together accept a proof once (RFC 9449 §11.1). */

import { hashSecret } from '../base/secrets.js'
import type { Sql } from '../database/sql.js'
import type { ProofReplayStore } from '../resource-server/dpop.js'
import { usedProofs } from './tables.js'

const insert = usedProofs.write(
  'used_proof_insert',
  `INSERT INTO used_proofs (id_hash, expires_at) VALUES ($1, $2::timestamptz) ON CONFLICT (id_hash) DO NOTHING`,
  { lane: 'security' },
)

/** One atomic insert: of racing uses of a proof, one is first. */
export function createProofReplayStore(sql: Sql): ProofReplayStore {
  return {
    rememberOnce: async (identifier, until) => {
      const { rowCount } = await sql.query(insert, [hashSecret(identifier), until.toISOString()])
      return rowCount === 1
    },
  }
}
