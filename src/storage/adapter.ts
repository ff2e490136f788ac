/**
 * The engine's adapters. They promise, on PostgreSQL and on the embedded database alike:
 * - single use is one conditional UPDATE: of any number of racing redemptions of a code, refresh token, device code or pushed
 *   request, in any number of processes, one wins;
 * - expiry is checked on every read (with the engine's clock tolerance), never left to the sweeper;
 * - deleting a grant deletes everything issued under it (foreign key), and nothing can be issued under a deleted grant;
 * - values that are secrets are stored as SHA-256 and only ever come back from the caller;
 * - consumed rows stay until they expire, because they detect reuse;
 * - not found is `undefined`; a fault of the database is an exception, never a "not found"; one that passes is an OAuthError
 *   `temporarily_unavailable` with status 503, and what is refused is an AdapterRefusal.
 */
import { createSessionAdapter } from './accounts/sessions.js'
import { type Adapter, noRequest, type RequestUnderWay } from './adapter-types.js'
import { type ClientSource, createClientAdapter } from './clients/client-adapter.js'
import { createArtifactAdapter } from './grants/artifacts.js'
import { createEphemeralAdapter } from './grants/ephemeral-artifacts.js'
import { createGrantAdapter } from './grants/grants.js'
import type { Storage } from './storage.js'

/** The adapter of a model, by the engine's name of it. Without a `clientSource`, identifiers that are URLs belong to nobody. */
export function createAdapter(
  storage: Storage,
  model: string,
  clientSource?: ClientSource,
  request: RequestUnderWay = noRequest,
): Adapter {
  switch (model) {
    case 'Client':
      return createClientAdapter(storage, clientSource, request)
    case 'Grant':
      return createGrantAdapter(storage)
    case 'Session':
      return createSessionAdapter(storage)
    case 'Interaction':
    case 'PushedAuthorizationRequest':
      return createEphemeralAdapter(storage, model, request)
    default:
      return createArtifactAdapter(storage, model)
  }
}
