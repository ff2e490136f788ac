import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { cpuMilliseconds } from '../support/cpu-time.js'
import { refusedMetadata, refusedRedirects, web } from './refused-metadata.js'
import { register } from './registration-requests.js'
import { startServer, type TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer('embedded')
})
afterAll(() => server.close())

describe('Dynamic client registration (RFC 7591): what is refused', () => {
  it.each(refusedRedirects)('redirect_uri %j, alone; beside a good one it is left out', async (redirectUri) => {
    for (const redirectUris of [[redirectUri], [redirectUri, redirectUri]]) {
      const answer = await register(server, { redirect_uris: redirectUris })
      expect([answer.status, answer.body['error']]).toEqual([
        400,
        expect.stringMatching(/^invalid_(redirect_uri|client_metadata)$/),
      ])
      expect(JSON.stringify(answer.body)).not.toMatch(/evil|alert/)
    }
    for (const members of [{}, { application_type: 'native' }]) {
      for (const redirectUris of [
        [...web.redirect_uris, redirectUri],
        [redirectUri, ...web.redirect_uris],
      ]) {
        const { status, body } = await register(server, { ...members, redirect_uris: redirectUris })
        expect([status, body['redirect_uris']]).toEqual([201, web.redirect_uris])
        const stored = await server.clients.find(String(body['client_id']))
        expect(stored?.metadata.redirect_uris).toEqual(web.redirect_uris)
      }
    }
  })

  it.each([
    ...refusedMetadata,
    ['no redirect_uris', {}],
    ['a body that is no object', '[]'],
    ['a body that is no JSON', '{"redirect_uris"'],
    ['nothing', ''],
    ['a body 20,000 levels deep', `{"redirect_uris":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    [
      'another member 20,000 levels deep',
      `{"redirect_uris":["https://client.example/cb"],"jwks":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`,
    ],
  ])('%s', async (_name, body) => {
    const answer = await register(server, body)
    expect([answer.status, answer.body['error']]).toEqual([400, expect.stringMatching(/^invalid_/)])
    expect(answer.headers.get('cache-control')).toMatch(/no-store/)
  })

  it('says which rule it was: in words to the client, by name and source in the log', async () => {
    const { body } = await register(server, { redirect_uris: ['http://evil.example/cb'], client_name: 'x\u202e' })
    expect(body).toEqual({
      error: 'invalid_redirect_uri',
      error_description:
        'redirect_uris must be https, or http on localhost, 127.0.0.1 or [::1], without user, fragment or wildcard',
    })
    expect(JSON.parse(server.logLines.at(-1) ?? '')).toMatchObject({
      error: 'invalid_redirect_uri',
      errorDetail: expect.stringMatching(/redirect-uri-forbidden \(RFC 9700 §2\.1, RFC 8252 §7\), client-name \(RFC/),
    })
  })

  it('more than a registration may leave behind, in words that name the bound', async () => {
    const redirects = Array.from({ length: 20 }, (_, index) => `https://client.example/${index}/${'x'.repeat(190)}`)
    const { status, body } = await register(server, { redirect_uris: redirects })
    expect([status, body]).toEqual([
      400,
      {
        error: 'invalid_client_metadata',
        error_description: 'a registration has at most 4096 bytes of metadata, with the defaults that are filled in',
      },
    ])
    expect((await register(server, { redirect_uris: redirects.slice(0, 15) })).status).toBe(201)
  })

  it('a body that is too large, at once', async () => {
    const spent = await cpuMilliseconds(async () => {
      const { status } = await register(server, { ...web, client_name: 'x'.repeat(2_000_000) })
      expect([400, 413]).toContain(status)
    })
    expect(spent).toBeLessThan(2_000)
  })

  it('forms, and members that would pollute', async () => {
    const form = await fetch(`${server.issuer}/register`, {
      method: 'POST',
      body: new URLSearchParams({ redirect_uris: 'x' }),
    })
    expect(form.status).toBe(400)
    await register(
      server,
      '{"redirect_uris":["https://client.example/cb"],"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    )
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })
})
