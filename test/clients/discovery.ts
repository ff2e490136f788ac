/** From the bare MCP URL to both metadata documents, the way a given client does it, with the checks real clients make. */
import { parseChallenge } from '../../src/oauth/challenge.js'
import { parseScope } from '../../src/oauth/scope.js'
import {
  type ResourceMetadata,
  resourceMetadataSchema,
  type ServerMetadata,
  serverMetadataSchema,
} from '../support/oauth-client.js'
import { clientFetch } from './client-fetch.js'
import type { ClientShape } from './shape.js'

export interface Discovery {
  /** Absent for a client that knows of none. */
  readonly resource?: ResourceMetadata
  readonly server: ServerMetadata
  /** Scopes of the challenge; empty when the client never looked at one. */
  readonly challengeScopes: readonly string[]
}

async function document(url: string, { discoveryVersion, origin }: ClientShape): Promise<unknown> {
  const version = discoveryVersion === undefined ? {} : { 'mcp-protocol-version': discoveryVersion }
  const response = await clientFetch(url, { headers: { accept: 'application/json', ...version } }, origin)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return response.json()
}

/** Every client sends its first request without a token; what it makes of the answer differs. */
async function firstAnswer(
  mcpUrl: string,
  { origin }: ClientShape,
): Promise<Readonly<Record<string, string | undefined>>> {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params: {} })
  const response = await clientFetch(mcpUrl, { method: 'POST', headers, body }, origin)
  // Claude takes nothing else for a sign that it must sign in.
  if (response.status !== 401) throw new Error(`the first request was answered ${response.status}`)
  return parseChallenge(response.headers.get('www-authenticate') ?? '')?.parameters ?? {}
}

function metadataUrl(mcpUrl: string, shape: ClientShape, challenged: string | undefined): string | undefined {
  const { origin, pathname } = new URL(mcpUrl)
  switch (shape.discovery) {
    case 'none':
      return undefined
    case 'challenge':
      if (challenged === undefined) throw new Error('the challenge names no resource metadata')
      return challenged
    case 'path':
      return `${origin}/.well-known/oauth-protected-resource${pathname}`
    case 'root':
      return `${origin}/.well-known/oauth-protected-resource`
  }
}

function checkServer(server: ServerMetadata, issuer: string): void {
  // Byte for byte: strict clients normalise nothing.
  if (server.issuer !== issuer) throw new Error(`the metadata of ${issuer} names the issuer ${server.issuer}`)
  if (!server.code_challenge_methods_supported.includes('S256')) throw new Error('PKCE S256 is not advertised')
  if (server['authorization_response_iss_parameter_supported'] !== true) throw new Error('iss is not advertised')
}

export async function discover(mcpUrl: string, shape: ClientShape): Promise<Discovery> {
  const challenge = await firstAnswer(mcpUrl, shape)
  const challengeScopes = parseScope(challenge['scope'])
  const url = metadataUrl(mcpUrl, shape, challenge['resource_metadata'])
  if (url === undefined) {
    const { origin } = new URL(mcpUrl)
    const server = await document(`${origin}/.well-known/${shape.serverDocument}`, shape)
    return { server: serverMetadataSchema.parse(server), challengeScopes: [] }
  }
  const resource = resourceMetadataSchema.parse(await document(url, shape))
  if (resource.resource !== mcpUrl) throw new Error(`the resource ${resource.resource} is not the URL typed, ${mcpUrl}`)
  // Claude, VS Code and others look at the first one only.
  const issuer = resource.authorization_servers[0] ?? ''
  const server = serverMetadataSchema.parse(await document(`${issuer}/.well-known/${shape.serverDocument}`, shape))
  checkServer(server, issuer)
  return { resource, server, challengeScopes }
}

/** Which scopes the client asks for at first; `undefined`: it sends no `scope` at all. */
export function firstScopes(discovery: Discovery, shape: ClientShape): readonly string[] | undefined {
  switch (shape.scope) {
    case 'none':
      return undefined
    case 'challenge':
      return [...discovery.challengeScopes, ...shape.addsScopes]
    case 'resource metadata':
      return [...(discovery.resource?.scopes_supported ?? []), ...shape.addsScopes]
    case 'server metadata': {
      const supported: unknown = discovery.server['scopes_supported']
      return Array.isArray(supported) ? supported.filter((scope) => typeof scope === 'string') : []
    }
  }
}
