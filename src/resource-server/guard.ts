/** Scope requirements of operations, with hierarchies (RFC 6750 §3.1, MCP authorization "step-up"). */
import { OAuthError } from '../oauth/errors.js'
import {
  describeRequirement,
  formatScope,
  meetsRequirement,
  nearestCombination,
  type RequiredScopes,
  type ScopeHierarchy,
  scopeCombinations,
} from '../oauth/scope.js'
import type { AccessToken } from './access-token.js'
import { type Refusal, refuse } from './bearer.js'

export interface ScopeRequirement {
  /** All of these, or all of one combination of several; each directly or through a scope that includes it. */
  readonly scopes: RequiredScopes
  readonly hierarchy: ScopeHierarchy
  readonly resourceMetadataUrl: string
  /** As in the challenges of `authenticate`. */
  readonly realm?: string | undefined
}

const publicText = 'this operation needs permissions that were not granted'

/** The challenge can name only one combination, so if several are sufficient, the text names all of them. */
function describe(unmet: readonly RequiredScopes[]): string {
  const choices = unmet.filter((required) => scopeCombinations(required).length > 1)
  return choices.length === 0 ? publicText : `${publicText}: ${choices.map(describeRequirement).join('; and ')}`
}

/** As `refuseMissingScopes`, for the combined requirements of several operations. */
export function refuseUnmetRequirements(
  accessToken: AccessToken,
  requirements: readonly RequiredScopes[],
  { hierarchy, resourceMetadataUrl, realm }: Omit<ScopeRequirement, 'scopes'>,
): Refusal | undefined {
  const granted = accessToken.scopes
  const unmet = requirements.filter((required) => !meetsRequirement(granted, required, hierarchy))
  if (unmet.length === 0) return undefined
  const needed = requirements.flatMap((required) => nearestCombination(granted, required, hierarchy))
  const error = new OAuthError('insufficient_scope', describe(unmet), { detail: `needs ${formatScope(needed)}` })
  return refuse(error, {
    resourceMetadataUrl,
    realm,
    scopes: [...granted, ...needed],
    scheme: accessToken.keyThumbprint === undefined ? 'Bearer' : 'DPoP',
  })
}

/**
 * `undefined` if the token covers the requirement, otherwise a 403 whose challenge names every scope that the operation needs and those
 * that the token already has. Clients of 2025-11-25 request exactly the scopes of the challenge, so they would lose an omitted scope. The
 * challenge names narrow scopes, never broader ones that would also be sufficient; of several combinations, the one with the fewest missing
 * scopes.
 */
export function refuseMissingScopes(accessToken: AccessToken, requirement: ScopeRequirement): Refusal | undefined {
  return refuseUnmetRequirements(accessToken, [requirement.scopes], requirement)
}
