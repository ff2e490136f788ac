/** What a client of revision 2025-03-26 does not know: protected resource metadata (RFC 9728). */
import { completeAuthorization, type Person } from './authorization.js'
import type { Browser } from './browser.js'
import {
  register,
  requestTokens,
  type ServerMetadata,
  serverMetadataAt,
  startAuthorization,
  type Tokens,
} from './oauth-client.js'

/** A fetch for SDK clients under which RFC 9728 does not exist, so that they fall back to what 2025-03-26 says. */
export const withoutResourceMetadata: typeof fetch = async (input, init) => {
  const { pathname } = new URL(input instanceof Request ? input.url : input)
  if (pathname.startsWith('/.well-known/oauth-protected-resource')) return new Response(null, { status: 404 })
  return fetch(input, init)
}

/**
 * Discovery of 2025-03-26: metadata at the root of the MCP server's origin, or else default endpoints there. `usesMetadata` false:
 * the client is so old that it asks for none. Does not compare the issuer: clients of that time did not.
 */
export async function discoverAsOldClient(mcpUrl: string, usesMetadata = true): Promise<ServerMetadata> {
  const { origin } = new URL(mcpUrl)
  if (usesMetadata) return serverMetadataAt(`${origin}/.well-known/oauth-authorization-server`)
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    revocation_endpoint: `${origin}/revoke`,
    code_challenge_methods_supported: ['S256'],
  }
}

export interface OldSession {
  readonly clientId: string
  readonly tokens: Tokens
}

/** Registration, sign-in, consent and code exchange without `resource`, which 2025-03-26 does not know either. */
export async function signInAsOldClient(
  server: ServerMetadata,
  browser: Browser,
  person: Person,
  scope?: string,
): Promise<OldSession> {
  const redirectUri = 'http://127.0.0.1:41573/callback'
  const { client_id: clientId } = await register(server, { redirect_uris: [redirectUri] })
  const request = { clientId, redirectUri, ...(scope === undefined ? {} : { scope }) }
  const { url, codeVerifier } = startAuthorization(server, request)
  const callback = new URL(await completeAuthorization(browser, url, person)).searchParams
  const { tokens, error } = await requestTokens(server, {
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code: callback.get('code') ?? '',
    code_verifier: codeVerifier,
  })
  if (tokens === undefined) throw new Error(`the token endpoint answered ${error}`)
  return { clientId, tokens }
}
