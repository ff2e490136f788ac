import { json, resourceMetadata, resourcePath } from '../deployment.js'
import { at, challenged, isResourceMetadata, type Mistake, resourceSays } from './mistake.js'

const html = { status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>App</title>' }
const rootPath = '/.well-known/oauth-protected-resource'

/** Another answer at the path-inserted address, which the challenge names too. */
function atPath(name: string, codes: readonly string[], reply: ReturnType<typeof json>, fix = ''): Mistake {
  return { name, codes, fix, plant: () => at('GET', resourcePath, reply) }
}

/** Another `resource` at every address. */
function calls(name: string, codes: readonly string[], resource: (mcpUrl: string) => unknown, fix: string): Mistake {
  return { name, codes, fix, plant: resourceSays(({ mcpUrl }) => ({ resource: resource(mcpUrl) })) }
}

const identities: readonly Mistake[] = [
  calls('a slash at the end of resource', ['resource-other-slash'], (url) => `${url}/`, 'without the slash'),
  calls('resource in capitals', ['resource-other-case'], (url) => url.replace('/mcp', '/MCP'), 'same case'),
  calls('https in resource', ['resource-other-scheme'], (url) => url.replace('http:', 'https:'), 'RESOURCE_URL'),
  calls('another host in resource', ['resource-other-host'], () => 'http://127.0.0.1/mcp', 'RESOURCE_URL'),
  calls('the origin as resource', ['resource-other-path'], (url) => new URL(url).origin, 'path included'),
  calls('resource spelled in another way', ['resource-other-text'], (url) => `${url}#`, 'character for character'),
  calls('no resource', ['resource-absent'], () => undefined, 'exact MCP URL'),
]

export const documentMistakes: readonly Mistake[] = [
  ...identities,
  atPath('redirected metadata', ['document-redirects'], json({}, 301, { location: '/elsewhere' }), 'with 200'),
  atPath('metadata behind a sign-in', ['document-forbidden'], json({}, 401), 'without any token check'),
  atPath('metadata that fails', ['document-server-error'], json({}, 503), 'Answer 404'),
  atPath('the web application answers for the metadata', ['document-is-html'], html, 'catch-all'),
  atPath('metadata encoded twice', ['document-not-json'], json(JSON.stringify(JSON.stringify({}))), 'encoded twice'),
  atPath('metadata without end', ['document-too-long'], json({ padding: 'x'.repeat(300_000) })),
  {
    name: 'the root is redirected',
    codes: ['spare-address-confuses'],
    plant: () => at('GET', rootPath, json({}, 302, { location: '/login' })),
  },
  {
    name: 'metadata as text',
    codes: ['document-wrong-type'],
    plant: (site) =>
      at('GET', resourcePath, { ...json(resourceMetadata(site), 200, { 'content-type': 'text/plain' }) }),
  },
  {
    name: 'metadata kept for a year',
    codes: ['document-kept-long'],
    plant: (site) =>
      at('GET', resourcePath, json(resourceMetadata(site), 200, { 'cache-control': 'public, max-age=31536000' })),
  },
  {
    name: 'no metadata at all',
    codes: ['resource-metadata-missing'],
    fix: 'RFC 9728',
    plant: () => (asked) => (isResourceMetadata(asked) ? json({}, 404) : undefined),
  },
  {
    name: 'a challenge that names an address with nothing there',
    codes: ['challenged-metadata-missing'],
    plant: ({ mcpOrigin }) => challenged(`Bearer scope="notes:read", resource_metadata="${mcpOrigin}/nothing"`),
  },
  {
    name: 'metadata at the root only',
    codes: ['resource-metadata-not-at-path'],
    plant: ({ mcpOrigin }) => {
      const challenge = challenged(`Bearer scope="notes:read", resource_metadata="${mcpOrigin}${rootPath}"`)
      return (asked) => challenge(asked) ?? at('GET', resourcePath, json({}, 404))(asked)
    },
  },
  {
    name: 'metadata at the path only',
    codes: ['resource-metadata-not-at-root'],
    plant: () => at('GET', rootPath, json({}, 404)),
  },
  {
    name: 'two documents that disagree',
    codes: ['resource-metadata-differs'],
    plant: (site) => at('GET', rootPath, json({ ...resourceMetadata(site), scopes_supported: ['everything'] })),
  },
  {
    name: 'no authorization server',
    codes: ['authorization-servers-missing'],
    plant: resourceSays(() => ({ authorization_servers: [] })),
  },
  {
    name: 'an authorization server by its name',
    codes: ['authorization-server-not-url'],
    plant: resourceSays(() => ({ authorization_servers: ['auth.example.com'] })),
  },
  {
    name: 'two authorization servers',
    codes: ['authorization-servers-many'],
    plant: resourceSays(({ issuer }) => ({ authorization_servers: [issuer, 'http://localhost:1/'] })),
  },
  {
    name: 'no scope anywhere',
    codes: ['challenge-without-scope', 'scopes-nowhere'],
    plant: (site) => {
      const challenge = challenged(`Bearer resource_metadata="${site.mcpOrigin}${resourcePath}"`)
      const document = resourceSays(() => ({ scopes_supported: undefined }))(site)
      return (asked) => challenge(asked) ?? document(asked)
    },
  },
  {
    name: 'offline_access as a scope of the resource',
    codes: ['resource-offline-access'],
    plant: resourceSays(() => ({ scopes_supported: ['notes:read', 'offline_access'] })),
  },
  {
    name: 'tokens in the query only',
    codes: ['bearer-header-missing', 'bearer-in-query'],
    plant: resourceSays(() => ({ bearer_methods_supported: ['query'] })),
  },
]
