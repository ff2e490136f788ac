/**
 * Which refresh tokens are rotated (RFC 9700 §4.14.2: rotation or sender-constraining). Those of public clients always are, also when they
 * are bound to a key: MCP demands it. Those of a client that authenticates and proves a key are not. A thief would need the client's
 * credential, and FAPI 2.0 §5.3.2.1 forbids rotation, because an answer that is lost must not cost the client its access.
 */
import type { EngineClient } from './engine-types.js'

/**
 * A token that is used lives on: in its last part it is rotated, because only a new token has a new end. The same part as the engine's own
 * policy.
 */
const renewedAfterPercent = 70

/** A refresh that is about to be answered: the token, the client and the proof are verified. */
export interface Refresh {
  readonly client: EngineClient
  /** True if the request proved a key (DPoP). */
  hasProof(): Promise<boolean>
  /** How much of the token's life is over. */
  readonly ttlPercentagePassed: number
}

export async function rotatesRefreshToken({ client, hasProof, ttlPercentagePassed }: Refresh): Promise<boolean> {
  if (client.clientAuthMethod === 'none' || !(await hasProof())) return true
  return ttlPercentagePassed >= renewedAfterPercent
}
