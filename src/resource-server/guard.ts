/** Scope requirements of single operations, with hierarchies (RFC 6750 §3.1, MCP authorization "step-up"). */
import { OAuthError } from '../oauth/errors.js'
import { coversScopes, type ScopeHierarchy } from '../oauth/scope.js'
import type { AccessToken } from './access-token.js'
import { type Refusal, refuse } from './bearer.js'

export interface ScopeRequirement {
  /** All of these, each directly or through a scope that includes it. */
  readonly scopes: readonly string[]
  readonly hierarchy: ScopeHierarchy
  readonly resourceMetadataUrl: string
}

/**
 * `undefined` when the token covers the requirement, else a 403 whose challenge names every scope the operation needs and those
 * the token already has: clients of 2025-11-25 ask for exactly what they are told, so leaving out a granted scope would
 * lose it. The narrow scopes are named, never broader ones that would also do.
 */
export function refuseMissingScopes(accessToken: AccessToken, requirement: ScopeRequirement): Refusal | undefined {
  if (coversScopes(accessToken.scopes, requirement.scopes, requirement.hierarchy)) return undefined
  const error = new OAuthError('insufficient_scope', 'this operation needs permissions that were not granted', {
    detail: `needs ${requirement.scopes.join(' ')}`,
  })
  return refuse(error, {
    resourceMetadataUrl: requirement.resourceMetadataUrl,
    scopes: [...accessToken.scopes, ...requirement.scopes],
    scheme: accessToken.keyThumbprint === undefined ? 'Bearer' : 'DPoP',
  })
}
