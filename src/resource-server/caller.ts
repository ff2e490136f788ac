/** Describes a caller to itself, for example in a `whoami` tool. */
import { type AccessToken, userOf } from './access-token.js'

export interface CallerDescription {
  /** The person; absent if the client acts for itself. */
  readonly subject?: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** ISO 8601. */
  readonly expiresAt: string
}

/** The result of a `whoami` tool: the person that the token acts for, its permissions and expiry, and nothing else from the token. */
export function describeCaller(accessToken: AccessToken): CallerDescription {
  const subject = userOf(accessToken)
  return {
    ...(subject !== undefined && { subject }),
    clientId: accessToken.clientId,
    scopes: [...accessToken.scopes],
    expiresAt: new Date(accessToken.expiresAt * 1000).toISOString(),
  }
}
