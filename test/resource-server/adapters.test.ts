/** The same rows for each adapter, over HTTP, on the real framework: what a resource server of MCP must do (RFC 6750, 9068, 9449, 9728). */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { createResourceServer } from '../../src/resource-server/index.js'
import { createDpopKey, type DpopKey, unsignedJwt } from '../support/dpop-key.js'
import { freePort } from '../support/free-port.js'
import { mcpRequest, postLegacy, readMcpAnswer } from '../support/mcp-request.js'
import { createSigningKey, type SigningKey, startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js'
import { existingServer, frameworks, partlyProtected } from './frameworks.js'

let issuer: TokenIssuer
/** Whose tokens are opaque. */
let opaqueIssuer: TokenIssuer
let strangersKey: SigningKey
let dpopKey: DpopKey

beforeAll(async () => {
  ;[issuer, opaqueIssuer, strangersKey, dpopKey] = await Promise.all([
    startTokenIssuer(),
    startTokenIssuer(),
    createSigningKey('key-1'),
    createDpopKey(),
  ])
})
afterAll(() => Promise.all([issuer.close(), opaqueIssuer.close()]))

/** Answers introspection for each opaque token by its name. */
function introspectFor(aud: string): void {
  const exp = Math.floor(Date.now() / 1000) + 60
  opaqueIssuer.routes.set('/introspection', (body) => {
    const token = new URLSearchParams(body).get('token') ?? ''
    if (token === 'opaque-outage') return { status: 500, body: {} }
    if (!token.startsWith('opaque-good')) return { body: { active: false } }
    return { body: { active: true, aud, exp, sub: 'user-1', client_id: 'client-1', scope: 'notes:read' } }
  })
}

describe.each(Object.entries(frameworks))('%s', (_name, start) => {
  let origin: string
  let url: string
  let stop: () => Promise<void>
  const metadataUrl = () => `${origin}/.well-known/oauth-protected-resource/mcp`

  beforeAll(async () => {
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    url = `${origin}/mcp`
    introspectFor(url)
    const server = createResourceServer({
      resource: url,
      name: 'Matrix',
      authorizationServers: [
        issuer.issuer,
        { issuer: opaqueIssuer.issuer, introspection: { clientId: 'rs', clientSecret: 'secret' } },
      ],
      scopes: { 'notes:read': [], 'notes:write': ['notes:read'], 'notes:delete': [] },
      advertisedScopes: ['notes:read', 'notes:write'],
      challengeScopes: ['notes:read'],
      operations: {
        tools: {
          read: { scopes: ['notes:read'] },
          write: { scopes: ['notes:write'] },
          delete: { scopes: ['notes:delete'] },
        },
      },
    })
    stop = await start(server, port)
  })
  afterAll(() => stop())

  const sign = (claims: Record<string, unknown> = {}, header = {}, key?: SigningKey) =>
    issuer.sign({ aud: url, ...claims }, header, key?.privateKey)

  const call = (name: string, token?: string) => mcpRequest(url, token, 'tools/call', { name, arguments: {} })

  function post(body: string, headers: Record<string, string>): Promise<Response> {
    const accept = 'application/json, text/event-stream'
    return fetch(url, { method: 'POST', headers: { accept, 'content-type': 'application/json', ...headers }, body })
  }

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])('answers %s without a token with 401', async (method) => {
    const response = await fetch(url, { method })
    expect(response.status).toBe(401)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
    expect(parseChallenge(response.headers.get('www-authenticate') ?? '')).toEqual({
      scheme: 'Bearer',
      parameters: { scope: 'notes:read', resource_metadata: metadataUrl() },
    })
    const body = await response.text()
    expect(body === '').toBe(method === 'HEAD')
  })

  it.each(['/mcp', '/.well-known/oauth-protected-resource/mcp'])('answers the preflight of %s', async (path) => {
    const headers = { origin: 'https://page.example', 'access-control-request-method': 'POST' }
    const response = await fetch(origin + path, { method: 'OPTIONS', headers })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-headers')).toContain('Authorization')
  })

  it.each([
    ['/.well-known/oauth-protected-resource/mcp', '/mcp'],
    ['/.well-known/oauth-protected-resource/mcp/', '/mcp/'],
    ['/.well-known/oauth-protected-resource', '/mcp'],
  ])('publishes metadata at %s', async (path, resource) => {
    const response = await fetch(origin + path)
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toMatchObject({
      resource: origin + resource,
      authorization_servers: [issuer.issuer, opaqueIssuer.issuer],
      scopes_supported: ['notes:read', 'notes:write'],
      resource_name: 'Matrix',
    })
    const etag = response.headers.get('etag') ?? ''
    expect((await fetch(origin + path, { headers: { 'if-none-match': etag } })).status).toBe(304)
    const head = await fetch(origin + path, { method: 'HEAD' })
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, etag, ''])
    expect((await fetch(origin + path, { method: 'POST' })).status).toBe(405)
  })

  it.each<[string, () => Promise<string> | string]>([
    ['a signature of another key', () => sign({}, {}, strangersKey)],
    ['no signature', () => unsignedJwt({ alg: 'none', typ: 'at+jwt' }, { iss: issuer.issuer, aud: url })],
    ['another issuer', () => sign({ iss: 'https://stranger.example' })],
    ['an issuer that did not sign it', () => sign({ iss: opaqueIssuer.issuer })],
    ['another audience', () => sign({ aud: `${origin}/other` })],
    ['no audience', () => sign({ aud: undefined })],
    ['an end that is past', () => sign({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ['the type of an ID token', () => sign({}, { typ: 'JWT' })],
    ['an opaque form that is revoked', () => 'opaque-revoked'],
    ['a binding but no proof', () => sign({ cnf: { jkt: dpopKey.thumbprint } })],
  ])('refuses a token with %s', async (_what, make) => {
    const { status, challenge } = await call('whoami', await make())
    expect(status).toBe(401)
    expect(challenge).toMatchObject({ error: 'invalid_token', scope: 'notes:read', resource_metadata: metadataUrl() })
  })

  it('takes tokens from the header alone, and well-formed ones', async () => {
    const token = await sign()
    expect((await fetch(`${url}?access_token=${token}`, { method: 'POST' })).status).toBe(401)
    expect((await post('{}', { cookie: `access_token=${token}` })).status).toBe(401)
    expect((await post('{}', { authorization: 'Bearer two tokens' })).status).toBe(400)
    const twice = request(url, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
    twice.appendHeader('authorization', 'Bearer other')
    const [answer] = await once(twice.end(), 'response')
    const { statusCode, headers } = (answer as IncomingMessage).resume()
    expect([statusCode, parseChallenge(headers['www-authenticate'] ?? '')]).toMatchObject([
      400,
      { parameters: { error: 'invalid_request' } },
    ])
  })

  it('answers 503 while it cannot find out what a token is worth', async () => {
    const { status, headers } = await call('whoami', 'opaque-outage')
    expect([status, headers.get('retry-after'), headers.get('www-authenticate')]).toEqual([503, '2', null])
  })

  it('tells the handler who is calling, for JWTs and opaque tokens', async () => {
    for (const token of [await sign(), 'opaque-good']) {
      const { reply, headers } = await call('whoami', token)
      expect(headers.get('access-control-allow-origin')).toBe('*')
      expect(JSON.parse(reply?.result?.content?.[0]?.text ?? '')).toEqual({
        clientId: 'client-1',
        scopes: ['notes:read'],
        lives: 'number',
        resource: url,
        resourceMetadataUrl: metadataUrl(),
        sub: 'user-1',
      })
    }
  })

  it.each([
    ['read', 'notes:read', undefined],
    ['read', 'notes:write', undefined],
    ['write', 'notes:read', 'notes:read notes:write'],
    ['delete', 'notes:write', 'notes:write notes:delete'],
    ['whoami', '', undefined],
  ])('lets "%s" be called with "%s", or asks for %p', async (tool, scope, asked) => {
    const { status, challenge } = await call(tool, await sign({ scope }))
    expect(status).toBe(asked === undefined ? 200 : 403)
    if (asked === undefined) return
    expect(challenge).toMatchObject({ error: 'insufficient_scope', scope: asked, resource_metadata: metadataUrl() })
  })

  it.each(['2025-03-26', '2025-06-18', '2025-11-25'])('serves and refuses clients of %s', async (revision) => {
    const token = await sign()
    const message = (name: string) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } })
    const served = await readMcpAnswer(await postLegacy(url, token, revision, message('whoami')))
    expect(served.reply?.result?.content?.[0]?.text).toContain('user-1')
    expect((await postLegacy(url, token, revision, message('delete'))).status).toBe(403)
    expect((await postLegacy(url, token, revision, [message('whoami'), message('delete')])).status).toBe(403)
    expect((await postLegacy(url, undefined, revision, message('whoami'))).status).toBe(401)
  })

  it.each(['GET', 'HEAD', 'DELETE'])('lets %s through with a good token', async (method) => {
    const response = await fetch(url, { method, headers: { authorization: `Bearer ${await sign()}` } })
    // A stateless MCP server has nothing there; that it says so itself is what counts.
    expect(response.status).toBe(405)
    expect(response.headers.get('www-authenticate')).toBeNull()
  })

  it('judges a body whatever type and method say, and only one that it can read', async () => {
    const authorization = `Bearer ${await sign()}`
    const forbidden = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'delete' } })
    expect((await post(forbidden, { authorization, 'content-type': 'text/plain' })).status).toBe(403)
    const headers = { authorization, 'content-type': 'application/json' }
    expect((await fetch(url, { method: 'DELETE', headers, body: forbidden })).status).toBe(403)
    expect((await post('{"jsonrpc"', { authorization })).status).toBe(400)
    expect((await post(`"${'x'.repeat(1_100_000)}"`, { authorization })).status).toBe(413)
  })

  it('takes a key-bound token with a proof, once (RFC 9449)', async () => {
    const token = await sign({ cnf: { jkt: dpopKey.thumbprint } })
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami' } })
    const ask = async (proof: string) => (await post(body, { authorization: `DPoP ${token}`, dpop: proof })).status
    const proof = await dpopKey.prove({ url, token })
    expect(await ask(proof)).toBe(200)
    expect(await ask(proof)).toBe(401)
    expect(await ask(await dpopKey.prove({ url: `${origin}/other`, token }))).toBe(401)
    expect(await ask(await dpopKey.prove({ method: 'GET', url, token }))).toBe(401)
    expect(
      (await post(body, { authorization: `DPoP ${await sign()}`, dpop: await dpopKey.prove({ url, token }) })).status,
    ).toBe(401)
  })
})

