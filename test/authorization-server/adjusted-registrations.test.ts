/** Registrations that are taken with less than was asked for: the answer says what was registered (RFC 7591 §3.2.1). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { adjustedMetadata, web } from './refused-metadata.js'
import { opens, register } from './registration-requests.js'
import { startServer, type TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer('embedded')
})
afterAll(() => server.close())

describe('Dynamic client registration (RFC 7591): what is registered without', () => {
  // Named, because Jest takes a parameter that a row leaves out for its callback.
  const rows = adjustedMetadata.map(([what, member, given, kept]) => ({ what, member, given, kept }))
  it.each(rows)('$what', async ({ member, given, kept }) => {
    const { status, body } = await register(server, { ...web, [member]: given })
    expect([status, body[member]]).toEqual([201, kept])
    const stored = await server.clients.find(String(body['client_id']))
    expect({ ...stored?.metadata }[member]).toEqual(kept)
    expect(await opens(server, body['client_id'], 'https://client.example/cb')).toBe(200)
  })

  it('everything at once, and the client gets as far as the sign-in', async () => {
    const loopback = 'http://127.0.0.1:3000/cb'
    const { status, body } = await register(server, {
      redirect_uris: ['vscode://publisher.extension/cb', loopback, 'https://localhost:3000/cb'],
      post_logout_redirect_uris: ['vscode://x', loopback],
      client_name: `Reader ${'x'.repeat(400)}`,
      client_uri: 'vscode://x',
      logo_uri: 'data:image/png;base64,AAAA',
      tos_uri: 'undefined',
      policy_uri: '/privacy',
      contacts: 'ada@client.example',
      software_version: 2,
    })
    expect(status).toBe(201)
    expect(body).toMatchObject({
      redirect_uris: [loopback],
      post_logout_redirect_uris: [loopback],
      application_type: 'native',
      software_version: '2',
    })
    for (const member of ['client_uri', 'logo_uri', 'tos_uri', 'policy_uri', 'contacts'])
      expect(body).not.toHaveProperty(member)
    expect(await opens(server, body['client_id'], loopback)).toBe(200)
    expect(await opens(server, body['client_id'], 'vscode://publisher.extension/cb')).toBe(400)
  })

  it('a private-use redirect makes no native client of a website when it is left out', async () => {
    const { body } = await register(server, { redirect_uris: ['vscode://x', 'https://client.example/cb'] })
    expect(body).toMatchObject({ redirect_uris: ['https://client.example/cb'], application_type: 'web' })
  })
})
