/** A client that tried `Authorization: Basic` is answered 401 with a Basic challenge (RFC 6749 §5.2), at every endpoint that asks who it is. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { addConfidentialClient, readJson, startServer, type TestServer } from './server.js'

const endpoints: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['/token', { grant_type: 'client_credentials' }],
  ['/token', { grant_type: 'authorization_code', code: 'x', redirect_uri: 'https://client.example/cb' }],
  ['/token', { grant_type: 'refresh_token', refresh_token: 'x' }],
  ['/revoke', { token: 'x' }],
  ['/introspect', { token: 'x' }],
  ['/par', { response_type: 'code', redirect_uri: 'https://client.example/cb' }],
  ['/device/authorize', { scope: 'notes:read' }],
  ['/revocations', {}],
]

describe('Client authentication by header that fails', () => {
  let server: TestServer
  let clientId: string
  beforeAll(async () => {
    server = await startServer('embedded')
    const redirects = { redirect_uris: ['https://client.example/cb'], response_types: ['code'] }
    const grants = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code']
    const made = await addConfidentialClient(server, { ...redirects, grant_types: grants })
    clientId = made.clientId
  })
  afterAll(() => server.close())

  const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`
  const headers: readonly (readonly [string, () => string])[] = [
    ['a wrong secret', () => basic(`${clientId}:wrong`)],
    ['a client that there is not', () => basic('nobody:secret')],
  ]

  it.each(
    headers.flatMap(([what, header]) =>
      endpoints.flatMap(([path, parameters]) => [
        [what, `${path} ${parameters['grant_type'] ?? ''}`, path, header, parameters] as const,
        [what, `${path} without parameters`, path, header, {}] as const,
      ]),
    ),
  )('%s at %s is 401 with a challenge', async (_what, _where, path, header, parameters) => {
    const response = await fetch(server.issuer + path, {
      method: 'POST',
      headers: { authorization: header() },
      body: new URLSearchParams(parameters),
    })
    const challenge = response.headers.get('www-authenticate')
    expect([response.status, challenge]).toEqual([401, expect.stringMatching(/^Basic realm="/)])
    expect(await readJson(response)).toMatchObject({ error: 'invalid_client' })
  })

  // The revocation feed takes forms alone, as our own resource server sends them.
  const paths = new Set(endpoints.map(([path]) => path).filter((path) => path !== '/revocations'))
  it.each([...paths])('a header alone at %s, without a body', async (path) => {
    const headers = { authorization: basic(`${clientId}:wrong`) }
    const response = await fetch(server.issuer + path, { method: 'POST', headers })
    const challenge = response.headers.get('www-authenticate')
    expect([response.status, challenge]).toEqual([401, expect.stringMatching(/^Basic realm="/)])
  })
})
