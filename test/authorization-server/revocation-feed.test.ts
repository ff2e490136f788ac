import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { z } from 'zod'
import { hashSecret, randomSecret } from '../../src/base/secrets.js'
import { describeOnDatabases } from '../support/describe-with.js'
import {
  discoverServer,
  type Grant,
  newGrant,
  obtainTokens,
  refresh,
  requestTokens,
  revoke,
} from '../support/oauth-client.js'
import { addConfidentialClient, readJson, startServer, type TestServer } from './server.js'

type Machine = Awaited<ReturnType<typeof addConfidentialClient>>

const factSchema = z.object({ kind: z.string(), id: z.string(), at: z.number().int(), expires_at: z.number().int() })
const pageSchema = z.object({
  revocations: z.array(factSchema),
  cursor: z.string().min(1),
  more: z.boolean(),
  complete: z.boolean(),
})

const ours = { clientId: 'the-resource-server', clientSecret: randomSecret() }

function basic({ clientId, clientSecret }: { clientId: string; clientSecret: string }): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
}

describeOnDatabases('The revocation feed, on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  let follower: Machine
  let elsewhere: Machine
  const stopping = new AbortController()
  beforeAll(async () => {
    const resourceServerClient = { ...ours, introspects: () => ['http://localhost:4000/mcp'] }
    server = await startServer(kind, { resourceServerClient, stopping: stopping.signal })
    grant = await newGrant(server)
    follower = await addConfidentialClient(server, { introspects: server.resource })
    elsewhere = await addConfidentialClient(server, { introspects: 'https://other.example/mcp' })
  })
  afterAll(() => server.close())

  const ask = (
    authorization: string | undefined,
    parameters: Record<string, string> = {},
    origin = server.issuer,
    signal: AbortSignal | null = null,
  ) =>
    fetch(`${origin}/revocations`, {
      method: 'POST',
      signal,
      body: new URLSearchParams(parameters),
      headers: authorization === undefined ? {} : { authorization },
    })
  const read = async (parameters: Record<string, string> = {}, by: { authorization: string } = follower) => {
    const response = await ask(by.authorization, parameters)
    const body: unknown = await response.json()
    expect([response.status, body]).toEqual([200, expect.anything()])
    expect(response.headers.get('cache-control')).toBe('no-store')
    return pageSchema.parse(body)
  }
  const end = async (by: { authorization: string } = follower) => (await read({}, by)).cursor
  const newTokens = (account = server.account) => obtainTokens(grant, server.newBrowser(), { account }, 'notes:read')
  const facts = async (after: string, by: { authorization: string } = follower) =>
    (await read({ after }, by)).revocations.map(({ kind: what, id }) => `${what} ${id}`).sort()

  it('is announced under a name of ours', async () => {
    expect(await discoverServer(server.issuer)).toMatchObject({
      gatehouse_revocation_feed_endpoint: `${server.issuer}/revocations`,
    })
  })

  it('is read by clients that may introspect, in each way they authenticate, and by nobody else', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const key = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }
    const machine = { token_endpoint_auth_method: 'private_key_jwt', client_secret: undefined }
    const withKey = await addConfidentialClient(server, {
      ...machine,
      jwks: { keys: [key] },
      introspects: server.resource,
    })
    const assertion = await new SignJWT({ jti: randomSecret(), aud: server.issuer })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer(withKey.clientId)
      .setSubject(withKey.clientId)
      .setExpirationTime('1m')
      .sign(privateKey)
    const signed = {
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }
    const stranger = await addConfidentialClient(server)
    const posted = { client_id: follower.clientId, client_secret: follower.clientSecret }
    const cases: readonly (readonly [
      string,
      string | undefined,
      Record<string, string>,
      number,
      string | undefined,
    ])[] = [
      ['a secret in the header', follower.authorization, {}, 200, undefined],
      ['a secret in the form', undefined, posted, 200, undefined],
      ['our own resource server', basic(ours), {}, 200, undefined],
      ['an assertion', undefined, signed, 200, undefined],
      ['the same assertion again', undefined, signed, 401, 'invalid_client'],
      ['nothing', undefined, {}, 400, 'invalid_request'],
      ['a wrong secret', basic({ ...follower, clientSecret: 'x' }), {}, 401, 'invalid_client'],
      ['a wrong secret of our own', basic({ ...ours, clientSecret: 'x' }), {}, 401, 'invalid_client'],
      ['an unknown client', basic({ clientId: 'x', clientSecret: 'x' }), {}, 401, 'invalid_client'],
      ['a client that may not introspect', stranger.authorization, {}, 403, 'unauthorized_client'],
      ['a public client', undefined, { client_id: grant.clientId }, 403, 'unauthorized_client'],
      ['a cursor never given', follower.authorization, { after: 'x' }, 400, 'invalid_request'],
      ['an empty cursor', follower.authorization, { after: '' }, 400, 'invalid_request'],
      ['a wait that is no number', follower.authorization, { wait: '-1' }, 400, 'invalid_request'],
    ]
    for (const [what, authorization, parameters, status, error] of cases) {
      const response = await ask(authorization, parameters)
      const body = await readJson(response)
      expect([what, response.status, body['error']]).toEqual([what, status, error])
      // Not one fact in a refusal.
      expect([what, 'revocations' in body]).toEqual([what, status === 200])
    }
    const twice = await fetch(`${server.issuer}/revocations`, {
      method: 'POST',
      body: new URLSearchParams([
        ['after', '1:1:'],
        ['after', '1:1:'],
      ]),
      headers: { authorization: follower.authorization },
    })
    expect(twice.status).toBe(400)
    const get = await fetch(`${server.issuer}/revocations`, { headers: { authorization: follower.authorization } })
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
  })

  it('our own resource server gets no token by its credentials', async () => {
    const parameters = { grant_type: 'client_credentials', resource: server.resource }
    const { status, error } = await requestTokens(grant.server, parameters, { authorization: basic(ours) })
    expect([status, error]).toEqual([400, 'unauthorized_client'])
  })

  it('names an ended grant as its access tokens do, to its audience alone', async () => {
    const tokens = await newTokens()
    const { gid, jti, sub } = decodeJwt(tokens.access_token)
    expect(gid).toMatch(/^[\w-]{43}$/)
    const [here, there] = await Promise.all([end(), end(elsewhere)])
    expect(await revoke(grant, tokens.refresh_token ?? '')).toBe(200)
    const { revocations } = await read({ after: here })
    const now = Date.now() / 1000
    expect(revocations).toEqual([{ kind: 'grant', id: gid, at: expect.any(Number), expires_at: expect.any(Number) }])
    expect(Math.abs((revocations[0]?.at ?? 0) - now)).toBeLessThan(10)
    expect((revocations[0]?.expires_at ?? 0) - now).toBeGreaterThan(3_600)
    expect(await facts(there, elsewhere)).toEqual([])
    // Both servers' logs and the feed name nobody.
    const said = JSON.stringify(revocations)
    for (const secret of [jti, sub, server.account.email]) expect(said).not.toContain(secret)
  })

  it('names what ends by reuse, an access token by itself, a disabled account and a removed client', async () => {
    const reused = await newTokens()
    let after = await end()
    const { tokens: successor } = await refresh(grant, reused.refresh_token ?? '')
    // Reuse is told by the successor's own use: until then, the answer may have been lost.
    await refresh(grant, successor?.refresh_token ?? '')
    server.advance(21)
    await refresh(grant, reused.refresh_token ?? '')
    expect(await facts(after)).toEqual([`grant ${decodeJwt(reused.access_token)['gid']}`])

    const single = await newTokens()
    const { jti = '' } = decodeJwt(single.access_token)
    after = await end()
    const there = await end(elsewhere)
    expect(await revoke(grant, single.access_token)).toBe(200)
    expect(await facts(after)).toEqual([`token ${hashSecret(jti)}`])
    expect(await facts(there, elsewhere)).toEqual([])
    // The refresh token lives on.
    expect((await refresh(grant, single.refresh_token ?? '')).status).toBe(200)

    const person = await server.addAccount(`ended-${kind}@example.com`)
    const theirs = await newTokens(person)
    after = await end()
    await server.accounts.disable(person.id)
    const gid = `grant ${decodeJwt(theirs.access_token)['gid']}`
    expect(await facts(after)).toEqual([`account ${hashSecret(person.id)}`, gid])

    const machine = await addConfidentialClient(server)
    const answer = await requestTokens(
      grant.server,
      { grant_type: 'client_credentials' },
      { authorization: machine.authorization },
    )
    expect(decodeJwt(answer.tokens?.access_token ?? '')).not.toHaveProperty('gid')
    after = await end()
    await server.clients.remove(machine.clientId)
    expect(await facts(after)).toEqual([`client ${hashSecret(machine.clientId)}`])
    expect(await facts(after, elsewhere)).toContain(`client ${hashSecret(machine.clientId)}`)
  })

  it('is not written by who may not revoke: another client, a forged token, one that is over', async () => {
    const { access_token: token } = await newTokens()
    const after = await end()
    const { publicKey: _, privateKey } = await generateKeyPair('ES256')
    const forged = await new SignJWT({ ...decodeJwt(token) })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
      .sign(privateKey)
    const stranger = await newGrant(server)
    expect(await revoke(stranger, token)).toBe(200)
    expect(await revoke(grant, forged)).toBe(200)
    expect(await revoke(grant, `${token.slice(0, -6)}AAAAAA`)).toBe(200)
    expect(await revoke({ ...grant, clientId: 'nobody' }, token)).toBe(401)
    expect(await facts(after)).toEqual([])
  })

  it('answers who waits as soon as something happens, at all replicas, and otherwise when the time is over', async () => {
    const replica = new URL(await server.startReplica()).origin
    const tokens = await newTokens()
    const ends = new Map([
      [follower, await end()],
      [elsewhere, await end(elsewhere)],
    ])
    const idsFor = async (by: Machine, wait: string, origin = server.issuer, signal?: AbortSignal) =>
      pageSchema
        .parse(await (await ask(by.authorization, { after: ends.get(by) ?? '', wait }, origin, signal)).json())
        .revocations.map(({ id }) => id)
    // Waits as long as the two below and began before them: whoever is answered at the end of the wait is answered after it.
    let isQuietOver = false
    const leaving = new AbortController()
    const quiet = idsFor(elsewhere, '25', server.issuer, leaving.signal).finally(() => (isQuietOver = true))
    const waiting = [server.issuer, replica].map((origin) => idsFor(follower, '25', origin))
    const short = idsFor(elsewhere, '1')
    await sleep(300)
    await revoke(grant, tokens.refresh_token ?? '')
    const ended = decodeJwt(tokens.access_token)['gid']
    expect(await Promise.all(waiting)).toEqual([[ended], [ended]])
    expect(isQuietOver).toBe(false)
    expect(await short).toEqual([])
    leaving.abort()
    await expect(quiet).rejects.toThrow('aborted')
  })

  it('starts over for a client that introspects other resources than when its cursor was given', async () => {
    const { access_token: token } = await newTokens()
    const other = 'https://other.example/mcp'
    const introspects = (resources: readonly string[]) => ({ introspects: resources })
    const client = await addConfidentialClient(server, introspects([other]))
    const { cursor } = await read({}, client)
    expect(await revoke(grant, token)).toBe(200)
    const { cursor: later } = await read({ after: cursor }, client)
    const stored = await server.storage.prisma.client.findUniqueOrThrow({ where: { id: client.clientId } })
    const payload = { ...Object(stored.payload), ...introspects([server.resource, other]) }
    await server.storage.prisma.client.update({ where: { id: client.clientId }, data: { payload } })
    const page = await read({ after: later }, client)
    const { jti } = decodeJwt(token)
    expect(page.revocations).toContainEqual(expect.objectContaining({ kind: 'token', id: hashSecret(jti ?? '') }))
    expect(page.complete).toBe(true)
    expect(await facts(page.cursor, client)).toEqual([])
  })

  it('writes one line per request, without a cursor, a credential or an error that was none', async () => {
    const before = server.logLines.length
    const cursor = await end()
    await read({ after: cursor })
    const lines = server.logLines.slice(before).join('\n')
    expect(lines).toContain('"path":"/revocations"')
    expect(lines).toContain(`"clientId":"${follower.clientId}"`)
    expect(lines).not.toMatch(/unsupported_token_type|\/introspect/)
    expect(lines).not.toContain(cursor)
    expect(lines).not.toContain(follower.clientSecret)
  })

  it('lets the server stop while somebody waits', async () => {
    const waiting = read({ after: await end(), wait: '25' })
    await sleep(200)
    stopping.abort()
    // The server waits in this process: were it not told, this timer would end before the wait does, however busy the machine is.
    const outcome = await Promise.race([waiting, sleep(20_000, undefined, { ref: false })])
    expect(outcome?.revocations).toEqual([])
  })
})
