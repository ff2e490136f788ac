/** Requests that the upstream server refuses: to it all come from the front, whoever sent them. */
import { describe, expect, it } from '@jest/globals'
import { randomSecret } from '../../src/base/secrets.js'
import { createIssuerFront } from '../../src/issuer-front/index.js'

const issuer = 'https://mcp.example'
const upstream = 'https://login.example'
const documents = { issuer: upstream, token_endpoint: `${upstream}/token`, revocation_endpoint: `${upstream}/revoke` }

/** Takes the refresh token "good" alone, is down for "down", and answers after all requests at hand have come. */
async function startFront() {
  let now = Date.UTC(2026, 0, 1)
  let made = 0
  const seen = { requests: 0 }
  const front = createIssuerFront({
    issuer,
    upstream: { document: async () => documents },
    registration: { url: `${upstream}/clients` },
    secret: randomSecret(),
    fetch: async (url, init) => {
      if (String(url).endsWith('/clients')) {
        made += 1
        return Response.json({ client_id: `client-${made}` }, { status: 201 })
      }
      seen.requests += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (String(url).endsWith('/revoke')) return new Response('')
      const token = new URLSearchParams(String(init?.body)).get('refresh_token')
      if (token === 'down') return new Response('', { status: 502 })
      return token === 'good'
        ? Response.json({ access_token: 'a' })
        : Response.json({ error: 'invalid_grant' }, { status: 400 })
    },
    clock: { now: () => new Date(now) },
    refusalsPerMinuteAndAddress: 8,
    refusalsPerMinute: 20,
  })
  const send = async (path: string, address: string | undefined, type: string, body: string, headers = {}) => {
    const init = { method: 'POST', headers: { 'content-type': type, ...headers }, body }
    const answer = await front.handle(new Request(issuer + path, init), address)
    if (answer === undefined) throw new Error('not a path of the front')
    return answer
  }
  const register = async (): Promise<string> => {
    const metadata = JSON.stringify({ redirect_uris: ['http://127.0.0.1/cb'], token_endpoint_auth_method: 'none' })
    const answer = (await (await send('/register', undefined, 'application/json', metadata)).json()) as object
    return 'client_id' in answer ? String(answer.client_id) : ''
  }
  const refresh = (clientId: string, address: string | undefined, token = 'junk', headers = {}) => {
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: clientId })
    return send('/token', address, 'application/x-www-form-urlencoded', form.toString(), headers)
  }
  return {
    seen,
    register,
    refresh,
    send,
    advance: (seconds: number) => {
      now += seconds * 1_000
    },
  }
}

const statusesOf = async (answers: readonly Promise<Response>[]) =>
  (await Promise.all(answers)).map(({ status }) => status).sort()
const times = (count: number, ask: (index: number) => Promise<Response>) =>
  Array.from({ length: count }, (_, at) => ask(at))

describe('Requests that the upstream server of a front refuses', () => {
  it('are limited by network, at once and one after the other, and cost nobody else anything', async () => {
    const front = await startFront()
    const [stranger, honest] = [await front.register(), await front.register()]
    expect(await statusesOf(times(30, () => front.refresh(stranger, '198.51.100.7')))).toEqual([
      ...Array(8).fill(400),
      ...Array(22).fill(429),
    ])
    expect(front.seen.requests).toBe(8)
    front.advance(20)
    const later = await front.refresh(stranger, '198.51.100.7')
    expect([later.status, later.headers.get('retry-after'), await later.json()]).toEqual([
      429,
      '40',
      expect.objectContaining({ error: 'temporarily_unavailable' }),
    ])
    expect((await front.refresh(honest, '203.0.113.9', 'good')).status).toBe(200)
    front.advance(41)
    expect((await front.refresh(stranger, '198.51.100.7')).status).toBe(400)
  })

  it('are limited for a /48 whose holder has a network for each of them, and leave others a share of the total', async () => {
    const front = await startFront()
    const stranger = await front.register()
    const found = await statusesOf(times(60, (at) => front.refresh(stranger, `2001:db8:1:${at.toString(16)}::1`)))
    expect(found.filter((status) => status === 400).length).toBeLessThanOrEqual(20)
    expect((await front.refresh(stranger, '203.0.113.9', 'good')).status).toBe(200)
  })

  it('do not include those that are granted, nor those of an upstream server that is down', async () => {
    const front = await startFront()
    const client = await front.register()
    for (let round = 0; round < 5; round += 1) {
      for (const [token, status] of [
        ['good', 200],
        ['down', 503],
      ] as const) {
        const found = await statusesOf(times(8, () => front.refresh(client, '198.51.100.7', token)))
        expect(found).toEqual(Array(8).fill(status))
      }
    }
  })

  it('count apart when a page of another site makes a browser send them', async () => {
    const front = await startFront()
    const client = await front.register()
    const page = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    const found = await statusesOf(times(20, () => front.refresh(client, '198.51.100.7', 'junk', page)))
    expect(found.filter((status) => status === 400)).toHaveLength(2)
    expect((await front.refresh(client, '198.51.100.7')).status).toBe(400)
  })

  it('are limited by client where nobody says which address asks', async () => {
    const front = await startFront()
    const [stranger, honest] = [await front.register(), await front.register()]
    expect((await statusesOf(times(12, () => front.refresh(stranger, undefined)))).at(-1)).toBe(429)
    expect((await front.refresh(honest, undefined)).status).toBe(400)
  })

  it('count with revocations, which are granted whatever they name', async () => {
    const front = await startFront()
    const client = await front.register()
    const form = new URLSearchParams({ token: 'junk', client_id: client }).toString()
    const revoke = () => front.send('/revoke', '198.51.100.7', 'application/x-www-form-urlencoded', form)
    expect(await statusesOf(times(12, revoke))).toEqual([...Array(8).fill(200), ...Array(4).fill(429)])
  })
})
