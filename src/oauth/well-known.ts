/** URLs of metadata documents. */

/** The path of an issuer or resource without a trailing slash; '' for one at the root of its host. */
export function pathOf(identifier: string): string {
  return new URL(identifier).pathname.replace(/\/$/, '')
}

function insertWellKnown(identifier: string, name: string): string {
  const { origin, search } = new URL(identifier)
  return `${origin}/.well-known/${name}${pathOf(identifier)}${search}`
}

/** URL of a resource's metadata, path-inserted (RFC 9728 §3.1). */
export function protectedResourceMetadataUrl(resource: string): string {
  return insertWellKnown(resource, 'oauth-protected-resource')
}

/**
 * URLs at which an issuer's metadata may be, in the order in which clients try them: RFC 8414 §3.1 path-inserted, OpenID Connect
 * path-inserted, OpenID Connect Discovery §4 appended. Duplicates are left out.
 */
export function authorizationServerMetadataUrls(issuer: string): string[] {
  const appended = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  return [
    ...new Set([
      insertWellKnown(issuer, 'oauth-authorization-server'),
      insertWellKnown(issuer, 'openid-configuration'),
      appended,
    ]),
  ]
}

/** Member of an issuer's metadata that names its revocation feed. Non-standard: no specification has such a feed for access tokens. */
export const revocationFeedMember = 'gatehouse_revocation_feed_endpoint'
