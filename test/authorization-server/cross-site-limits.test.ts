/** Pages of other sites cannot turn limits against whoever shares an address with their visitors. */
import { describe, expect, it } from '@jest/globals'
import { newGrant, startAuthorization } from '../support/oauth-client.js'
import {
  browse,
  form,
  kind,
  limitsWith,
  registerFrom,
  sendTo,
  startsServers,
  statusesOf,
  web,
} from './limited-senders.js'

describe(`Limits turned against others by a page elsewhere, on ${kind}`, () => {
  const start = startsServers()

  it('what a page elsewhere makes a visitor’s browser send is refused before anything is counted', async () => {
    const usageLimits = limitsWith({
      authorize: { limit: 4, windowSeconds: 86_400 },
      'sign-in': { limit: 3, windowSeconds: 86_400 },
      logout: { limit: 3, windowSeconds: 86_400 },
      other: { limit: 6, windowSeconds: 86_400 },
    })
    const server = await start({ usageLimits })
    const grant = await newGrant(server)
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', resource: server.resource })
    const authorize = url.slice(server.issuer.length)
    const office = '203.0.113.50'
    const from = (site: string, mode: string, dest: string, further: Record<string, string> = {}) => ({
      'sec-fetch-site': site,
      'sec-fetch-mode': mode,
      'sec-fetch-dest': dest,
      accept: 'text/html',
      ...further,
    })
    const image = from('cross-site', 'no-cors', 'image')
    const script = from('cross-site', 'no-cors', 'empty')
    const frame = from('cross-site', 'navigate', 'iframe')
    const post = from('cross-site', 'navigate', 'document', { origin: 'https://evil.example' })
    const old = { origin: 'https://evil.example' }
    const wrong = form({ email: 'ada@example.com', password: 'x', csrf: 'x' })
    const refused: readonly (readonly [string, RequestInit])[] = [
      [authorize, { headers: image }],
      [authorize, { headers: script }],
      [authorize, { headers: frame }],
      [authorize, { headers: from('same-site', 'no-cors', 'image') }],
      [`${authorize}&prompt=none`, { headers: frame }],
      ['/authorize', { ...form(Object.fromEntries(new URL(url).searchParams)), headers: script }],
      ['/interaction/x/sign-in', { ...wrong, headers: post }],
      ['/Interaction/x/consent', { ...wrong, headers: script }],
      ['/interaction/x/sign-in', { ...wrong, headers: old }],
      ['/interaction/x', { headers: image }],
      ['/device', { ...form({ user_code: 'BCDF-GHJK' }), headers: post }],
      ['/device?user_code=BCDF-GHJK', { headers: image }],
      ['/logout', { headers: image }],
      ['/logout/confirm', { ...form({ logout: 'yes' }), headers: post }],
      ['/setup', { ...form({}), headers: old }],
      ['/', { headers: image }],
      ['/', { headers: old }],
      ['/device', { headers: old }],
      ['/device', { headers: { origin: 'null' } }],
      ['/setup', { headers: old }],
      ['/connect', { headers: old }],
    ]
    for (let round = 0; round < 5; round += 1) {
      for (const [path, init] of refused) {
        expect([path, await browse(server, path, office, init)]).toEqual([path, 403])
      }
    }
    expect(await server.storage.prisma.signInThrottle.count()).toBe(0)
    // Everybody in that office goes where they want to.
    const link = from('cross-site', 'navigate', 'document', { 'sec-fetch-user': '?1' })
    const allowed: readonly (readonly [string, RequestInit])[] = [
      [authorize, { headers: link }],
      [authorize, { headers: link }],
      [authorize, { headers: from('none', 'navigate', 'document') }],
      [`${authorize}&prompt=none`, { headers: from('same-site', 'navigate', 'iframe') }],
      ['/logout', { headers: link }],
      ['/logout', { ...form({}), headers: post }],
      ['/device?user_code=BCDF-GHJK', { headers: link }],
      ['/', { headers: link }],
    ]
    for (const [path, init] of allowed) {
      const status = await browse(server, path, office, init)
      expect([path, status !== 403 && status < 429]).toEqual([path, true])
    }
    expect(await browse(server, authorize, office, { headers: link })).toBe(429)
  })

  it('a page that sends its visitor here again and again uses up its own share, and nobody else’s', async () => {
    const server = await start({ usageLimits: limitsWith({ authorize: { limit: 20, windowSeconds: 86_400 } }) })
    const office = '203.0.113.1'
    const navigation = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const byItself = { headers: navigation }
    const pressed = { headers: { ...navigation, 'sec-fetch-user': '?1' } }
    for (const [path, site] of [
      ['/device', 'cross-site'],
      ['/authorize?client_id=nobody', 'same-site'],
    ] as const) {
      byItself.headers['sec-fetch-site'] = site
      const seen = await statusesOf(
        Array.from({ length: 250 }, async () => ({ status: await browse(server, path, office, byItself) })),
      )
      expect([path, seen.includes(429)]).toEqual([path, true])
      for (const asked of [
        pressed,
        {},
        { headers: { origin: server.issuer } },
        { headers: { ...navigation, 'sec-fetch-site': 'none' } },
      ]) {
        expect([path, (await browse(server, path, office, asked)) < 429]).toEqual([path, true])
      }
    }
  })

  it('a page that goes on for as long as a press lasts leaves the others something', async () => {
    const server = await start({ usageLimits: limitsWith({ authorize: { limit: 16, windowSeconds: 86_400 } }) })
    const grant = await newGrant(server)
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', resource: server.resource })
    const path = url.slice(server.issuer.length)
    const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const from = (headers: Record<string, string>) =>
      browse(server, path, '203.0.113.1', { headers: { ...navigation, ...headers } })
    const pressed = { 'sec-fetch-site': 'cross-site', 'sec-fetch-user': '?1' }
    const flood = async (headers: Record<string, string>) => {
      const seen: number[] = []
      for (let asked = 0; asked < 20; asked += 1) seen.push(await from({ ...pressed, ...headers }))
      return seen.filter((status) => status < 400).length
    }
    // One page, under its name and without: another page, a program and an address that is typed get in.
    expect(await flood({})).toBe(8)
    expect(await from({ ...pressed, referer: 'https://honest.example/' })).toBeLessThan(400)
    expect(await flood({ referer: 'https://evil.example/' })).toBe(3)
    for (const site of ['none', 'same-origin', 'none', 'none']) {
      expect(await from({ 'sec-fetch-site': site, 'sec-fetch-user': '?1' })).toBeLessThan(400)
    }
  })

  it('a page that sends its visitor here again and again, with and without saying so, leaves other pages their own', async () => {
    const server = await start({ usageLimits: limitsWith({ authorize: { limit: 32, windowSeconds: 86_400 } }) })
    const grant = await newGrant(server)
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', resource: server.resource })
    const office = '203.0.113.1'
    const navigation = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    const from = (headers: Record<string, string>) =>
      browse(server, url.slice(server.issuer.length), office, { headers: { ...navigation, ...headers } })
    for (const headers of [{ referer: 'https://evil.example/' }, {}, { origin: 'null' }] as Record<string, string>[]) {
      const seen: number[] = []
      for (let asked = 0; asked < 20; asked += 1) seen.push(await from(headers))
      expect([headers, seen.includes(429)]).toEqual([headers, true])
    }
    expect(await from({ referer: 'https://honest.example/' })).toBeLessThan(400)
  })

  it.each(['https://evil.example', 'null'])(
    'a page in a browser without Fetch Metadata (Origin: %s) uses up the share of pages, and nobody else’s',
    async (origin) => {
      const limit = { limit: 20, windowSeconds: 86_400 }
      const server = await start({ usageLimits: limitsWith({ authorize: limit, logout: limit, other: limit }) })
      const office = '203.0.113.1'
      for (const path of ['/authorize?client_id=nobody', '/logout', '/interaction/x']) {
        const seen: number[] = []
        for (let asked = 0; asked < 12; asked += 1)
          seen.push(await browse(server, path, office, { headers: { origin } }))
        expect([path, seen.includes(429)]).toEqual([path, true])
        for (const honest of [{}, { headers: { origin: server.issuer } }]) {
          expect([path, (await browse(server, path, office, honest)) < 429]).toEqual([path, true])
        }
      }
      // Some programs send an Origin.
      const headers = { origin, 'content-type': 'application/json', 'x-forwarded-for': office }
      const register = { method: 'POST', headers, body: JSON.stringify(web) }
      expect(await statusesOf([fetch(`${server.issuer}/register`, register)])).toEqual([201])
    },
  )

  it('a page that registers clients by its visitors’ browsers leaves programs at their address their own', async () => {
    const server = await start({ registration: { mode: 'limited', limitPerAddress: 8, limitTotal: 1_000 } })
    const office = '203.0.113.1'
    const page = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }
    const register = async (headers: Record<string, string>) => {
      const json = { ...headers, 'content-type': 'application/json', 'x-forwarded-for': office }
      return fetch(`${server.issuer}/register`, { method: 'POST', headers: json, body: JSON.stringify(web) })
    }
    const byPage = await statusesOf(Array.from({ length: 10 }, () => register(page)))
    expect(byPage.filter((status) => status === 201)).toHaveLength(2)
    // Honest web clients have the rest of what pages may use up, a neighbour below our own domain counts as a page, too.
    const neighbour = { ...page, origin: 'http://localhost:6274', 'sec-fetch-site': 'same-site' }
    const byNeighbour = await statusesOf(Array.from({ length: 4 }, () => register(neighbour)))
    expect(byNeighbour.filter((status) => status === 201)).toHaveLength(2)
    expect(await statusesOf(Array.from({ length: 8 }, () => register({})))).toEqual(Array(8).fill(201))
  })

  it('clients in browsers go on calling what has no page, from any origin', async () => {
    const server = await start()
    const send = sendTo(server)
    const headers = {
      origin: 'https://app.example',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'cors',
      'sec-fetch-dest': 'empty',
    }
    const json = { ...headers, 'content-type': 'application/json' }
    expect(
      await statusesOf([
        send('/register', '203.0.113.1', { method: 'POST', headers: json, body: JSON.stringify(web) }),
        send('/token', '203.0.113.1', { ...form({ grant_type: 'refresh_token', client_id: 'x' }), headers }),
        send('/userinfo', '203.0.113.1', { headers: { ...headers, authorization: 'Bearer x' } }),
        send('/device/authorize', '203.0.113.1', { ...form({ client_id: 'x' }), headers }),
        send('/.well-known/oauth-authorization-server', '203.0.113.1', { headers }),
      ]),
    ).toEqual([201, 401, 401, 401, 200])
  })

  it.each<[string, Record<string, string>]>([
    [
      'pages fetched ahead of a visit',
      { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-purpose': 'prefetch' },
    ],
    ['pages rendered ahead of a visit', { 'sec-fetch-site': 'none', 'sec-purpose': 'prefetch;prerender' }],
    ['handshakes of web sockets', { upgrade: 'websocket', connection: 'Upgrade', origin: 'https://evil.example' }],
    [
      'handshakes whose Upgrade a proxy dropped',
      { 'sec-websocket-key': 'eA==', 'sec-websocket-version': '13', origin: 'https://evil.example' },
    ],
  ])('%s are refused before anything is counted', async (_what, headers) => {
    const server = await start({ usageLimits: limitsWith({ authorize: { limit: 3, windowSeconds: 86_400 } }) })
    const office = '203.0.113.1'
    for (const path of ['/device', '/authorize?client_id=nobody', '/logout']) {
      for (let asked = 0; asked < 5; asked += 1) {
        expect([path, await browse(server, path, office, { headers })]).toEqual([path, 400])
      }
    }
    expect(await server.storage.prisma.rateLimit.count()).toBe(0)
    expect(await browse(server, '/authorize?client_id=nobody', office, {})).toBe(400)
  })

  it.each(['no-cors', 'navigate'])(
    'what a page could not read the answer of (%s) is refused before anything is counted',
    async (mode) => {
      const server = await start({
        registration: { mode: 'limited', limitPerAddress: 5, limitTotal: 100 },
        usageLimits: limitsWith({
          authorize: { limit: 5, windowSeconds: 86_400 },
          other: { limit: 5, windowSeconds: 86_400 },
        }),
      })
      const office = '203.0.113.1'
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode, origin: 'https://evil.example' }
      for (const path of ['/register', '/par', '/device/authorize', '/token', '/introspect', '/revoke', '/userinfo']) {
        const statuses = await statusesOf(
          Array.from({ length: 12 }, async () => ({
            status: await browse(server, path, office, { ...form({ client_id: 'nobody' }), headers }),
          })),
        )
        expect([path, new Set(statuses)]).toEqual([path, new Set([403])])
      }
      expect(await server.storage.prisma.rateLimit.count()).toBe(0)
      expect((await registerFrom(server, office)).status).toBe(201)
      expect(await browse(server, '/authorize?client_id=nobody', office, {})).toBe(400)
    },
  )
})
