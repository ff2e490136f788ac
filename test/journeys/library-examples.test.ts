/** The examples that the manual quotes, run: their hosts are servers on loopback. */
import { createHash } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomSecret } from '../../src/base/secrets.js'
import {
  createResourceServer,
  type FetchFunction,
  type ProtectedResourceSettings,
} from '../../src/resource-server/index.js'
import { protect } from '../../src/resource-server/node-http.js'
import { exampleBlock, exampleNames } from '../manual/examples.js'
import { sectionText } from '../manual/pages.js'
import { eventually } from '../support/eventually.js'
import { mcpRequest } from '../support/mcp-request.js'
import { listenOn } from '../support/opened.js'
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js'
import { createApp as createHonoApp, settings as honoStreams } from './examples/hono-streams.js'
import { createApp as createFrontApp } from './examples/issuer-front.js'
import { createApp as createKoaApp, settings as koaScopes } from './examples/koa-scopes.js'
import { settings as opaqueTokens } from './examples/opaque-tokens.js'
import { settings as repairedMetadata } from './examples/repaired-metadata.js'
import { createGuard } from './examples/revocation-feed.js'
import { settings as twoResources } from './examples/two-resources.js'

const login = 'https://login.example.com'
const partners = 'https://partners.example.com'

/** Stand-ins for the hosts of the examples. */
let hosts: Record<string, TokenIssuer>
const listening: Server[] = []

beforeAll(async () => {
  hosts = { [login]: await startTokenIssuer(), [partners]: await startTokenIssuer() }
  for (const [issuer, { routes }] of Object.entries(hosts)) {
    const metadata = { issuer, jwks_uri: `${issuer}/jwks`, introspection_endpoint: `${issuer}/introspection` }
    routes.set('/.well-known/oauth-authorization-server', { body: metadata })
  }
})
afterAll(async () => {
  for (const listener of listening) {
    listener.closeAllConnections()
    await new Promise((resolve) => listener.close(resolve))
  }
  await Promise.all(Object.values(hosts).map((host) => host.close()))
})

function hostOf(issuer: string): TokenIssuer {
  const host = hosts[issuer]
  if (host === undefined) throw new Error(`nobody stands in for ${issuer}`)
  return host
}

function fetchFromStandIns(url: string, init?: RequestInit): Promise<Response> {
  const { origin, pathname } = new URL(url)
  return fetch(hostOf(origin).origin + pathname, init)
}

