import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { adjustedMetadata, refusedMetadata, refusedRedirects, web } from './refused-metadata.js'
import { opens, register, sendRegistration } from './registration-requests.js'
import { startServer, type TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer('embedded')
})
afterAll(() => server.close())

describe('Client configuration (RFC 7592)', () => {
  /** Of the client that every refused update leaves as it was, its token included. */
  let kept: { url: string; token: string; clientId: string } | undefined
  const registered = async () => {
    const { body } = await register(server, { ...web, client_name: 'Before' })
    return {
      url: String(body['registration_client_uri']),
      token: String(body['registration_access_token']),
      clientId: String(body['client_id']),
      secret: body['client_secret'],
    }
  }

  it('is read, replaced with a new token, and deleted', async () => {
    const client = await registered()
    const read = await sendRegistration('GET', client.url, undefined, client.token)
    expect(read.body).toMatchObject({ client_id: client.clientId, client_name: 'Before', client_secret: client.secret })
    const update = { ...web, client_id: client.clientId, client_name: 'After' }
    const replaced = await sendRegistration('PUT', client.url, update, client.token)
    expect(replaced.body).toMatchObject({ client_name: 'After', client_secret: client.secret })
    const renewed = String(replaced.body['registration_access_token'])
    expect(renewed).not.toBe(client.token)
    expect((await sendRegistration('GET', client.url, undefined, client.token)).status).toBe(401)
    expect((await sendRegistration('DELETE', client.url, undefined, renewed)).status).toBe(204)
    expect((await sendRegistration('GET', client.url, undefined, renewed)).status).toBe(401)
    expect(await opens(server, client.clientId, 'https://client.example/cb')).toBe(400)
  })

  it('takes one of ten updates at once: a token leads to one next token, however it is raced', async () => {
    const { url, token, clientId } = await registered()
    const updates = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        sendRegistration('PUT', url, { ...web, client_id: clientId, client_name: `After ${index}` }, token),
      ),
    )
    const [taken, ...others] = updates.toSorted((one, other) => one.status - other.status)
    expect([taken?.status, ...new Set(others.map(({ status }) => status))]).toEqual([200, 401])
    const next = String(taken?.body['registration_access_token'])
    const name = taken?.body['client_name']
    expect((await sendRegistration('GET', url, undefined, next)).body).toMatchObject({ client_name: name })
  })

  it.each([
    ...refusedRedirects.map((uri) => [`redirect_uri ${JSON.stringify(uri)}`, { redirect_uris: [uri] }] as const),
    ...refusedMetadata,
  ])('keeps to the same rules as registration: %s', async (_what, metadata) => {
    kept ??= await registered()
    const { url, token, clientId } = kept
    const given = typeof metadata === 'string' ? metadata : JSON.stringify(metadata)
    const body = `{"client_id":${JSON.stringify(clientId)},${given.slice(1)}`
    const answer = await sendRegistration('PUT', url, body, token)
    expect([answer.status, answer.body['error']]).toEqual([400, expect.stringMatching(/^invalid_/)])
    expect((await sendRegistration('GET', url, undefined, token)).body).toMatchObject({ ...web, client_name: 'Before' })
  })

  it('adjusts an update as it does a registration', async () => {
    const { url, token: first, clientId } = await registered()
    let token = first
    for (const [what, member, given, left] of adjustedMetadata) {
      const redirectUris = [...web.redirect_uris, 'vscode://x']
      const update = { client_id: clientId, redirect_uris: redirectUris, [member]: given }
      const { status, body } = await sendRegistration('PUT', url, update, token)
      expect([what, status, body['redirect_uris'], body[member]]).toEqual([what, 200, web.redirect_uris, left])
      token = String(body['registration_access_token'])
    }
  })

  it('never brings back a client that is removed while an update is under way', async () => {
    for (let round = 0; round < 15; round += 1) {
      const { url, token, clientId } = await registered()
      const [updated] = await Promise.all([
        sendRegistration('PUT', url, { ...web, client_id: clientId }, token),
        server.clients.remove(clientId),
      ])
      expect([200, 401]).toContain(updated.status)
      expect(await server.clients.find(clientId)).toBeUndefined()
    }
  })

  it('never makes a client one that introspects: that is the operator’s to say', async () => {
    const client = await registered()
    const update = { ...web, client_id: client.clientId, introspects: server.resource }
    const { body } = await sendRegistration('PUT', client.url, update, client.token)
    expect(body).not.toHaveProperty('introspects')
    expect(JSON.stringify(await server.clients.find(client.clientId))).not.toContain('introspects')
  })

  it('is refused with a wrong token, none, or that of another client', async () => {
    const [client, other] = [await registered(), await registered()]
    for (const token of ['wrong', undefined, other.token]) {
      const answer = await sendRegistration('GET', client.url, undefined, token)
      expect([400, 401]).toContain(answer.status)
      expect(JSON.stringify(answer.body)).not.toContain('Before')
    }
    // Used on a client it is not for, a token is taken for stolen.
    expect((await sendRegistration('GET', other.url, undefined, other.token)).status).toBe(401)
    expect((await sendRegistration('GET', client.url, undefined, client.token)).status).toBe(200)
  })

  it('does not take a client_id or a secret that differs', async () => {
    const client = await registered()
    for (const change of [{ client_id: 'other' }, { client_id: client.clientId, client_secret: 'other' }]) {
      expect((await sendRegistration('PUT', client.url, { ...web, ...change }, client.token)).status).toBe(400)
    }
  })
})
