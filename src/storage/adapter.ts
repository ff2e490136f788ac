/**
 * The engine's Adapter. Promises, on PostgreSQL and on the embedded database alike:
 * - single use is one conditional UPDATE: of any number of racing redemptions of a code, refresh token, device code or pushed
 *   request, in any number of processes, one wins;
 * - expiry is checked on every read (with the engine's clock tolerance), never left to the sweeper;
 * - deleting a grant deletes everything issued under it (foreign key), and nothing can be issued under a deleted grant;
 * - values that are secrets are stored as SHA-256 and only ever come back from the caller;
 * - consumed rows stay until they expire, because they detect reuse;
 * - not found is `undefined`; a fault of the database is an exception, never a "not found"; one that passes is the engine's
 *   `temporarily_unavailable` with status 503.
 */
import { type Adapter, errors } from 'oidc-provider'
import { OAuthError } from '../oauth/errors.js'
import { createSessionAdapter } from './accounts/sessions.js'
import { type ClientSource, createClientAdapter } from './clients/client-adapter.js'
import { createArtifactAdapter } from './grants/artifacts.js'
import { createEphemeralAdapter } from './grants/ephemeral-artifacts.js'
import { createGrantAdapter } from './grants/grants.js'
import type { Storage } from './storage.js'

function createAdapter(storage: Storage, model: string, clientSource: ClientSource | undefined): Adapter {
  switch (model) {
    case 'Client':
      return createClientAdapter(storage, clientSource)
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

/** Throws what the engine answers as it is: anything it does not know becomes its 500 `server_error`. */
export function rethrowForEngine(error: unknown): never {
  if (!(error instanceof OAuthError) || error.code !== 'temporarily_unavailable') throw error
  const unavailable = new errors.TemporarilyUnavailable(error.message, { cause: error })
  const detail = error.detail === undefined ? {} : { error_detail: error.detail }
  throw Object.assign(unavailable, { status: error.status, statusCode: error.status, ...detail })
}

/** Adapter factory for `new Provider(issuer, { adapter })`. */
export function createAdapterFactory(storage: Storage, clientSource?: ClientSource): (model: string) => Adapter {
  return (model) => {
    const adapter = createAdapter(storage, model, clientSource)
    return {
      upsert: (id, payload, expiresIn) => adapter.upsert(id, payload, expiresIn).catch(rethrowForEngine),
      find: (id) => adapter.find(id).catch(rethrowForEngine),
      findByUid: (uid) => adapter.findByUid(uid).catch(rethrowForEngine),
      findByUserCode: (userCode) => adapter.findByUserCode(userCode).catch(rethrowForEngine),
      consume: (id) => adapter.consume(id).catch(rethrowForEngine),
      destroy: (id) => adapter.destroy(id).catch(rethrowForEngine),
      revokeByGrantId: (grantId) => adapter.revokeByGrantId(grantId).catch(rethrowForEngine),
    }
  }
}