async function listenTo(handle: RequestListener): Promise<string> {
  const listener = createServer(handle)
  await listenOn(listener)
  listening.push(listener)
  return `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
}

/** Serves an example, a single MCP endpoint or several, with a handler that says who is calling. */
async function serve(settings: ProtectedResourceSettings | readonly ProtectedResourceSettings[]) {
  const server = createResourceServer(settings, { fetch: fetchFromStandIns })
  const url = await listenTo(
    protect(server, (request, response) => void response.end(String(request.accessToken.subject))),
  )
  return async (path: string, token?: string) => {
    const response = await fetch(url + path, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    })
    return { status: response.status, body: await response.text(), challenge: response.headers.get('www-authenticate') }
  }
}

describe('examples', () => {
  it.each(exampleNames)('%s is what the manual shows (npm run docs)', (name) => {
    expect(sectionText(name)).toBe(`${exampleBlock(name)}\n`)
  })

  it('asks for scopes tool by tool in Koa, and serves who has them', async () => {
    const aud = 'https://notes.example.com/mcp'
    const url = await listenTo(createKoaApp(createResourceServer(koaScopes, { fetch: fetchFromStandIns })).callback())
    const call = async (name: string, scope?: string) =>
      mcpRequest(`${url}/mcp`, scope && (await hostOf(login).sign({ iss: login, aud, scope })), 'tools/call', {
        name,
        arguments: {},
      })
    expect(await call('list')).toMatchObject({ status: 401, challenge: { scope: 'notes:read' } })
    const did = (name: string) => ({ status: 200, reply: { result: { content: [{ text: `did ${name}` }] } } })
    expect(await call('list', 'notes:read')).toMatchObject(did('list'))
    expect(await call('list', 'notes:write')).toMatchObject(did('list'))
    expect(await call('add', 'notes:read')).toMatchObject({
      status: 403,
      challenge: { scope: 'notes:read notes:write' },
    })
    expect(await call('add', 'notes:write')).toMatchObject(did('add'))
    expect(await call('wipe', 'notes:write')).toMatchObject({
      status: 403,
      challenge: { scope: 'notes:write notes:admin' },
    })
    expect(await call('wipe', 'notes:admin')).toMatchObject(did('wipe'))
  })

  it('works on web streams in Hono', async () => {
    const aud = 'https://notes.example.com/mcp'
    const app = createHonoApp(createResourceServer(honoStreams, { fetch: fetchFromStandIns }))
    const url = await listenTo(getRequestListener(app.fetch, { overrideGlobalObjects: false }))
    const token = await hostOf(login).sign({ iss: login, aud, sub: 'ada' })
    const called = await mcpRequest(`${url}/mcp`, token, 'tools/call', { name: 'whoami', arguments: {} })
    expect(called).toMatchObject({ status: 200, reply: { result: { content: [{ text: 'ada' }] } } })
    expect(await mcpRequest(`${url}/mcp`, 'bad', 'tools/list')).toMatchObject({ status: 401 })
    const document = await app.request('https://notes.example.com/.well-known/oauth-protected-resource/mcp')
    expect(await document.json()).toMatchObject({ resource: aud, authorization_servers: [login] })
  })

  it('takes opaque tokens and JWTs of people of one tenant', async () => {
    const aud = 'https://notes.example.com/mcp'
    const host = hostOf(login)
    const exp = Math.floor(Date.now() / 1000) + 60
    const opaque = { active: true, aud, client_id: 'c', sub: 'ada', exp, scope: 'notes:read', tenant: 'acme' }
    host.routes.set('/introspection', (body) => ({
      body: body.includes('token=opaque') ? opaque : { active: false },
    }))
    const ask = await serve(opaqueTokens)
    const sign = (claims: object) => host.sign({ iss: login, aud, tenant: 'acme', ...claims })
    expect(await ask('/mcp', 'opaque')).toMatchObject({ status: 200, body: 'ada' })
    expect(await ask('/mcp', await sign({ sub: 'grace' }))).toMatchObject({ status: 200, body: 'grace' })
    expect(await ask('/mcp', 'unknown')).toMatchObject({ status: 401 })
    expect(await ask('/mcp', await sign({ tenant: 'other' }))).toMatchObject({ status: 401 })
    expect(await ask('/mcp', await sign({ sub: 'client-1' }))).toMatchObject({ status: 401 })
    expect(await ask('/mcp', await sign({ scope: '' }))).toMatchObject({
      status: 403,
      challenge: expect.stringContaining('scope="notes:read"'),
    })
  })

  it('repairs metadata, and still takes no other issuer', async () => {
    const aud = 'https://notes.example.com/mcp'
    const host = hostOf(login)
    const wrong = { issuer: `${login}/`, keys_url: `${login}/jwks` }
    host.routes.set('/oauth2/config.json', { body: wrong })
    const ask = await serve(repairedMetadata)
    expect(await ask('/mcp', await host.sign({ iss: login, aud }, { typ: undefined }))).toMatchObject({ status: 200 })
    expect(await ask('/mcp', await host.sign({ iss: `${login}/`, aud }))).toMatchObject({ status: 401 })
    const unrepaired = {
      ...repairedMetadata,
      authorizationServers: { issuer: login, metadataUrl: `${login}/oauth2/config.json` },
    }
    const decision = await createResourceServer(unrepaired, { fetch: fetchFromStandIns }).decide({
      method: 'POST',
      url: '/mcp',
      headers: { authorization: `Bearer ${await host.sign({ iss: login, aud })}` },
    })
    expect(decision).toMatchObject({ answer: { status: 503 } })
  })

  it('keeps two resources apart', async () => {
    const ask = await serve(twoResources)
    const [notes, files] = ['https://api.example.com/notes', 'https://api.example.com/files']
    const token = (iss: string, aud: string) => hostOf(iss).sign({ iss, aud })
    expect(await ask('/notes', await token(login, notes))).toMatchObject({ status: 200 })
    expect(await ask('/notes', await token(partners, notes))).toMatchObject({ status: 200 })
    expect(await ask('/files', await token(partners, files))).toMatchObject({ status: 200 })
    expect(await ask('/files', await token(login, files))).toMatchObject({ status: 401 })
    expect(await ask('/files', await token(partners, notes))).toMatchObject({ status: 401 })
    const { body } = await ask('/.well-known/oauth-protected-resource/notes')
    expect(JSON.parse(body)).toMatchObject({
      resource: notes,
      authorization_servers: [login, partners],
      resource_documentation: 'https://docs.example.com/notes',
    })
    expect(await ask('/files')).toMatchObject({ status: 401, challenge: expect.stringContaining('realm="Files"') })
  })

  it('refuses a token that the revocation feed ended', async () => {
    const aud = 'https://notes.example.com/mcp'
    const host = hostOf(login)
    const jti = crypto.randomUUID()
    const at = Math.floor(Date.now() / 1000)
    const metadata = { issuer: login, jwks_uri: `${login}/jwks`, gatehouse_revocation_feed_endpoint: `${login}/feed` }
    host.routes.set('/.well-known/oauth-authorization-server', { body: metadata })
    const ended = { kind: 'token', id: createHash('sha256').update(jti).digest('base64url'), at, expires_at: at + 600 }
    let told: object[] = []
    host.routes.set('/feed', () => ({
      body: { revocations: told, cursor: String(told.length), more: false, complete: true },
    }))
    const { feed, guard } = createGuard('secret', fetchFromStandIns)
    const url = await listenTo(protect(guard, (_, response) => void response.end('called')))
    const token = await host.sign({ iss: login, aud, jti })
    const statusOf = async () => (await fetch(`${url}/mcp`, { headers: { authorization: `Bearer ${token}` } })).status
    try {
      expect(await statusOf()).toBe(200)
      told = [ended]
      await eventually(async () => (await statusOf()) === 401)
    } finally {
      feed.close()
    }
  })

  it('lets a client register at another authorization server through the front', async () => {
    const registered: { client_name?: string; redirect_uris?: string[]; scope?: string }[] = []
    const upstream: FetchFunction = async (url, init) => {
      if (!url.startsWith('http://hydra:4445/')) return fetchFromStandIns(url, init)
      registered.push(JSON.parse(String(init?.body)))
      return Response.json({ client_id: 'upstream-1' }, { status: 201 })
    }
    const front = 'https://mcp.example.com'
    const endpoints = { authorization_endpoint: `${login}/authorize`, token_endpoint: `${login}/token` }
    const metadata = { issuer: login, jwks_uri: `${login}/jwks`, ...endpoints }
    hostOf(login).routes.set('/.well-known/oauth-authorization-server', {
      body: { ...metadata, code_challenge_methods_supported: ['S256'], response_types_supported: ['code'] },
    })
    const url = await listenTo(createFrontApp(randomSecret(), upstream))
    const document = await (await fetch(`${url}/.well-known/oauth-authorization-server`)).json()
    expect(document).toMatchObject({ issuer: front, registration_endpoint: `${front}/register` })
    const answer = await fetch(`${url}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'A client', redirect_uris: ['http://127.0.0.1:1/callback'] }),
    })
    expect(answer.status).toBe(201)
    expect(registered).toEqual([
      expect.objectContaining({ scope: 'notes:read notes:write', redirect_uris: [`${front}/authorize/callback`] }),
    ])
  })
})
