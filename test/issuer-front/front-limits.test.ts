/** Registrations at a front: one network cannot use up what is for the others, whatever addresses it has. */
import { createServer } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { randomSecret } from '../../src/base/secrets.js'
import { createIssuerFront, serveFront } from '../../src/issuer-front/index.js'
import { listenOn } from '../support/opened.js'

const limits = { registrationsPerHour: 30, registrationsPerHourAndAddress: 20 }

async function startFront({ issuer = 'http://localhost', trustedProxies = ['127.0.0.1'] }) {
  let now = Date.UTC(2026, 0, 1)
  let made = 0
  const front = createIssuerFront({
    issuer,
    upstream: { document: async () => ({}) },
    registration: { url: 'http://upstream.example/clients' },
    secret: randomSecret(),
    fetch: async () => {
      made += 1
      return Response.json({ client_id: `client-${made}` }, { status: 201 })
    },
    clock: { now: () => new Date(now) },
    ...limits,
  })
  const port = await listenOn(createServer(serveFront(front, { trustedProxies })))
  const register = (address: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`http://127.0.0.1:${port}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address, ...headers },
      body: JSON.stringify({ redirect_uris: ['https://app.example/cb'] }),
    })
  const statuses = async (addresses: readonly string[], headers: Readonly<Record<string, string>> = {}) => {
    const found: number[] = []
    for (const address of addresses) found.push((await register(address, headers)).status)
    return found
  }
  return {
    register,
    statuses,
    advance: (seconds: number) => {
      now += seconds * 1_000
    },
  }
}

const times = (count: number, addressAt: (index: number) => string) =>
  Array.from({ length: count }, (_, at) => addressAt(at))
const taken = (found: readonly number[]) => found.filter((status) => status === 201).length

describe('Registrations at a front', () => {
  it('are limited by address behind a trusted proxy, and say when to come back', async () => {
    const front = await startFront({})
    expect(taken(await front.statuses(times(25, () => '198.51.100.7')))).toBe(20)
    front.advance(600)
    const refused = await front.register('198.51.100.7')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3000'])
    expect((await front.register('198.51.100.8')).status).toBe(201)
  })

  it('are not used up by a household with a /56: networks of others still have a share each', async () => {
    const front = await startFront({})
    // 256 networks of the household, each of which would have a limit of its own.
    const household = times(100, (at) => `2001:db8:1:${(at % 256).toString(16)}::1`)
    expect(taken(await front.statuses(household))).toBe(30)
    // The same household from further addresses, and then others.
    expect(taken(await front.statuses(times(20, (at) => `2001:db8:1:${(at + 100).toString(16)}::1`)))).toBe(0)
    const others = ['2001:db8:2::1', '2001:db8:3:ff00::1', '198.51.100.7', '203.0.113.9']
    expect(await front.statuses(others)).toEqual([201, 201, 201, 201])
    // A share beyond the total is a twentieth of 20.
    expect(await front.statuses(others)).toEqual([429, 429, 429, 429])
    front.advance(3_600)
    expect((await front.register('2001:db8:1::1')).status).toBe(201)
  })

  it('are not limited by the address of a proxy that nobody named: it is the same for all', async () => {
    const front = await startFront({ issuer: 'https://mcp.example.com', trustedProxies: [] })
    expect(taken(await front.statuses(times(35, (at) => `198.51.100.${at}`)))).toBe(30)
  })

  it('take the word of nobody but a trusted proxy', async () => {
    const front = await startFront({ trustedProxies: [] })
    expect(taken(await front.statuses(times(25, (at) => `198.51.100.${at}`)))).toBe(20)
  })

  const callFrom = (origin: string, site = 'cross-site') => ({ origin, 'sec-fetch-site': site })

  it.each(['cross-site', 'same-site'])('are not used up for programs by pages of other sites: %s', async (site) => {
    const front = await startFront({})
    const here = times(25, () => '198.51.100.7')
    // Of 20, all pages may use half, and one of them half of that.
    expect(taken(await front.statuses(here, callFrom('https://evil.example', site)))).toBe(5)
    expect(taken(await front.statuses(here, callFrom('https://client.example', site)))).toBe(5)
    expect(taken(await front.statuses(here, callFrom('https://third.example', site)))).toBe(0)
    expect(taken(await front.statuses(here))).toBe(20)
  })

  it('of pages everywhere use up what pages may, and leave each network a share', async () => {
    const front = await startFront({})
    const page = callFrom('https://evil.example')
    // Half of 30.
    expect(
      taken(
        await front.statuses(
          times(3, (at) => `198.51.100.${at}`).flatMap((address) => times(5, () => address)),
          page,
        ),
      ),
    ).toBe(15)
    expect(await front.statuses(['203.0.113.1', '203.0.113.1'], callFrom('https://client.example'))).toEqual([201, 429])
    expect(taken(await front.statuses(times(20, () => '203.0.113.1')))).toBe(20)
  })

  it('of pages count apart without an address too', async () => {
    const front = await startFront({ issuer: 'https://mcp.example.com', trustedProxies: [] })
    const anywhere = times(35, (at) => `198.51.100.${at}`)
    expect(taken(await front.statuses(anywhere, callFrom('https://evil.example')))).toBe(7)
    expect(taken(await front.statuses(anywhere, callFrom('https://client.example')))).toBe(7)
    expect(taken(await front.statuses(anywhere))).toBe(30)
  })

  it('of a page at the front itself, and of programs with an Origin, count as others', async () => {
    const front = await startFront({})
    expect(
      taken(
        await front.statuses(
          times(10, () => '198.51.100.7'),
          callFrom('http://localhost', 'same-origin'),
        ),
      ),
    ).toBe(10)
    expect(
      taken(
        await front.statuses(
          times(10, () => '198.51.100.7'),
          { origin: 'vscode-file://vscode-app' },
        ),
      ),
    ).toBe(10)
    expect((await front.register('198.51.100.7')).status).toBe(429)
  })
})
