/**
 * Errors of OAuth endpoints, by their registered codes. Each has two texts: a short public `message` that never depends on input, and
 * `detail` for the log.
 */

/** Codes from RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2, RFC 8707 §2 and RFC 9449 §5. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'access_denied'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  | 'invalid_target'
  | 'invalid_dpop_proof'

const statusByCode: Readonly<Partial<Record<OAuthErrorCode, number>>> = {
  invalid_client: 401,
  invalid_token: 401,
  insufficient_scope: 403,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
}

export interface OAuthErrorOptions {
  /** For the log only; may contain the wrong value, but never a secret. */
  readonly detail?: string
  readonly status?: number
  readonly cause?: unknown
}

/** An expected failure with a registered code. Anything else that is thrown is a `server_error`. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode
  readonly status: number
  readonly detail: string | undefined

  constructor(code: OAuthErrorCode, publicDescription: string, options: OAuthErrorOptions = {}) {
    super(publicDescription, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'OAuthError'
    this.code = code
    this.status = options.status ?? statusByCode[code] ?? 400
    this.detail = options.detail
  }

  /** The JSON body of RFC 6749 §5.2. */
  toJSON(): { error: OAuthErrorCode; error_description: string } {
    return { error: this.code, error_description: this.message }
  }
}
