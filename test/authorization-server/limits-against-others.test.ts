/** Limits cannot be turned against others: each attack comes from several networks at once, through a trusted proxy; then others ask. */
import { describe, expect, it } from '@jest/globals'
import { deviceLimits, userCodeLimits } from '../../src/authorization-server/device/entry.js'
import { hashSecret } from '../../src/base/secrets.js'
import { parseUsageLimits } from '../../src/oauth/usage-limits.js'
import { UntrustedFetchError } from '../../src/outbound/untrusted-fetch-error.js'
import { pageOf } from '../support/browser.js'
import { deviceCodeGrant, startDevice } from '../support/device-client.js'
import { eventually } from '../support/eventually.js'
import { newGrant, register, startAuthorization } from '../support/oauth-client.js'
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

describe(`Limits turned against others, on ${kind}`, () => {
  const start = startsServers()

  /** Addresses of several IPv6 sites, each in a /64 of its own, and several spellings of IPv4 addresses. */
  const attackers = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      index % 3 === 2
        ? `198.51.${100 + (index % 5)}.${1 + (index % 250)}`
        : `2001:db8:${(index % 3).toString(16)}:${index.toString(16)}::1`,
    )
  const others = ['203.0.113.7', '2001:db8:ffff:1::1', '::ffff:203.0.113.8', '64:ff9b::203.0.113.9']

  it('registrations from a /56, and from several sites, leave everybody else a registration', async () => {
    const server = await start({ registration: { mode: 'limited', limitPerAddress: 5, limitTotal: 40 } })
    const fromHome = Array.from({ length: 40 }, (_, index) =>
      registerFrom(server, `2001:db8:99:${index.toString(16)}::1`),
    )
    const taken = (await Promise.all(fromHome)).filter(({ status }) => status === 201)
    expect(taken).toHaveLength(4 * 5)
    await Promise.all(attackers(60).map((address) => registerFrom(server, address)))
    expect(await statusesOf(others.map((address) => registerFrom(server, address)))).toEqual([201, 201, 201, 201])
    expect((await registerFrom(server, '2001:db8:99:77::1')).status).toBe(429)
  })

  it('posts to the device page without a token in the form, from everywhere, leave everybody their codes', async () => {
    const server = await start()
    const send = sendTo(server)
    const grant = await newGrant(server)
    const { client_id: clientId } = await register(grant.server, { ...web, grant_types: [deviceCodeGrant] })
    const code = form({ user_code: 'BCDF-GHJK' })
    // More than one address may enter, and more than every network is left with.
    for (let round = 0; round < 6; round += 1) {
      const posts = Array.from({ length: 50 }, (_, index) =>
        send('/device', index % 2 === 0 ? '127.0.0.1' : (others[0] ?? ''), code),
      )
      expect(new Set(await statusesOf(posts))).toEqual(new Set([403]))
    }
    const stored = await server.storage.prisma.rateLimit.count()
    expect(stored).toBe(0)
    const device = await startDevice({ ...grant, clientId })
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(`${server.issuer}/device`))
    const entered = pageOf(await browser.press(page, 'Continue', { Code: device.user_code }))
    expect(entered.status).toBe(200)
  })

  it('codes entered from several networks leave everybody else a few, and the rest of the limit is counted', async () => {
    const server = await start()
    const grant = await newGrant(server)
    const { client_id: clientId } = await register(grant.server, { ...web, grant_types: [deviceCodeGrant] })
    // As if several sites had entered all codes that there are for everybody.
    const key = hashSecret('user code')
    const resetsAt = new Date(Date.now() + userCodeLimits.windowSeconds * 1_000)
    await server.storage.prisma.rateLimit.create({ data: { key, used: userCodeLimits.total, resetsAt } })
    const browser = server.newBrowser()
    let page = pageOf(await browser.open(`${server.issuer}/device`))
    const statuses: number[] = []
    for (let tries = 0; tries < userCodeLimits.addressBeyond; tries += 1) {
      const wrong = tries + 1 < userCodeLimits.addressBeyond
      const typed = wrong ? 'BCDF-GHJK' : (await startDevice({ ...grant, clientId })).user_code
      page = pageOf(await browser.press(page, 'Continue', { Code: typed }))
      statuses.push(page.status)
    }
    expect(statuses).toEqual([422, 422, 200])
    page = pageOf(await browser.open(`${server.issuer}/device`))
    page = pageOf(await browser.press(page, 'Continue', { Code: 'BCDF-GHJK' }))
    expect([page.status, Number(page.headers.get('retry-after')) > 0]).toEqual([429, true])
    expect(page.text).toContain('There were too many tries')
  })

  it('look-ups of documents that fail at once take no place from others, though their answers come late', async () => {
    let asked = 0
    const server = await start({
      clientFailureMs: 1_500,
      untrustedFetch: async (input) => {
        asked += 1
        if (String(input).includes('honest')) await new Promise((resolve) => setTimeout(resolve, 20))
        throw new UntrustedFetchError('connection refused')
      },
    })
    const send = sendTo(server)
    const lookUp = (name: string, from: string) => {
      const clientId = `https://${name}.example/client.json`
      const { url } = startAuthorization(
        { authorization_endpoint: `${server.issuer}/authorize` },
        { clientId, redirectUri: 'https://app.example/cb', scope: 'notes:read', resource: server.resource },
      )
      return send(url.slice(server.issuer.length), from)
    }
    const flood = attackers(120).map((from, index) => lookUp(`bad-${index}`, from))
    await eventually(async () => asked === 120)
    const startedAt = performance.now()
    await lookUp('honest', '203.0.113.7')
    // It was asked for, and its failure took as long as every other.
    expect(asked).toBe(121)
    expect(performance.now() - startedAt).toBeGreaterThan(1_400)
    expect(new Set(await statusesOf(flood))).toEqual(new Set([400]))
  })

  it('authorization and sign-out requests that store nothing leave everybody at their address theirs', async () => {
    const usageLimits = limitsWith({
      authorize: { limit: 3, windowSeconds: 86_400 },
      'authorize-bytes': { limit: 20_000, windowSeconds: 86_400 },
      logout: { limit: 3, windowSeconds: 86_400 },
      other: { limit: 60, windowSeconds: 86_400 },
    })
    const server = await start({ usageLimits })
    const send = sendTo(server)
    const grant = await newGrant(server)
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', resource: server.resource })
    const { searchParams } = new URL(url)
    const authorize = `/authorize?${searchParams}`
    const home = '203.0.113.1'
    const storesNothing: readonly (readonly [string, RequestInit, number])[] = [
      ['/authorize?client_id=nobody', {}, 400],
      ['/authorize', {}, 400],
      [`${authorize}&prompt=none`, {}, 303],
      [`${authorize}&state=twice`, {}, 303],
      ['/authorize', form(Object.fromEntries(searchParams)), 303],
      ['/par', form({ client_id: 'nobody' }), 401],
      ['/device/authorize', form({ client_id: 'nobody' }), 401],
      ['/logout?id_token_hint=x', {}, 400],
      ['/logout', form({}), 303],
    ]
    for (let round = 0; round < 5; round += 1) {
      for (const [path, init, status] of storesNothing) {
        expect([path, (await send(path, home, init)).status]).toEqual([path, status])
      }
    }
    const asked = async (path: string) => (await send(path, home)).status
    expect([await asked(authorize), await asked(authorize), await asked(authorize)]).toEqual([303, 303, 303])
    expect(await asked(authorize)).toBe(429)
    expect([await asked('/logout'), await asked('/logout'), await asked('/logout')]).toEqual([200, 200, 200])
    expect(await asked('/logout')).toBe(429)
    // What they look up counts with all other requests.
    const lookUp = async () => (await send('/authorize?client_id=nobody', '203.0.113.3')).status
    for (let asks = 0; asks < 60; asks += 1) expect(await lookUp()).toBe(400)
    expect(await lookUp()).toBe(429)
    expect((await send('/authorize?client_id=nobody', '203.0.113.2')).status).toBe(400)
  })

  it('registrations and device codes that are refused leave everybody at their address theirs', async () => {
    const server = await start({ registration: { mode: 'limited', limitPerAddress: 3, limitTotal: 1_000 } })
    const send = sendTo(server)
    const home = '203.0.113.1'
    const json = { 'content-type': 'application/json' }
    const refused: readonly RequestInit[] = [
      { headers: { 'content-type': 'text/plain' }, body: JSON.stringify(web) },
      { headers: json, body: '{' },
      { headers: json, body: JSON.stringify({ redirect_uris: ['javascript:alert(1)'] }) },
    ]
    for (const init of [...refused, ...refused, ...refused]) {
      expect((await send('/register', home, { ...init, method: 'POST' })).status).toBe(400)
    }
    const update = { method: 'PUT', headers: { ...json, authorization: 'Bearer x' }, body: JSON.stringify(web) }
    for (let asked = 0; asked < 5; asked += 1) expect((await send('/register/x', home, update)).status).toBe(401)
    expect(await server.storage.prisma.rateLimit.count()).toBe(0)
    const registered = await statusesOf(Array.from({ length: 5 }, () => registerFrom(server, home)))
    expect(registered.toSorted()).toEqual([201, 201, 201, 429, 429])
    expect(await server.storage.prisma.client.count()).toBe(3)
    const grant = await newGrant(server)
    const { client_id: clientId } = await register(grant.server, { ...web, grant_types: [deviceCodeGrant] })
    const before = await server.storage.prisma.rateLimit.count()
    for (let asked = 0; asked < 5; asked += 1) {
      expect((await send('/device/authorize', home, form({ client_id: 'nobody' }))).status).toBe(401)
      expect((await send('/device/authorize', home, form({ client_id: grant.clientId }))).status).toBe(400)
    }
    expect(await server.storage.prisma.rateLimit.count()).toBe(before)
    const askForCode = () => send('/device/authorize', home, form({ client_id: clientId, scope: 'notes:read' }))
    const codes = await statusesOf(Array.from({ length: deviceLimits.address + 5 }, askForCode))
    expect(codes.filter((status) => status === 200)).toHaveLength(deviceLimits.address)
    const late = await askForCode()
    expect([late.status, Number(late.headers.get('retry-after')) > 0]).toEqual([429, true])
    expect(await late.json()).toMatchObject({ error: 'temporarily_unavailable' })
  })

  it('requests that are refused use up no bytes', async () => {
    const server = await start({
      usageLimits: limitsWith({ 'authorize-bytes': { limit: 5_000, windowSeconds: 86_400 } }),
    })
    const refused = `/authorize?client_id=nobody&state=${'x'.repeat(3_000)}`
    for (let asked = 0; asked < 5; asked += 1) {
      expect(await browse(server, refused, '203.0.113.1', {})).toBe(400)
    }
    const grant = await newGrant(server)
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', resource: server.resource })
    const { pathname, searchParams } = new URL(url)
    searchParams.set('state', 'x'.repeat(3_000))
    const asked = async () => browse(server, `${pathname}?${searchParams}`, '203.0.113.1', {})
    expect([await asked(), await asked()]).toEqual([303, 429])
  })

  it('pushed requests count with authorization requests, and what one network stores is bounded in bytes', async () => {
    const usageLimits = limitsWith({
      authorize: { limit: 4, windowSeconds: 86_400 },
      'authorize-bytes': { limit: 40_000, windowSeconds: 86_400 },
    })
    const server = await start({ usageLimits })
    const send = sendTo(server)
    const grant = await newGrant(server)
    const pushed = (state: string) => {
      const { url } = startAuthorization(
        { ...grant.server, authorization_endpoint: `${server.issuer}/authorize` },
        { ...grant, scope: 'notes:read', resource: server.resource },
      )
      return form({ ...Object.fromEntries(new URL(url).searchParams), state })
    }
    const small = await statusesOf(Array.from({ length: 6 }, () => send('/par', '203.0.113.1', pushed('x'))))
    expect(small.toSorted()).toEqual([201, 201, 201, 201, 429, 429])
    const stored = () => server.storage.prisma.ephemeralArtifact.count()
    const before = await stored()
    // One site writes 16 times what one address may, and no more.
    const large = await statusesOf(
      Array.from({ length: 60 }, (_, index) =>
        send('/par', `2001:db8:5:${(index * 0x100).toString(16)}::1`, pushed('x'.repeat(12_000))),
      ),
    )
    expect(large.filter((status) => status === 201).length).toBeLessThanOrEqual((16 * 40_000) / 12_000)
    expect((await stored()) - before).toBe(large.filter((status) => status === 201).length)
    expect((await send('/par', others[1] ?? '', pushed('x'))).status).toBe(201)
  })

  it('refused token requests that come in parallel pass their limit no more than those that come one by one', async () => {
    const server = await start({ usageLimits: limitsWith({ 'token-refused': { limit: 20, windowSeconds: 86_400 } }) })
    const send = sendTo(server)
    const grant = await newGrant(server)
    const ask = (from: string) =>
      send('/token', from, form({ grant_type: 'refresh_token', client_id: grant.clientId, refresh_token: 'x' }))
    const statuses = await statusesOf(Array.from({ length: 100 }, () => ask('203.0.113.1')))
    expect(statuses.filter((status) => status === 400)).toHaveLength(20)
    expect(statuses.filter((status) => status === 429)).toHaveLength(80)
    expect((await ask('203.0.113.2')).status).toBe(400)
  })

  it('has bytes of authorization requests among the settings', () => {
    expect(parseUsageLimits('authorize-bytes=1000')['authorize-bytes']).toMatchObject({
      limit: 1_000,
      total: 268_435_456,
    })
  })
})
