/** A loopback redirect without a path, and the same with a slash: one for every request that names it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { discoverServer, type Grant, obtainTokens, register, type ServerMetadata } from '../support/oauth-client.js'
import { resource, startServer, type TestServer } from './server.js'

let server: TestServer
let metadata: ServerMetadata
beforeAll(async () => {
  server = await startServer('embedded')
  metadata = await discoverServer(server.issuer)
})
afterAll(() => server.close())

describe('a loopback redirect without a path', () => {
  it.each([
    ['http://127.0.0.1:33418', 'http://127.0.0.1:33418/'],
    ['http://127.0.0.1:33418/', 'http://127.0.0.1:33418'],
    ['http://localhost', 'http://localhost:4711/'],
    ['http://[::1]:5000/', 'http://[::1]:5001'],
  ])('registered as %s signs in as %s', async (registered, redirectUri) => {
    const { client_id: clientId } = await register(metadata, { redirect_uris: [registered] })
    const grant: Grant = { server: metadata, clientId, redirectUri, resource }
    const tokens = await obtainTokens(grant, server.newBrowser(), { account: server.account }, 'notes:read')
    expect(tokens.access_token).toMatch(/^ey/)
  })

  it.each([
    ['https://client.example', 'https://client.example/'],
    ['https://client.example/', 'https://client.example'],
    ['http://127.0.0.1:33418', 'http://127.0.0.1:33418//'],
    ['http://127.0.0.1:33418/a', 'http://127.0.0.1:33418/a/'],
    ['http://127.0.0.1:33418', 'http://localhost:33418/'],
    ['http://127.0.0.1:33418/', 'http://127.0.0.1:33418/?x=1'],
  ])('is not meant where %s is registered and %s asked for', async (registered, redirectUri) => {
    const { client_id: clientId } = await register(metadata, { redirect_uris: [registered] })
    const url = new URL(metadata.authorization_endpoint)
    const parameters = { client_id: clientId, redirect_uri: redirectUri, response_type: 'code', scope: 'notes:read' }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    const response = await fetch(url, { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
  })
})
