/**
 * The engine's Adapter. Promises, on PostgreSQL and on the embedded database alike:
 * - single use is one conditional UPDATE: of any number of racing redemptions of a code, refresh token, device code or pushed
 *   request, in any number of processes, one wins;
 * - expiry is checked on every read (with the engine's clock tolerance), never left to the sweeper;
 * - deleting a grant deletes everything issued under it (foreign key), and nothing can be issued under a deleted grant;
 * - values that are secrets are stored as SHA-256 and only ever come back from the caller;
 * - consumed rows stay until they expire, because they detect reuse;
 * - not found is `undefined`; a fault of the database is an exception, never a "not found".
 */
import type { Adapter } from 'oidc-provider'
import { createArtifactAdapter } from './artifacts.js'
import { createClientAdapter } from './clients.js'
import { createEphemeralAdapter } from './ephemeral-artifacts.js'
import { createGrantAdapter } from './grants.js'
import { createSessionAdapter } from './sessions.js'
import type { Storage } from './storage.js'

/** Adapter factory for `new Provider(issuer, { adapter })`. */
export function createAdapterFactory(storage: Storage): (model: string) => Adapter {
  return (model) => {
    switch (model) {
      case 'Client':
        return createClientAdapter(storage)
      case 'Grant':
        return createGrantAdapter(storage)
      case 'Session':
        return createSessionAdapter(storage)
      case 'Interaction':
      case 'PushedAuthorizationRequest':
        return createEphemeralAdapter(storage, model)
      default:
        return createArtifactAdapter(storage, model)
    }
  }
}
