/**
 * An OAuth client written out in plain fetch, step by step, so that a journey shows each request of the specifications and
 * nothing hides in a library. Does not judge answers beyond their shape: assertions are the test's.
 */
import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { authorizationServerMetadataUrls } from '../../src/oauth/well-known.js'
import { completeAuthorization, type Person } from './authorization.js'
import type { Browser } from './browser.js'

export const resourceMetadataSchema = z.looseObject({
  resource: z.string(),
  authorization_servers: z.array(z.string()).min(1),
  scopes_supported: z.array(z.string()).optional(),
})
export type ResourceMetadata = z.infer<typeof resourceMetadataSchema>

export const serverMetadataSchema = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  registration_endpoint: z.string().optional(),
  revocation_endpoint: z.string().optional(),
  introspection_endpoint: z.string().optional(),
  userinfo_endpoint: z.string().optional(),
  end_session_endpoint: z.string().optional(),
  jwks_uri: z.string().optional(),
  code_challenge_methods_supported: z.array(z.string()),
})
export type ServerMetadata = z.infer<typeof serverMetadataSchema>

export const registrationSchema = z.looseObject({ client_id: z.string(), client_secret: z.string().optional() })
export type Registration = z.infer<typeof registrationSchema>

const tokensSchema = z.looseObject({
  access_token: z.string(),
  token_type: z.string(),
  expires_in: z.number(),
  scope: z.string().optional(),
  refresh_token: z.string().optional(),
  id_token: z.string().optional(),
})
export type Tokens = z.infer<typeof tokensSchema>

const errorSchema = z.looseObject({ error: z.string(), error_description: z.string().optional() })

export interface TokenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly tokens?: Tokens
  readonly error?: string
}

async function fetchJson<T>(url: string, schema: z.ZodType<T>): Promise<T> {
  const response = await fetch(url, { headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return schema.parse(await response.json())
}

/** From the bare MCP URL to both metadata documents: challenge (RFC 9728 §5.1), resource metadata, server metadata (RFC 8414 §3). */
export async function discover(mcpUrl: string): Promise<{
  readonly challenge: Readonly<Record<string, string | undefined>>
  readonly resourceMetadata: ResourceMetadata
  readonly serverMetadata: ServerMetadata
}> {
  const refused = await fetch(mcpUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
  const challenge = parseChallenge(refused.headers.get('www-authenticate') ?? '')?.parameters ?? {}
  const metadataUrl = challenge['resource_metadata']
  if (refused.status !== 401 || metadataUrl === undefined) throw new Error(`no usable challenge (${refused.status})`)
  const resourceMetadata = await fetchJson(metadataUrl, resourceMetadataSchema)
  const issuer = resourceMetadata.authorization_servers[0] ?? ''
  const serverMetadata = await discoverServer(issuer)
  return { challenge, resourceMetadata, serverMetadata }
}

/** A metadata document from this very URL; whose it is, is for the caller to check. */
export function serverMetadataAt(url: string): Promise<ServerMetadata> {
  return fetchJson(url, serverMetadataSchema)
}

/** Metadata of an authorization server (RFC 8414 §3); refuses one that names another issuer. */
export async function discoverServer(issuer: string): Promise<ServerMetadata> {
  const [url = ''] = authorizationServerMetadataUrls(issuer)
  const metadata = await serverMetadataAt(url)
  if (metadata.issuer !== issuer) throw new Error(`the metadata of ${issuer} names the issuer ${metadata.issuer}`)
  return metadata
}

/** Dynamic registration (RFC 7591) of a public native client, unless `metadata` says otherwise. */
export async function register(
  server: ServerMetadata,
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<Registration> {
  const response = await fetch(server.registration_endpoint ?? '', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Journey client',
      redirect_uris: ['http://127.0.0.1:41573/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...metadata,
    }),
  })
  if (response.status !== 201) throw new Error(`registration answered ${response.status}: ${await response.text()}`)
  return registrationSchema.parse(await response.json())
}

export interface AuthorizationRequest {
  readonly clientId: string
  readonly redirectUri: string
  readonly scope?: string
  readonly resource?: string
  /** Further parameters; `undefined` ones are left out. */
  readonly parameters?: Readonly<Record<string, string>>
}

export interface StartedAuthorization {
  readonly url: string
  readonly state: string
  readonly codeVerifier: string
}

/** An authorization request with PKCE S256 (RFC 7636) and `state`. */
export function startAuthorization(
  server: Pick<ServerMetadata, 'authorization_endpoint'>,
  request: AuthorizationRequest,
): StartedAuthorization {
  const codeVerifier = randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  const url = new URL(server.authorization_endpoint)
  const parameters: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    scope: request.scope,
    resource: request.resource,
    state,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...request.parameters,
  }
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value)
  return { url: url.href, state, codeVerifier }
}

