import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { describeOnDatabases } from '../support/describe-with.js'
import { discoverServer, requestTokens, type ServerMetadata, type TokenAnswer } from '../support/oauth-client.js'
import { addConfidentialClient, startServer, type TestServer } from './server.js'

describeOnDatabases('Client credentials (RFC 6749 §4.4), on %s', (kind) => {
  let server: TestServer
  let metadata: ServerMetadata
  let client: Awaited<ReturnType<typeof addConfidentialClient>>
  beforeAll(async () => {
    server = await startServer(kind)
    metadata = await discoverServer(server.issuer)
    client = await addConfidentialClient(server)
  })
  afterAll(() => server.close())

  const ask = (
    parameters: Record<string, string> = {},
    headers: Record<string, string> = { authorization: client.authorization },
  ): Promise<TokenAnswer> => requestTokens(metadata, { grant_type: 'client_credentials', ...parameters }, headers)

  it('give a token of the client itself, for the default resource and scope', async () => {
    const { tokens, status, headers } = await ask()
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toMatch(/no-store/)
    expect(tokens).not.toHaveProperty('refresh_token')
    expect(decodeJwt(tokens?.access_token ?? '')).toMatchObject({
      aud: server.resource,
      scope: 'notes:read notes:write',
      sub: client.clientId,
      client_id: client.clientId,
    })
  })

  it('give the scope that was asked for, and leave unknown scopes out', async () => {
    // Writing includes reading.
    expect((await ask({ scope: 'notes:write' })).tokens?.scope).toBe('notes:read notes:write')
    expect((await ask({ scope: 'notes:delete' })).tokens?.scope).toBe('notes:delete')
    expect((await ask({ scope: 'notes:read notes:admin' })).tokens?.scope).toBe('notes:read')
  })

  it('take any spelling of the resource, and no other resource', async () => {
    const { tokens } = await ask({ resource: `${server.resource}/` })
    expect(decodeJwt(tokens?.access_token ?? '').aud).toBe(server.resource)
    expect((await ask({ resource: 'https://other.example/mcp' })).error).toBe('invalid_target')
  })

  it.each<
    [string, (given: { clientId: string; clientSecret: string }) => [Record<string, string>, Record<string, string>]]
  >([
    [
      'a wrong secret',
      ({ clientId }) => [{}, { authorization: `Basic ${Buffer.from(`${clientId}:wrong`).toString('base64')}` }],
    ],
    [
      'an empty secret',
      ({ clientId }) => [{}, { authorization: `Basic ${Buffer.from(`${clientId}:`).toString('base64')}` }],
    ],
    ['an unknown client', () => [{}, { authorization: `Basic ${Buffer.from('nobody:secret').toString('base64')}` }]],
    ['no authentication', ({ clientId }) => [{ client_id: clientId }, {}]],
    [
      'two ways at once',
      ({ clientId, clientSecret }) => [
        { client_id: clientId, client_secret: clientSecret },
        { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      ],
    ],
    ['a broken header', () => [{}, { authorization: 'Basic !!!' }]],
    ['another scheme', ({ clientSecret }) => [{}, { authorization: `Bearer ${clientSecret}` }]],
    [
      'a secret with a NUL',
      ({ clientId }) => [{}, { authorization: `Basic ${Buffer.from(`${clientId}\u0000:x\u0000`).toString('base64')}` }],
    ],
  ])('are refused with %s', async (_name, given) => {
    const [parameters, headers] = given(client)
    const { error, status, tokens } = await ask(parameters, headers)
    expect([400, 401]).toContain(status)
    expect(error).toMatch(/^invalid_(client|request)$/)
    expect(tokens).toBeUndefined()
  })

  it('are for clients that were made for them', async () => {
    const other = await addConfidentialClient(server, {
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: ['https://client.example/cb'],
    })
    // RFC 6749 §5.2 calls it unauthorized_client; the engine says invalid_request.
    const { error, tokens } = await ask({}, { authorization: other.authorization })
    expect([error, tokens]).toEqual([expect.stringMatching(/^(unauthorized_client|invalid_request)$/), undefined])
  })

  it('end with their client', async () => {
    const removed = await addConfidentialClient(server)
    expect((await ask({}, { authorization: removed.authorization })).status).toBe(200)
    await server.clients.remove(removed.clientId)
    expect((await ask({}, { authorization: removed.authorization })).error).toBe('invalid_client')
  })

  it('take a secret with characters that need encoding (RFC 6749 §2.3.1)', async () => {
    const clientSecret = 'a b:c%d+&="'.padEnd(40, 'x')
    const { clientId } = await addConfidentialClient(server, { client_secret: clientSecret })
    const encode = (text: string) => new URLSearchParams([['x', text]]).toString().slice(2)
    const authorization = `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`
    expect((await ask({}, { authorization })).status).toBe(200)
  })
})
