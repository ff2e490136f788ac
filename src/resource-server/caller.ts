/** Describes a caller to itself, for example in a `whoami` tool. */
import { type AccessToken, userOf } from './access-token.js'

export interface CallerDescription {
  /** The person; absent when the client acts for itself. */
  readonly subject?: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** ISO 8601. */
  readonly expiresAt: string
}

/** The answer of a `whoami` tool: whom the token acts for, with which permissions and until when. Nothing else the token says. */
export function describeCaller(accessToken: AccessToken): CallerDescription {
  const subject = userOf(accessToken)
  return {
    ...(subject !== undefined && { subject }),
    clientId: accessToken.clientId,
    scopes: [...accessToken.scopes],
    expiresAt: new Date(accessToken.expiresAt * 1000).toISOString(),
  }
}
