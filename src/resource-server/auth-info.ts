/** The caller in the format of servers on the MCP TypeScript SDK, for 1.x and 2.x. */
import type { AccessToken } from './access-token.js'

/** Assignable to `AuthInfo` of `@modelcontextprotocol/sdk` and `@modelcontextprotocol/server`. */
export interface AuthInfo {
  /** The token as it was sent. It is for this resource: never forward it to another one (MCP security best practices). */
  token: string
  clientId: string
  scopes: string[]
  /** Seconds since the epoch. */
  expiresAt: number
  /** Canonical identifier of the resource. */
  resource: URL
  resourceMetadataUrl: string
  /** `sub`, absent if the issuer names none, and all claims as received, including unchecked ones. */
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
