/** Where metadata documents live. */

function insertWellKnown(identifier: string, name: string): string {
  const url = new URL(identifier)
  const path = url.pathname === '/' ? '' : url.pathname.replace(/\/$/, '')
  return `${url.origin}/.well-known/${name}${path}${url.search}`
}

/** URL of a resource's metadata, path-inserted (RFC 9728 §3.1). */
export function protectedResourceMetadataUrl(resource: string): string {
  return insertWellKnown(resource, 'oauth-protected-resource')
}

/**
 * URLs at which an issuer's metadata may live, in the order a client tries them: RFC 8414 §3.1 path-inserted, OpenID Connect
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
