/** Our errors as the engine's: it answers those it knows, and makes a 500 `server_error` of all others. */
import { errors } from 'oidc-provider'
import { OAuthError } from '../../oauth/errors.js'
import { AdapterRefusal } from '../../storage/adapter-types.js'

function refusedByStorage(refusal: AdapterRefusal): Error {
  const { message: detail } = refusal
  switch (refusal.reason) {
    case 'interaction over':
      return new errors.SessionNotFound(detail)
    case 'request used':
      return new errors.InvalidRequestUri(detail)
    case 'grant gone':
    case 'used':
    case 'device code answered':
      return new errors.InvalidGrant({ detail, cause: refusal })
  }
}

/** Throws what the engine answers as it is. */
export function rethrowForEngine(error: unknown): never {
  if (error instanceof AdapterRefusal) throw refusedByStorage(error)
  if (!(error instanceof OAuthError) || error.code !== 'temporarily_unavailable') throw error
  const unavailable = new errors.TemporarilyUnavailable(error.message, { cause: error })
  const detail = error.detail === undefined ? {} : { error_detail: error.detail }
  throw Object.assign(unavailable, { status: error.status, statusCode: error.status, ...detail })
}

/** True if another decision about the device code came first. */
export function isDeviceCodeAnswered({ cause }: Error): boolean {
  return cause instanceof AdapterRefusal && cause.reason === 'device code answered'
}
