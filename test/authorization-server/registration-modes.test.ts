import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createInvitation, withdrawInvitations } from '../../src/storage/clients/invitations.js'
import { preferredDatabase } from '../support/databases.js'
import { freePort } from '../support/free-port.js'
import { startStack } from '../support/stack.js'
import { register, sendRegistration } from './registration-requests.js'
import { readJson, startServer, type TestServer } from './server.js'

const kind = preferredDatabase()
const web = { redirect_uris: ['https://client.example/cb'], token_endpoint_auth_method: 'none' }

/** A registration as it arrives behind the trusted proxy, from that address. */
async function registerFrom(server: TestServer, address: string, path = '/register') {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': address, origin: 'https://client.example' }
  const request = { method: 'POST', headers, body: JSON.stringify(web) }
  const response = await fetch(`${server.issuer}${path}`, request)
  return { status: response.status, headers: response.headers, body: await readJson(response) }
}

describe('Registration, open with limits', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(kind, {
      registration: { mode: 'limited', limitPerAddress: 3, limitTotal: 8 },
      trustedProxies: ['127.0.0.1', '::1'],
    })
  })
  afterAll(() => server.close())
  afterEach(() => server.advance(3_600))

  const accepted = async (count: number, address: (index: number) => string, path?: string) => {
    const answers = await Promise.all(
      Array.from({ length: count }, (_, index) => registerFrom(server, address(index), path)),
    )
    return answers.filter(({ status }) => status === 201).length
  }

  it('lets one address register so often an hour, then answers 429 in JSON and says when to come back', async () => {
    expect(await accepted(7, () => '192.0.2.1')).toBe(3)
    server.advance(600)
    const { status, headers, body } = await registerFrom(server, '192.0.2.1')
    expect([status, body]).toEqual([
      429,
      { error: 'temporarily_unavailable', error_description: 'too many registrations, try again later' },
    ])
    const wait = Number(headers.get('retry-after'))
    expect(wait).toBeGreaterThan(2_900)
    expect(wait).toBeLessThanOrEqual(3_000)
    expect(headers.get('cache-control')).toBe('no-store')
    // A page may read both.
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('access-control-expose-headers')).toMatch(/Retry-After/)
    expect(JSON.parse(server.logLines.at(-1) ?? '')).toMatchObject({ status: 429, error: 'temporarily_unavailable' })
    server.advance(wait)
    expect((await registerFrom(server, '192.0.2.1')).status).toBe(201)
  })

  it('counts every spelling of the endpoint, and IPv6 by /64', async () => {
    expect(await accepted(2, () => '192.0.2.2', '/REGISTER/')).toBe(2)
    expect(await accepted(2, () => '192.0.2.2', '/Register')).toBe(1)
    expect(await accepted(4, (index) => `2001:db8:0:1:${index}::${index}`)).toBe(3)
    expect(await accepted(1, () => '2001:db8:0:2::1')).toBe(1)
  })

  it('counts updates too, and never keeps anybody from reading or deleting', async () => {
    const { body } = await registerFrom(server, '192.0.2.3')
    const [url, token] = [String(body['registration_client_uri']), String(body['registration_access_token'])]
    expect(await accepted(2, () => '192.0.2.3')).toBe(2)
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'x-forwarded-for': '192.0.2.3',
    }
    const update = JSON.stringify({ ...web, client_id: body['client_id'] })
    for (const spelling of [url, url.replace('/register/', '/REGISTER/')]) {
      expect((await fetch(spelling, { method: 'PUT', headers, body: update })).status).toBe(429)
    }
    expect((await fetch(url, { headers })).status).toBe(200)
    expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(204)
  })

  it('leaves each address a share of what it has alone once all together have used up the total', async () => {
    expect(await accepted(30, () => '192.0.2.4')).toBe(3)
    expect(await accepted(10, (index) => `198.51.100.${index}`)).toBe(10)
    expect(await accepted(3, () => '203.0.113.1')).toBe(1)
    expect(await accepted(1, () => '198.51.100.1')).toBe(0)
  })

  it('counts all together alone where every address is a proxy’s', async () => {
    const hidden = await startServer(kind, {
      registration: { mode: 'limited', limitPerAddress: undefined, limitTotal: 5 },
      storage: server.storage,
    })
    const answers = await Promise.all(Array.from({ length: 9 }, () => register(hidden, web)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5)
    await hidden.close()
  })

  it('cannot be passed by another spelling of the path', async () => {
    expect(await accepted(3, () => '192.0.2.6')).toBe(3)
    for (const path of ['/%72egister', '//register', '/register//', '/./register', '/register;x', '/register?x=1']) {
      const response = await fetch(`${server.issuer}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.6' },
        body: JSON.stringify(web),
      })
      expect([path, [404, 429].includes(response.status)]).toEqual([path, true])
    }
  })

  it('is shared by the processes over one database', async () => {
    // A second server over the same storage, with nothing else in common.
    const other = await startServer(kind, {
      registration: { mode: 'limited', limitPerAddress: 3, limitTotal: 8 },
      trustedProxies: ['127.0.0.1', '::1'],
      storage: server.storage,
    })
    const uses = Array.from({ length: 12 }, (_, index) => registerFrom(index % 2 === 0 ? server : other, '192.0.2.5'))
    expect((await Promise.all(uses)).filter(({ status }) => status === 201)).toHaveLength(3)
    await other.close()
  })

  it('is announced in the metadata', async () => {
    const metadata = await readJson(await fetch(`${server.issuer}/.well-known/oauth-authorization-server`))
    expect(metadata['registration_endpoint']).toBe(`${server.issuer}/register`)
  })
})

describe('A public server, as the program sets it up', () => {
  it.each([
    ['', [201, 201, 429]],
    ['127.0.0.1', [201, 429, 429]],
  ])('limits registration by default; with TRUSTED_PROXIES=%s per address too', async (proxies, statuses) => {
    const port = String(await freePort())
    const env = {
      ISSUER_URL: 'https://auth.example.com',
      ISSUER_INTERNAL_URL: `http://127.0.0.1:${port}`,
      RESOURCE_URL: 'https://mcp.example.com/mcp',
      AUTH_PORT: port,
      MCP_PORT: String(await freePort()),
      REGISTRATION_LIMIT_PER_ADDRESS: '1',
      REGISTRATION_LIMIT_TOTAL: '2',
      TRUSTED_PROXIES: proxies,
    }
    const stack = await startStack({ database: kind, env, overrides: { only: 'auth' } })
    const answers = []
    for (let use = 0; use < statuses.length; use += 1) {
      answers.push((await sendRegistration('POST', `${env.ISSUER_INTERNAL_URL}/register`, web)).status)
    }
    expect(answers).toEqual(statuses)
    const isWarned = stack.logLines.some((line) => line.includes('TRUSTED_PROXIES is not set'))
    expect(isWarned).toBe(proxies === '')
    await stack.close()
  })
})