describe.each(Object.entries(partlyProtected))('a part of %s', (_name, start) => {
  let origin: string
  let stop: () => Promise<void>

  beforeAll(async () => {
    const port = await freePort()
    origin = `http://127.0.0.1:${port}`
    const server = createResourceServer({
      resource: `${origin}/inner/mcp`,
      authorizationServers: issuer.issuer,
      operations: { tools: { delete: { scopes: ['notes:delete'] } } },
    })
    stop = await start(server, port)
  })
  afterAll(() => stop())

  it('is protected, the rest is open, and the metadata leads from one to the other', async () => {
    expect(await (await fetch(`${origin}/open`)).text()).toBe('open')
    const refused = await fetch(`${origin}/inner/mcp`, { method: 'POST' })
    expect(refused.status).toBe(401)
    const { resource_metadata: metadataUrl = '' } =
      parseChallenge(refused.headers.get('www-authenticate') ?? '')?.parameters ?? {}
    const metadata = await fetch(metadataUrl)
    expect(metadata.headers.get('access-control-allow-origin')).toBe('*')
    expect(await metadata.json()).toMatchObject({ resource: `${origin}/inner/mcp` })
    expect((await fetch(metadataUrl, { method: 'OPTIONS' })).status).toBe(204)
    expect((await fetch(`${origin}/elsewhere`)).status).not.toBe(200)
  })

  it('judges the very body that its handler gets, whoever reads it', async () => {
    const token = await issuer.sign({ aud: `${origin}/inner/mcp` })
    const call = (name: string, type: string) =>
      fetch(`${origin}/inner/mcp`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': type,
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
      })
    for (const type of ['application/json', 'text/plain', 'application/octet-stream'])
      expect((await call('delete', type)).status).toBe(403)
    expect((await call('whoami', 'application/json')).status).toBe(200)
  })
})

describe('an Express server on SDK 1.x that was there before', () => {
  it('gets the caller where its SDK looks, and its parsed body is what is judged', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/mcp`
    const stop = await existingServer(
      createResourceServer({
        resource: url,
        authorizationServers: issuer.issuer,
        operations: { tools: { delete: { scopes: ['notes:delete'] } } },
      }),
      port,
    )
    const token = await issuer.sign({ aud: url })
    const ask = (name: string) =>
      postLegacy(url, token, '2025-11-25', {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name, arguments: {} },
      })
    try {
      const { reply } = await readMcpAnswer(await ask('whoami'))
      expect(JSON.parse(reply?.result?.content?.[0]?.text ?? '')).toMatchObject({ sub: 'user-1', resource: url })
      expect((await ask('delete')).status).toBe(403)
    } finally {
      await stop()
    }
  })
})