/** One request to the token endpoint (RFC 6749 §3.2). */
export async function requestTokens(
  server: Pick<ServerMetadata, 'token_endpoint'>,
  parameters: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> {
  const body = new URLSearchParams(parameters)
  const response = await fetch(server.token_endpoint, { method: 'POST', body, headers: { ...headers } })
  const json: unknown = await response.json()
  const { status } = response
  if (status === 200) return { status, headers: response.headers, tokens: tokensSchema.parse(json) }
  return { status, headers: response.headers, error: errorSchema.parse(json).error }
}

export interface Grant {
  readonly server: ServerMetadata
  readonly clientId: string
  readonly redirectUri: string
  readonly resource: string
}

/** Registers a public client at the issuer: the start of most tests that need a token. */
export async function newGrant(stack: { readonly issuer: string; readonly resource: string }): Promise<Grant> {
  return newGrantAt(await discoverServer(stack.issuer), stack.resource)
}

/** The same at a server that was found in another way. */
export async function newGrantAt(server: ServerMetadata, resource: string): Promise<Grant> {
  const redirectUri = 'http://127.0.0.1:41573/callback'
  const { client_id: clientId } = await register(server, { redirect_uris: [redirectUri] })
  return { server, clientId, redirectUri, resource }
}

/** Lets a person authorize, and returns the callback's parameters with what the token request needs. */
export async function authorize(
  grant: Grant,
  browser: Browser,
  person: Person,
  scope?: string,
): Promise<{ readonly callback: URLSearchParams; readonly codeVerifier: string; readonly state: string }> {
  const request = { ...grant, ...(scope === undefined ? {} : { scope }) }
  const { url, state, codeVerifier } = startAuthorization(grant.server, request)
  const left = new URL(await completeAuthorization(browser, url, person))
  const registered = new URL(grant.redirectUri)
  // As parsers write both: a path that is empty is `/`.
  if (`${left.origin}${left.pathname}` !== `${registered.origin}${registered.pathname}`)
    throw new Error(`sent to ${left.origin}${left.pathname}`)
  return { callback: left.searchParams, codeVerifier, state }
}

/** The same with further parameters, for the code alone; an empty `resource` is left out. */
export async function completeCode(
  { server, clientId, redirectUri, resource }: Grant,
  browser: Browser,
  person: Person,
  parameters: Readonly<Record<string, string>> = {},
): Promise<IssuedCode> {
  const target = { clientId, redirectUri, ...(resource === '' ? {} : { resource }) }
  const { url, codeVerifier } = startAuthorization(server, { ...target, parameters })
  const left = new URL(await completeAuthorization(browser, url, person))
  return { code: left.searchParams.get('code') ?? '', codeVerifier }
}

export interface IssuedCode {
  readonly code: string
  readonly codeVerifier: string
}

/** Parameters of the token request for a code (RFC 6749 §4.1.3, RFC 8707 §2.2). */
export function exchangeOf(
  { clientId, redirectUri, resource }: Grant,
  { code, codeVerifier }: IssuedCode,
): Record<string, string> {
  return {
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: redirectUri,
    resource,
    code,
    code_verifier: codeVerifier,
  }
}

export function redeem(grant: Grant, code: string, codeVerifier: string): Promise<TokenAnswer> {
  return requestTokens(grant.server, exchangeOf(grant, { code, codeVerifier }))
}

export function refresh(grant: Grant, refreshToken: string): Promise<TokenAnswer> {
  return requestTokens(grant.server, {
    grant_type: 'refresh_token',
    client_id: grant.clientId,
    resource: grant.resource,
    refresh_token: refreshToken,
  })
}

/** Revocation (RFC 7009); resolves to the status. */
export async function revoke(grant: Grant, token: string): Promise<number> {
  const body = new URLSearchParams({ client_id: grant.clientId, token })
  return (await fetch(grant.server.revocation_endpoint ?? '', { method: 'POST', body })).status
}

/** Sign-in, consent and code exchange in one go, for tests about what comes after. */
export async function obtainTokens(grant: Grant, browser: Browser, person: Person, scope?: string): Promise<Tokens> {
  const { callback, codeVerifier } = await authorize(grant, browser, person, scope)
  const { tokens, error } = await redeem(grant, callback.get('code') ?? '', codeVerifier)
  if (tokens === undefined) throw new Error(`the token endpoint answered ${error}`)
  return tokens
}
