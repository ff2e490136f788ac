/**
 * What a client may use once: client assertions (RFC 7523 §3) and DPoP proofs (RFC 9449 §11.1). Replaces the engine's own check,
 * which reads and then writes, so that two racing uses would both pass: ours is one atomic insert, shared by all processes.
 */
import { decodeJwt } from 'jose'
import { errors, Provider } from 'oidc-provider'
import { rethrowForEngine } from '../storage/adapter.js'
import { rememberOnce } from '../storage/artifacts.js'
import type { Storage } from '../storage/storage.js'

/** Whether the identifier is the `jti` of the request's DPoP proof, which the engine has verified before it asks. */
function isOfProof(identifier: string): boolean {
  const proof = Provider.ctx?.get('dpop')
  if (proof === undefined || proof === '') return false
  try {
    return decodeJwt(proof).jti === identifier
  } catch {
    return false
  }
}

/**
 * Teaches the engine to remember. A proof used before is `invalid_dpop_proof` (RFC 9449 §5): the engine would call it
 * `invalid_grant`, on which clients throw their tokens away instead of signing a new proof.
 */
export function enforceSingleUse(provider: Provider, storage: Storage): void {
  Object.assign(provider.ReplayDetection, {
    unique: async (clientId: string, identifier: string, expiresAt: number): Promise<boolean> => {
      const kind = isOfProof(identifier) ? 'proof' : 'assertion'
      const name = `${kind}\n${clientId}\n${identifier}`
      const isNew = await rememberOnce(storage, name, new Date(expiresAt * 1000)).catch(rethrowForEngine)
      if (!isNew && kind === 'proof') throw new errors.InvalidDpopProof('the DPoP proof was used before')
      return isNew
    },
  })
}
