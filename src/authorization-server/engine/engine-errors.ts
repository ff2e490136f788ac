/**
 * Errors that the engine answers as they are; it makes a 500 `server_error` of all others. Hooks and models that it calls throw these, or
 * pass ours to `rethrowForEngine`.
 */
import { errors } from 'oidc-provider'
import type { Excess } from '../../http/window-counters.js'
import { OAuthError } from '../../oauth/errors.js'
import { AdapterRefusal } from '../../storage/adapter-types.js'

export type EngineErrorCode =
  | 'invalid_client'
  | 'invalid_client_metadata'
  | 'invalid_dpop_proof'
  | 'invalid_grant'
  | 'invalid_redirect_uri'
  | 'invalid_request'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unauthorized_client'
  | 'unmet_authentication_requirements'
  | 'unsupported_grant_type'

export interface EngineErrorOptions {
  /** For the client. Absent: the engine's own; `invalid_client` and `invalid_grant` never have another. */
  readonly description?: string
  /** For the log. */
  readonly detail?: string
  /** Of `invalid_scope`: what was asked for. */
  readonly scope?: string
  readonly cause?: unknown
}

export function engineError(code: EngineErrorCode, options: EngineErrorOptions = {}): Error {
  const { description = '', detail, scope = '', cause } = options
  const forLog = { ...(detail !== undefined && { detail }), ...(cause !== undefined && { cause }) }
  const described = { error_description: description, error_detail: detail }
  switch (code) {
    case 'invalid_client':
      return new errors.InvalidClientAuth(forLog)
    case 'invalid_client_metadata':
      return Object.assign(new errors.InvalidClientMetadata(description), described)
    case 'invalid_dpop_proof':
      return new errors.InvalidDpopProof(description, forLog)
    case 'invalid_grant':
      return new errors.InvalidGrant(forLog)
    case 'invalid_redirect_uri':
      return Object.assign(new errors.InvalidRedirectUri(), described)
    case 'invalid_request':
      return new errors.InvalidRequest(description, undefined, forLog)
    case 'invalid_scope':
      return new errors.InvalidScope(description, scope, forLog)
    case 'invalid_target':
      return new errors.InvalidTarget(description, forLog)
    case 'unauthorized_client':
      return new errors.UnauthorizedClient(description, forLog)
    case 'unmet_authentication_requirements':
      return new errors.UnmetAuthenticationRequirements(description, forLog)
    case 'unsupported_grant_type':
      return new errors.UnsupportedGrantType(description, forLog)
  }
}

/** 503: not the client's fault. Clients that read `invalid_client` or `invalid_grant` forget their tokens (RFC 9110 §15.6.4). */
export function temporarilyUnavailable(description: string, detail: string, cause?: unknown): Error {
  const error = new errors.TemporarilyUnavailable(description, cause === undefined ? undefined : { cause })
  return Object.assign(error, { status: 503, statusCode: 503, error_detail: detail })
}

/** The page says that the client could not be checked, and nothing about why. */
export class ClientUnavailable extends errors.InvalidClient {
  constructor(detail: string) {
    super('the client could not be checked', detail)
  }
}

/** The operator does not want the client. */
export class ClientRefused extends errors.InvalidClient {
  constructor(detail: string) {
    super('the client is not accepted', detail)
  }
}

/** The page for entering a code is shown again, and says so. A device gets it as JSON. */
export class TooManyCodes extends errors.TemporarilyUnavailable {
  override readonly status = 429
  override readonly statusCode = 429
  readonly retryAfterSeconds: number

  constructor({ retryAfterSeconds }: Excess) {
    super('too many device codes, try again later')
    this.retryAfterSeconds = retryAfterSeconds
  }
}

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

/** True if an interaction is over, or its cookie is missing. */
export function isSessionNotFound(error: unknown): boolean {
  return error instanceof errors.SessionNotFound
}

/** True if the engine refused the form of a request. */
export function isInvalidRequest(error: unknown): boolean {
  return error instanceof errors.InvalidRequest
}

/** Why a client was not accepted, for the log; `undefined` for any other error. */
export function refusedClientDetail(error: unknown): string | undefined {
  return error instanceof errors.InvalidClient ? (error.error_detail ?? '') : undefined
}
