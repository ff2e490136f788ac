/**
 * Each request that registers, updates or removes a client as one unit of work: the engine decides, then the client, its
 * registration access token and the audit event are committed in one statement, before the answer leaves.
 */

import type { HttpContext } from '../../http/context.js'
import { formatChallenge } from '../../oauth/challenge.js'
import { OAuthError } from '../../oauth/errors.js'
import { registrationReader } from '../../storage/clients/client-registration.js'
import type { Storage } from '../../storage/storage.js'
import { UnitOfWork } from '../../storage/unit-of-work.js'
import type { RegistrationGate } from '../limits/registration-limits.js'
import { routes } from '../routes.js'
import type { UnitKind } from '../units-of-work.js'

function changesClient({ method, path }: HttpContext): boolean {
  return method !== 'GET' && (path === routes.registration || path.startsWith(`${routes.registration}/`))
}

/** As the engine says it of a token that is gone when it looks (RFC 6750 §3.1). */
function refuseToken(ctx: HttpContext, issuer: string): never {
  const error = new OAuthError('invalid_token', 'invalid token provided', {
    detail: 'the client was removed, or its token was used',
  })
  const parameters = { realm: issuer, error: error.code, error_description: error.message }
  ctx.set('www-authenticate', formatChallenge({ scheme: 'Bearer', parameters }))
  throw error
}

export function registrations(issuer: string, storage: Storage, exceedsLimit: RegistrationGate): UnitKind {
  return {
    open: (ctx) => (changesClient(ctx) ? new UnitOfWork(storage, registrationReader) : undefined),
    close: async (ctx, unit) => {
      if (ctx.status >= 400 || (await exceedsLimit(ctx))) return
      if ((await unit.commit()).kind !== 'committed') refuseToken(ctx, issuer)
    },
  }
}
