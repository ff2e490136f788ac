import { json } from '../deployment.js'
import { at, challenged, forBadToken, type Mistake } from './mistake.js'

const metadataAt = (origin: string) => `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`
const blocked = { status: 403, headers: { 'content-type': 'text/plain' }, body: 'blocked' }

export const endpointMistakes: readonly Mistake[] = [
  {
    name: 'no token is asked for',
    codes: ['endpoint-open'],
    plant: () => at('POST', '/mcp', json({ jsonrpc: '2.0', id: 1, result: {} })),
  },
  {
    name: 'the slash is added by a redirect',
    codes: ['endpoint-redirects'],
    fix: 'without a redirect',
    plant: () => at('POST', '/mcp', json({}, 308, { location: '/mcp/' })),
  },
  {
    name: 'the path of the MCP URL is wrong',
    codes: ['endpoint-not-found'],
    fix: 'path of the MCP URL',
    plant: () => at('POST', '/mcp', json({}, 404)),
  },
  {
    name: 'the proxy passes on another Host',
    codes: ['endpoint-wrong-host'],
    fix: 'Host header',
    plant: () => at('POST', '/mcp', json({}, 421)),
  },
  {
    name: 'the server behind the proxy is down',
    codes: ['endpoint-server-error'],
    plant: () => at('POST', '/mcp', json({}, 502)),
  },
  {
    name: '403 instead of 401',
    codes: ['endpoint-refuses-oddly'],
    fix: 'Answer 401',
    plant: () => at('POST', '/mcp', json({}, 403)),
  },
  {
    name: 'a 401 without WWW-Authenticate',
    codes: ['challenge-missing'],
    fix: 'resource_metadata',
    plant: () => challenged(undefined),
  },
  {
    name: 'a proxy that asks for a password',
    codes: ['challenge-not-bearer'],
    plant: () => challenged('Basic realm="staging"'),
  },
  {
    name: 'offline_access in the second of two challenges',
    codes: ['challenge-offline-access'],
    plant: ({ mcpOrigin }) =>
      challenged(`Basic realm="x", Bearer scope="notes:read offline_access", ${metadataAt(mcpOrigin)}`),
  },
  {
    name: 'DPoP for everybody',
    codes: ['challenge-dpop-only'],
    plant: ({ mcpOrigin }) => challenged(`DPoP scope="notes:read", ${metadataAt(mcpOrigin)}, algs="ES256"`),
  },
  {
    name: 'a challenge without parameters',
    codes: ['challenge-without-metadata', 'challenge-without-scope'],
    plant: () => challenged('Bearer'),
  },
  {
    name: 'a relative resource_metadata',
    codes: ['challenge-metadata-not-url'],
    plant: () => challenged('Bearer resource_metadata="/.well-known/oauth-protected-resource/mcp", scope="notes:read"'),
  },
  {
    name: 'a challenge that reports an error nobody made',
    codes: ['challenge-with-error'],
    plant: ({ mcpOrigin }) => challenged(`Bearer error="invalid_token", scope="notes:read", ${metadataAt(mcpOrigin)}`),
  },
  {
    name: 'offline_access in the challenge',
    codes: ['challenge-offline-access'],
    plant: ({ mcpOrigin }) => challenged(`Bearer scope="notes:read offline_access", ${metadataAt(mcpOrigin)}`),
  },
  { name: 'any token is accepted', codes: ['bad-token-accepted'], plant: () => forBadToken(json({})) },
  { name: 'a bad token breaks the server', codes: ['bad-token-server-error'], plant: () => forBadToken(json({}, 500)) },
  { name: 'a bad token is 403', codes: ['bad-token-wrong-status'], plant: () => forBadToken(json({}, 403)) },
  {
    name: 'the proxy drops Authorization',
    codes: ['bad-token-without-error'],
    fix: 'passes Authorization on',
    plant: ({ mcpOrigin }) => forBadToken(json({}, 401, { 'www-authenticate': `Bearer ${metadataAt(mcpOrigin)}` })),
  },
  {
    name: 'an event stream for anybody',
    codes: ['stream-open'],
    plant: () =>
      at('GET', '/mcp', { status: 200, headers: { 'content-type': 'text/event-stream' }, body: ': hello\n\n' }),
  },
  { name: 'DELETE fails', codes: ['method-answered-oddly'], plant: () => at('DELETE', '/mcp', json({}, 500)) },
  {
    name: 'a rule against AI robots',
    codes: ['program-blocked'],
    fix: 'block AI bots',
    plant: () => (asked) => (asked.headers['user-agent'] === 'Claude-User' ? blocked : undefined),
  },
  {
    name: 'a rule against empty user agents',
    codes: ['program-blocked'],
    plant: () => (asked) => (asked.headers['user-agent'] ? undefined : blocked),
  },
]
