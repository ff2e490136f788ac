/** The form in which servers built on the MCP TypeScript SDK expect to be told about the caller, in 1.x and 2.x alike. */
import type { AccessToken } from './access-token.js'

/** Assignable to `AuthInfo` of `@modelcontextprotocol/sdk` and `@modelcontextprotocol/server`. */
export interface AuthInfo {
  /** The token as it was sent. It is for this resource: never send it on to another one (MCP security best practices). */
  token: string
  clientId: string
  scopes: string[]
  /** Seconds since the epoch. */
  expiresAt: number
  /** Canonical identifier of the resource. */
  resource: URL
  resourceMetadataUrl: string
  /** `sub`, absent when the issuer names none, and all claims as received, also those nothing has checked. */
  extra: { sub?: string; claims: Readonly<Record<string, unknown>> }
}

export function authInfoOf(
  accessToken: AccessToken,
  { token, resource, resourceMetadataUrl }: Pick<AuthInfo, 'token' | 'resourceMetadataUrl'> & { resource: string },
): AuthInfo {
  const { clientId, scopes, expiresAt, subject, claims } = accessToken
  const extra = subject === undefined ? { claims } : { sub: subject, claims }
  return { token, clientId, scopes: [...scopes], expiresAt, resource: new URL(resource), resourceMetadataUrl, extra }
}
