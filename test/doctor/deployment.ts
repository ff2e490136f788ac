/** A small deployment whose answers a test can spoil one by one: an MCP server and an authorization server on loopback. */
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import { type Certificate, type CertificateAuthority, createAuthority } from '../outbound/certificates.js'
import { listenOn } from '../support/opened.js'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Objects become JSON. */
  readonly body: unknown
}

export interface Asked {
  readonly method: string
  readonly host: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

export type Handler = (asked: Asked) => Reply | undefined

export interface Site {
  readonly mcpUrl: string
  readonly mcpOrigin: string
  readonly issuer: string
  /** Authorities to trust, in PEM. */
  readonly ca: string | undefined
  readonly authority: CertificateAuthority
  /** Answers as a healthy deployment does, until `plant` is called again. `undefined` from the mistake: the healthy answer. */
  plant(mistake: Handler): void
  /** Presents another certificate for both hosts. */
  present(certificate: Certificate | undefined): void
  /** Everything asked since the last `plant`. */
  readonly asked: readonly Asked[]
  close(): Promise<void>
}

const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'WWW-Authenticate' }
const preflightReply: Reply = {
  status: 204,
  headers: {
    ...cors,
    'access-control-allow-methods': 'GET, POST, DELETE',
    'access-control-allow-headers':
      'Authorization, Content-Type, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name',
  },
  body: '',
}

export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { ...cors, 'content-type': 'application/json', ...headers }, body }
}

export const resourcePath = '/.well-known/oauth-protected-resource/mcp'

export function resourceMetadata({ mcpUrl, issuer }: Pick<Site, 'mcpUrl' | 'issuer'>): Record<string, unknown> {
  return {
    resource: mcpUrl,
    authorization_servers: [issuer],
    scopes_supported: ['notes:read'],
    bearer_methods_supported: ['header'],
  }
}

export function serverMetadata(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
    scopes_supported: ['openid', 'offline_access', 'notes:read'],
  }
}

export const publicKey = { kty: 'EC', crv: 'P-256', kid: 'one', x: 'x'.repeat(43), y: 'y'.repeat(43) }

function challenge({ mcpOrigin }: Pick<Site, 'mcpOrigin'>, hasToken: boolean): string {
  const error = hasToken ? 'error="invalid_token", ' : ''
  return `Bearer ${error}scope="notes:read", resource_metadata="${mcpOrigin}${resourcePath}"`
}

/** What each address answers when nothing is wrong. */
function healthy(site: Pick<Site, 'mcpUrl' | 'mcpOrigin' | 'issuer'>): Handler {
  const notFound = json({ error: 'invalid_request' }, 404)
  const refusal = (error: string) => json({ error }, 400, { 'cache-control': 'no-store' })
  const metadata = (issuer: string) =>
    json({ ...serverMetadata(issuer), protected_resources: [site.mcpUrl] }, 200, {
      'cache-control': 'public, max-age=300',
    })
  const endpoints: Readonly<Record<string, Reply>> = {
    'GET /authorize': { status: 400, headers: { 'content-type': 'text/html' }, body: '<!doctype html>' },
    'GET /jwks': json({ keys: [publicKey] }),
    'POST /token': refusal('invalid_client'),
    'POST /register': refusal('invalid_redirect_uri'),
  }
  const authorizationServer: Readonly<Record<string, Reply>> = {
    ...endpoints,
    'GET /.well-known/oauth-authorization-server': metadata(site.issuer),
    'GET /.well-known/openid-configuration': metadata(site.issuer),
  }
  const resource = json(resourceMetadata(site))
  // For clients of 2025-03-26 the MCP origin is an authorization server of its own.
  const mcpServer: Readonly<Record<string, Reply>> = {
    ...endpoints,
    [`GET ${resourcePath}`]: resource,
    'GET /.well-known/oauth-protected-resource': resource,
    'GET /.well-known/oauth-authorization-server': metadata(site.mcpOrigin),
  }
  return ({ method, host, path, headers }) => {
    if (method === 'OPTIONS') return preflightReply
    if (host === new URL(site.issuer).host) return authorizationServer[`${method} ${path}`] ?? notFound
    if (path !== '/mcp') return mcpServer[`${method} ${path}`] ?? notFound
    const hasToken = headers.authorization !== undefined
    return json({ error: 'unauthorized' }, 401, { 'www-authenticate': challenge(site, hasToken) })
  }
}

async function portOf(server: Server | HttpsServer): Promise<number> {
  await listenOn(server)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not bound')
  return address.port
}

/** `public`: https under names that only a test's resolver knows. `loopback`: plain http on this machine. */
export async function startSite(kind: 'public' | 'loopback'): Promise<Site> {
  const authority = createAuthority()
  const certificate = authority.issue('*.example.test', {
    from: new Date(Date.now() - 60_000),
    to: new Date(Date.now() + 60 * 86_400_000),
  })
  let mistake: Handler = () => undefined
  let well: Handler = () => undefined
  const asked: Asked[] = []
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', headers, url: path = '/' } = request
    const one = { method, host: headers.host ?? '', path, headers }
    asked.push(one)
    const { status, headers: given, body } = mistake(one) ?? well(one) ?? json({}, 500)
    response.writeHead(status, given)
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const isPublic = kind === 'public'
  const servers = [0, 1].map(() => (isPublic ? createHttpsServer(certificate, listener) : createHttpServer(listener)))
  const [mcpPort, authPort] = await Promise.all(servers.map(portOf))
  const mcpOrigin = isPublic ? `https://mcp.example.test:${mcpPort}` : `http://localhost:${mcpPort}`
  const issuer = isPublic ? `https://auth.example.test:${authPort}` : `http://localhost:${authPort}`
  const urls = { mcpUrl: `${mcpOrigin}/mcp`, mcpOrigin, issuer }
  well = healthy(urls)
  return {
    ...urls,
    ca: isPublic ? authority.cert : undefined,
    authority,
    asked,
    plant: (next) => {
      asked.length = 0
      mistake = next
    },
    present: (other) => {
      for (const server of servers) if ('setSecureContext' in server) server.setSecureContext(other ?? certificate)
    },
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}