describe('Registration by initial access token (RFC 7591 §3)', () => {
  let server: TestServer
  beforeAll(async () => {
    // The total does not count here: a stranger without an invitation would use it up.
    server = await startServer(kind, { registration: { mode: 'token', limitPerAddress: 1_000, limitTotal: 1 } })
  })
  afterAll(() => server.close())

  const registerWith = (token: string | undefined, body: unknown = web) =>
    sendRegistration('POST', `${server.issuer}/register`, body, token)
  const clientCount = async () => (await server.clients.list()).length

  it('is announced in the metadata', async () => {
    const metadata = await readJson(await fetch(`${server.issuer}/.well-known/oauth-authorization-server`))
    expect(metadata['registration_endpoint']).toBe(`${server.issuer}/register`)
  })

  it('answers 401 without one, and says where to get it', async () => {
    const { status, headers, body } = await register(server, web)
    expect([status, body['error']]).toEqual([401, 'invalid_token'])
    expect(body['error_description']).toMatch(/initial access token: ask the operator of this server/)
    expect(headers.get('www-authenticate')).toBe('Bearer')
    expect(headers.get('access-control-allow-origin')).toBe('*')
  })

  it('takes one once, for a client that then works like any other', async () => {
    const token = await createInvitation(server.storage, 60)
    const { status, body } = await registerWith(token, { ...web, client_name: 'Invited' })
    expect(status).toBe(201)
    const [url, management] = [String(body['registration_client_uri']), String(body['registration_access_token'])]
    expect((await sendRegistration('GET', url, undefined, management)).body['client_name']).toBe('Invited')
    const update = { ...web, client_id: body['client_id'], client_name: 'Renamed' }
    expect((await sendRegistration('PUT', url, update, management)).status).toBe(200)
    const again = await registerWith(token)
    expect([again.status, again.body['error']]).toEqual([401, 'invalid_token'])
    expect(again.headers.get('www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/)
    expect((await server.clients.find(String(body['client_id'])))?.name).toBe('Renamed')
    const event = { type: 'client.registered', clientId: String(body['client_id']) }
    expect(await server.storage.prisma.auditEvent.findFirst({ where: event })).toMatchObject({
      detail: { by: 'invitation' },
    })
  })

  it('lets one of many racing registrations through', async () => {
    const token = await createInvitation(server.storage, 60)
    const before = await clientCount()
    const answers = await Promise.all(Array.from({ length: 12 }, () => registerWith(token)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 11 }, () => 401)])
    expect(await clientCount()).toBe(before + 1)
  })

  it('is not used up by a registration that is refused', async () => {
    const token = await createInvitation(server.storage, 60)
    expect((await registerWith(token, { redirect_uris: ['http://client.example/cb'] })).status).toBe(400)
    expect((await registerWith(token)).status).toBe(201)
  })

  it.each([
    ['invented', async () => 'x'.repeat(43)],
    ['empty', async () => ''],
    [
      'expired',
      async () => {
        const token = await createInvitation(server.storage, 60)
        server.advance(90)
        return token
      },
    ],
    [
      'withdrawn',
      async () => {
        const token = await createInvitation(server.storage, 60)
        expect(await withdrawInvitations(server.storage)).toBeGreaterThanOrEqual(1)
        return token
      },
    ],
    [
      'another kind of token',
      async () => {
        const { body } = await registerWith(await createInvitation(server.storage, 60))
        return String(body['registration_access_token'])
      },
    ],
  ])('refuses one that is %s', async (_what, make) => {
    const token = await make()
    const before = await clientCount()
    expect([400, 401]).toContain((await registerWith(token)).status)
    expect(await clientCount()).toBe(before)
  })

  it('is kept as a hash, and never logged', async () => {
    const token = await createInvitation(server.storage, 60)
    await registerWith(`${token}x`)
    const { rows } = await server.storage.database.sql.query<{ row: string }>(
      { name: 'test_artifacts', lane: 'read', text: 'SELECT row_to_json(a)::text AS row FROM artifacts a' },
      [],
    )
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.some(({ row }) => row.includes(token))).toBe(false)
    expect(server.logLines.join('')).not.toContain(token)
  })
})
