/** No client but the operator's may have people sent to a host of this server or of its resources (RFC 9700 §4.1). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { notesResource } from '../../src/notes/notes-resource.js'
import { pageOf } from '../support/browser.js'
import {
  discoverServer,
  type Grant,
  obtainTokens,
  register,
  type ServerMetadata,
  startAuthorization,
} from '../support/oauth-client.js'
import { readJson, startServer, type TestServer } from './server.js'

const resource = 'https://mcp.example.com/mcp'
const good = 'https://client.example/cb'
const documents: Readonly<Record<string, readonly string[]>> = {
  'https://client.example/own-alone': ['https://mcp.example.com/cb'],
  'https://client.example/both': [good, 'https://mcp.example.com/cb'],
  'https://mcp.example.com/document': ['https://mcp.example.com/cb'],
}

let server: TestServer
let metadata: ServerMetadata
let own: string
beforeAll(async () => {
  server = await startServer('embedded', {
    resources: [{ ...notesResource(resource), aliases: ['https://old.example.com/mcp'] }],
    untrustedFetch: async (url) =>
      Response.json({ client_id: url, client_name: 'Reader', redirect_uris: documents[String(url)] }),
  })
  metadata = await discoverServer(server.issuer)
  own = new URL(server.issuer).port
})
afterAll(() => server.close())

function post(body: Record<string, unknown>): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(`${server.issuer}/register`, { method: 'POST', headers, body: JSON.stringify(body) })
}

function open(clientId: string, redirectUri: string) {
  const { url } = startAuthorization(metadata, { clientId, redirectUri, resource, scope: 'notes:read' })
  return server.newBrowser().open(url)
}

const refusal = {
  error: 'invalid_redirect_uri',
  error_description: expect.stringContaining('must not be on a host of this server or its resources'),
}

describe('A registration with a redirect on an own host', () => {
  it.each<[string, (port: string) => string]>([
    ['the issuer', (port) => `http://localhost:${port}/device`],
    ['the issuer, by another name of loopback', (port) => `http://127.0.0.1:${port}/logout`],
    ['the resource', () => 'https://mcp.example.com/mcp'],
    ['the resource, at another port and in capitals', () => 'https://MCP.example.com:8443/cb'],
    ['the resource, with a dot at the end', () => 'https://mcp.example.com./cb'],
    ['a former name of the resource', () => 'https://old.example.com/'],
  ])('is refused: %s', async (_what, uriAt) => {
    for (const member of ['redirect_uris', 'post_logout_redirect_uris']) {
      const answer = await post({ redirect_uris: [good], [member]: [uriAt(own)] })
      expect([member, answer.status, await readJson(answer)]).toEqual([member, 400, refusal])
    }
  })

  it('is refused as an update (RFC 7592), too', async () => {
    const registered = await readJson(await post({ redirect_uris: [good] }))
    const answer = await fetch(String(registered['registration_client_uri']), {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${String(registered['registration_access_token'])}`,
      },
      body: JSON.stringify({ client_id: registered['client_id'], redirect_uris: ['https://mcp.example.com/cb'] }),
    })
    expect([answer.status, await readJson(answer)]).toEqual([400, refusal])
  })

  it('keeps the others, and no link to an own host', async () => {
    const answer = await post({
      redirect_uris: [good, 'https://mcp.example.com/cb'],
      client_uri: 'https://mcp.example.com/',
      policy_uri: 'https://client.example/privacy',
    })
    const { redirect_uris: uris, ...rest } = await readJson(answer)
    expect([answer.status, uris, rest['policy_uri']]).toEqual([201, [good], 'https://client.example/privacy'])
    expect(rest).not.toHaveProperty('client_uri')
  })

  it('takes neighbours below the same domain: they are other machines', async () => {
    const answer = await post({ redirect_uris: ['https://app.example.com/cb'] })
    expect(answer.status).toBe(201)
  })
})

describe('A program on loopback beside a server on loopback', () => {
  it('signs in at its own port', async () => {
    const redirectUri = 'http://localhost:53712/callback'
    const { client_id: clientId } = await register(metadata, { redirect_uris: ['http://localhost/callback'] })
    const grant: Grant = { server: metadata, clientId, redirectUri, resource }
    const tokens = await obtainTokens(grant, server.newBrowser(), { account: server.account }, 'notes:read')
    expect(tokens.access_token).toMatch(/^ey/)
  })

  it('is not sent to the port of the server, which a registration without a port would allow', async () => {
    const { client_id: clientId } = await register(metadata, { redirect_uris: ['http://localhost/device'] })
    const page = pageOf(await open(clientId, `http://localhost:${own}/device`))
    expect([page.status, page.headers.get('location')]).toEqual([400, null])
    expect(page.text).toContain('invalid_redirect_uri')
  })
})

describe('After signing out', () => {
  it.each([
    ['http://localhost:53712/signed-out', true],
    [`at the server’s own port`, false],
  ])('a program on loopback gets the person back: %s', async (uri, isAllowed) => {
    const { client_id: clientId } = await register(metadata, {
      redirect_uris: ['http://localhost/callback'],
      post_logout_redirect_uris: ['http://localhost/signed-out'],
    })
    const url = new URL(metadata.end_session_endpoint ?? '')
    url.searchParams.set('client_id', clientId)
    url.searchParams.set('post_logout_redirect_uri', isAllowed ? uri : `http://localhost:${own}/signed-out`)
    const arrival = await server.newBrowser().open(url.href)
    expect('page' in arrival && arrival.page.status === 400).toBe(!isAllowed)
  })
})

describe('A metadata document with a redirect on an own host', () => {
  it.each([
    ['https://client.example/own-alone', 'https://mcp.example.com/cb'],
    ['https://client.example/both', 'https://mcp.example.com/cb'],
    ['https://mcp.example.com/document', 'https://mcp.example.com/cb'],
  ])('is no way there: %s', async (clientId, redirectUri) => {
    const page = pageOf(await open(clientId, redirectUri))
    expect(page.status).toBeGreaterThanOrEqual(400)
    expect(page.headers.get('location')).toBeNull()
  })

  it('works at its other redirects', async () => {
    expect(pageOf(await open('https://client.example/both', good)).status).toBe(200)
  })
})

describe('A stored client with a redirect on an own host', () => {
  const redirectUri = 'https://mcp.example.com/console'
  const stored = { client_name: 'Console', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' as const }

  it('is served when the operator made it', async () => {
    await server.clients.save('console', { client_id: 'console', ...stored }, 'static')
    expect(pageOf(await open('console', redirectUri)).status).toBe(200)
  })

  it('is refused when it registered itself before the host became an own one', async () => {
    await server.clients.save('earlier', { client_id: 'earlier', ...stored }, 'dynamic')
    const page = pageOf(await open('earlier', redirectUri))
    expect([page.status, page.headers.get('location')]).toEqual([400, null])
  })
})
