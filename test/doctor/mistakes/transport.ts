import type { Exchange } from '../../../src/doctor/diagnostic-network.js'
import { createAuthority } from '../../outbound/certificates.js'
import { json, resourcePath, serverMetadata } from '../deployment.js'
import { at, isServerMetadata, type Mistake, preflightAt, resourceSays, serverSays } from './mistake.js'

const day = 86_400_000
const days = (from: number, to: number) => ({
  from: new Date(Date.now() + from * day),
  to: new Date(Date.now() + to * day),
})

function allows(headers: string) {
  const allow = { 'access-control-allow-origin': '*', 'access-control-allow-headers': headers }
  return { status: 204, headers: allow, body: '' }
}

/** What was silent stays so: only answers can be changed on their way. */
function changed(exchange: Exchange, change: object): Exchange {
  return 'silence' in exchange ? exchange : { ...exchange, ...change }
}

const crossOrigin: readonly Mistake[] = [
  {
    name: 'the token check comes before the preflight',
    codes: ['cors-preflight'],
    fix: 'before any token check',
    plant: () => preflightAt('/mcp', json({}, 401)),
  },
  {
    name: 'Authorization is not allowed to pages',
    codes: ['cors-header-missing'],
    plant: () => preflightAt('/mcp', allows('Content-Type, MCP-Protocol-Version, Mcp-Method, Mcp-Name')),
  },
  {
    name: 'an asterisk for all headers',
    codes: ['cors-wildcard'],
    fix: 'Authorization',
    plant: () => preflightAt('/mcp', allows('*')),
  },
  {
    name: 'the headers of the newest revision are not allowed',
    codes: ['cors-new-headers'],
    plant: () => preflightAt('/mcp', allows('Authorization, Content-Type, MCP-Protocol-Version')),
  },
  {
    name: 'no CORS at the token endpoint',
    codes: ['cors-answer-hidden', 'cors-preflight'],
    plant: () => (asked) => {
      if (asked.path !== '/token') return undefined
      const body = asked.method === 'OPTIONS' ? '' : { error: 'invalid_client' }
      const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
      return { status: asked.method === 'OPTIONS' ? 204 : 400, headers, body }
    },
  },
  {
    name: 'the challenge is hidden from pages',
    codes: ['cors-challenge-hidden'],
    fix: 'Access-Control-Expose-Headers',
    plant:
      ({ mcpOrigin }) =>
      ({ method, path, headers }) => {
        if (path !== '/mcp' || method === 'OPTIONS' || headers.origin === undefined) return undefined
        const challenge = `Bearer scope="notes:read", resource_metadata="${mcpOrigin}${resourcePath}"`
        return { status: 401, headers: { 'access-control-allow-origin': '*', 'www-authenticate': challenge }, body: {} }
      },
  },
]

const certificates: readonly Mistake[] = [
  {
    name: 'an expired certificate',
    codes: ['certificate-expired'],
    certificate: ({ authority }) => authority.issue('*.example.test', days(-60, -1)),
  },
  {
    name: 'a certificate about to expire',
    codes: ['certificate-expires-soon'],
    certificate: ({ authority }) => authority.issue('*.example.test', days(-60, 3)),
  },
  {
    name: 'a certificate of tomorrow',
    codes: ['certificate-not-yet-valid'],
    certificate: ({ authority }) => authority.issue('*.example.test', days(1, 60)),
  },
  {
    name: 'a certificate for another host',
    codes: ['certificate-wrong-name'],
    certificate: ({ authority }) => authority.issue('www.example.org', days(-1, 60)),
  },
  {
    name: 'a self-signed certificate',
    codes: ['certificate-expires-soon', 'certificate-self-signed'],
    fix: '--ca',
    certificate: () => createAuthority('*.example.test'),
  },
  {
    name: 'a certificate without its chain',
    codes: ['certificate-chain-incomplete'],
    fix: 'full chain',
    certificate: () => createAuthority('Unknown').issue('*.example.test', days(-1, 60)),
  },
  {
    name: 'a certificate of an unknown authority',
    codes: ['certificate-untrusted'],
    certificate: () => {
      const unknown = createAuthority('Unknown')
      const { cert, key } = unknown.issue('*.example.test', days(-1, 60))
      return { cert: cert + unknown.cert, key }
    },
  },
]

