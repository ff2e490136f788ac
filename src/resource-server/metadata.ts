/** The protected resource metadata document (RFC 9728 §2). */
import { createHash } from 'node:crypto'
import { dpopProofAlgorithms } from '../oauth/dpop.js'
import type { ResourceDeclaration } from '../oauth/resource.js'

/** Names as on the wire (RFC 9728 §2). */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly scopes_supported: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
  readonly resource_name: string
  readonly dpop_signing_alg_values_supported?: readonly string[]
  readonly dpop_bound_access_tokens_required?: true
}

/** A document ready to be sent: made once, the same bytes for everybody. */
export interface PublishedDocument {
  readonly body: string
  readonly etag: string
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * What the document says. `scopes_supported` is the useful baseline the declaration advertises, never its whole catalogue and
 * never `offline_access`. `jwks_uri` is left out: it would name keys of the resource itself, and ours signs nothing. `dpop`: whether
 * proofs are checked, and whether key-bound tokens are the only ones taken.
 */
export function protectedResourceMetadata(
  resource: Pick<ResourceDeclaration, 'resource' | 'name' | 'advertisedScopes'>,
  issuer: string,
  dpop?: { readonly required?: boolean },
): ProtectedResourceMetadata {
  return {
    resource: resource.resource,
    authorization_servers: [issuer],
    scopes_supported: resource.advertisedScopes,
    bearer_methods_supported: ['header'],
    resource_name: resource.name,
    ...(dpop !== undefined && { dpop_signing_alg_values_supported: dpopProofAlgorithms }),
    ...(dpop?.required === true && { dpop_bound_access_tokens_required: true }),
  }
}

/** Fixes a document's bytes, its ETag (RFC 9110 §8.8.3) and how long anybody may keep it. */
export function publishDocument(document: object, maxAgeSeconds = 3600): PublishedDocument {
  const body = JSON.stringify(document)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return {
    body,
    etag,
    headers: { 'content-type': 'application/json', 'cache-control': `public, max-age=${maxAgeSeconds}`, etag },
  }
}
