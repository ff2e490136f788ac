/** The protected resource metadata document (RFC 9728 §2). */
import { createHash } from 'node:crypto'
import { dpopProofAlgorithms } from '../oauth/dpop.js'
import type { ResourceDeclaration } from '../oauth/resource.js'
import {
  descriptionMistakes,
  type ResourceDescription,
  type ResourceTexts,
  textMembers,
} from './resource-description.js'

/** Names as on the wire (RFC 9728 §2). Members for people may repeat with a language tag: `resource_name#de`. */
export interface ProtectedResourceMetadata {
  readonly resource: string
  readonly authorization_servers: readonly string[]
  readonly bearer_methods_supported: readonly string[]
  readonly scopes_supported?: readonly string[]
  readonly resource_name?: string
  readonly resource_documentation?: string
  readonly resource_policy_uri?: string
  readonly resource_tos_uri?: string
  readonly jwks_uri?: string
  readonly resource_signing_alg_values_supported?: readonly string[]
  readonly tls_client_certificate_bound_access_tokens?: true
  readonly authorization_details_types_supported?: readonly string[]
  readonly dpop_signing_alg_values_supported?: readonly string[]
  readonly dpop_bound_access_tokens_required?: true
  readonly signed_metadata?: string
  readonly revocation_endpoint?: string
  readonly introspection_endpoint?: string
  readonly [translated: `${string}#${string}`]: string
}

/** A document ready to send: serialised once, the same bytes for everyone. */
export interface PublishedDocument {
  readonly body: string
  readonly etag: string
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
}

/** Members that are published unchanged; an allow-list, so that no other property of an object is published. */
const plainMembers = [
  'scopesSupported',
  ...textMembers,
  'jwksUri',
  'resourceSigningAlgValuesSupported',
  'tlsClientCertificateBoundAccessTokens',
  'authorizationDetailsTypesSupported',
  'dpopSigningAlgValuesSupported',
  'dpopBoundAccessTokensRequired',
  'signedMetadata',
  'revocationEndpoint',
  'introspectionEndpoint',
] as const

/** `resourceTosUri` becomes `resource_tos_uri`. */
function wireName(member: string): string {
  return member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function translated(texts: ResourceTexts, tag: string): [string, string][] {
  return textMembers.flatMap((member): [string, string][] => {
    const text = texts[member]
    return text === undefined ? [] : [[`${wireName(member)}#${tag}`, text]]
  })
}

/**
 * Writes the document. Throws a TypeError that names every mistake in the description. Does not check whether the authorization servers
 * know this resource, and verifies no signature.
 */
export function describeResource(description: ResourceDescription): ProtectedResourceMetadata {
  const mistakes = descriptionMistakes(description)
  if (mistakes.length > 0) throw new TypeError(`this metadata cannot be published: ${mistakes.join('; ')}`)
  const { translations = {} } = description
  const said = plainMembers
    .map((member) => [wireName(member), description[member]] as const)
    .filter(([, value]) => value !== undefined && value !== false)
  return {
    resource: description.resource,
    authorization_servers: description.authorizationServers,
    bearer_methods_supported: description.bearerMethodsSupported ?? ['header'],
    ...Object.fromEntries(said),
    ...Object.fromEntries(Object.entries(translations).flatMap(([tag, texts]) => translated(texts, tag))),
  }
}

/**
 * The document of a declared resource. `scopes_supported` lists the default scopes of the declaration, never all scopes and never
 * `offline_access`. `jwks_uri` is omitted: it would name keys of the resource itself, which signs nothing. `dpop`: whether proofs are
 * checked, and whether only key-bound tokens are accepted.
 */
export function protectedResourceMetadata(
  {
    resource,
    name,
    advertisedScopes,
  }: Pick<ResourceDeclaration, 'resource' | 'name'> & { readonly advertisedScopes: readonly string[] },
  issuer: string,
  dpop?: { readonly required?: boolean },
): ProtectedResourceMetadata {
  return describeResource({
    resource,
    authorizationServers: [issuer],
    ...(advertisedScopes.length > 0 && { scopesSupported: advertisedScopes }),
    resourceName: name,
    ...(dpop !== undefined && { dpopSigningAlgValuesSupported: dpopProofAlgorithms }),
    dpopBoundAccessTokensRequired: dpop?.required ?? false,
  })
}

/** Sets a document's bytes, ETag (RFC 9110 §8.8.3) and cache lifetime. */
export function publishDocument(document: object, maxAgeSeconds = 3600): PublishedDocument {
  const body = JSON.stringify(document)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return {
    body,
    etag,
    headers: { 'content-type': 'application/json', 'cache-control': `public, max-age=${maxAgeSeconds}`, etag },
  }
}
