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
  const register = (address: string) =>
    fetch(`http://127.0.0.1:${port}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      body: JSON.stringify({ redirect_uris: ['https://app.example/cb'] }),
    })
  const statuses = async (addresses: readonly string[]) => {
    const found: number[] = []
    for (const address of addresses) found.push((await register(address)).status)
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
})