const insecureIssuer = ({ issuer }: { issuer: string }) => issuer.replace('https:', 'http:')

const addresses: readonly Mistake[] = [
  {
    name: 'http behind https: the server does not know of its proxy',
    codes: ['http-behind-https', 'address-silent'],
    site: 'public',
    fix: 'X-Forwarded-Proto',
    plant: serverSays((site) => ({ token_endpoint: `${insecureIssuer(site)}/token` })),
    network: (network) => ({
      ...network,
      send: async (request) =>
        request.url.startsWith('http:')
          ? { request, silence: 'cut-off', detail: 'the connection ended' }
          : network.send(request),
    }),
  },
  {
    name: 'plain http on the Internet',
    codes: ['plain-http'],
    plant: serverSays(() => ({ userinfo_endpoint: 'http://auth.example.com/userinfo' })),
  },
  {
    name: "the container's name in a public document",
    codes: ['internal-address'],
    site: 'public',
    fix: 'ISSUER_INTERNAL_URL',
    plant: serverSays(() => ({ jwks_uri: 'https://auth:3000/jwks' })),
  },
  {
    name: 'the issuer on localhost in a public document',
    codes: ['http-behind-https', 'internal-address'],
    site: 'public',
    plant: resourceSays(() => ({ authorization_servers: ['http://localhost:3000'] })),
  },
  {
    name: 'a host that leads to a private address',
    codes: ['address-private'],
    site: 'public',
    network: (network, { issuer }) => ({
      ...network,
      send: async (request) =>
        request.url === `${issuer}/jwks`
          ? { request, silence: 'not-contacted', detail: 'its name leads to a private address from here' }
          : network.send(request),
    }),
  },
  {
    name: 'a key set on a port where nothing listens',
    codes: ['address-silent'],
    plant: serverSays(() => ({ jwks_uri: 'http://localhost:1/jwks' })),
  },
  {
    name: 'URLs made of whatever X-Forwarded-Host says',
    codes: ['forwarded-host-believed'],
    fix: 'Pin the public URL',
    plant: (site) => (asked) => {
      const host = asked.headers['x-forwarded-host']
      if (!isServerMetadata(asked, site) || host === undefined) return undefined
      return json(serverMetadata(`http://${String(host)}`))
    },
  },
]

const clocksAndTime: readonly Mistake[] = [
  {
    name: 'a clock that is ten minutes late',
    codes: ['clock-off'],
    fix: 'NTP',
    plant: () =>
      at(
        'POST',
        '/token',
        json({ error: 'invalid_client' }, 400, {
          'cache-control': 'no-store',
          date: new Date(Date.now() - 600_000).toUTCString(),
        }),
      ),
  },
  {
    name: 'a clock that is a minute early',
    codes: ['clock-drifts'],
    plant: () =>
      at(
        'POST',
        '/token',
        json({ error: 'invalid_client' }, 400, {
          'cache-control': 'no-store',
          date: new Date(Date.now() + 60_000).toUTCString(),
        }),
      ),
  },
  {
    name: 'a server that wakes up slowly',
    codes: ['slow'],
    network: (network) => ({
      ...network,
      send: async (request) =>
        changed(await network.send(request), { durationMs: 5_000, startedAt: new Date(Date.now() - 2_500) }),
    }),
  },
]

const oldClients: readonly Mistake[] = [
  {
    name: 'nothing for clients of 2025-03-26',
    codes: ['old-clients-left-out'],
    plant:
      ({ mcpOrigin }) =>
      ({ method, host, path }) =>
        method !== 'OPTIONS' && host === new URL(mcpOrigin).host && !/^\/(mcp|\.well-known\/oauth-protected)/.test(path)
          ? json({ error: 'invalid_request' }, 404)
          : undefined,
  },
  {
    name: 'metadata of a former server on the MCP origin',
    codes: ['old-clients-foreign-issuer'],
    plant:
      ({ mcpOrigin }) =>
      (asked) =>
        asked.host === new URL(mcpOrigin).host && asked.path === '/.well-known/oauth-authorization-server'
          ? json(serverMetadata('https://old.example.com'))
          : undefined,
  },
]

export const transportMistakes: readonly Mistake[] = [
  ...crossOrigin,
  ...certificates.map((mistake) => ({ ...mistake, site: 'public' as const })),
  ...addresses,
  ...clocksAndTime,
  ...oldClients,
]
