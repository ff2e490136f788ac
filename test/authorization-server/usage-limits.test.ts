import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { noUsageLimits, type UsageLimitName, type UsageLimits } from '../../src/oauth/usage-limits.js'
import { pageOf } from '../support/browser.js'
import { preferredDatabase } from '../support/databases.js'
import { deviceCodeGrant, poll, startDevice } from '../support/device-client.js'
import { eventually } from '../support/eventually.js'
import { type Grant, newGrant, obtainTokens, refresh, register, startAuthorization } from '../support/oauth-client.js'
import { addConfidentialClient, readJson, startServer, type TestServer } from './server.js'

/** Of ten years, so that none ends while a test runs. */
const windowSeconds = 3_650 * 86_400
const figures: Partial<Record<UsageLimitName, number>> = {
  authorize: 8,
  'sign-in': 12,
  logout: 6,
  token: 40,
  'token-refused': 5,
  'token-person': 4,
  'token-client': 4,
  introspection: 12,
  'introspection-client': 4,
  other: 60,
}
const usageLimits = Object.fromEntries(
  Object.keys(noUsageLimits).map((name) => [name, { limit: figures[name as UsageLimitName] ?? 0, windowSeconds }]),
) as UsageLimits

const kind = preferredDatabase()

describe(`Limits of the endpoints, on ${kind}`, () => {
  let server: TestServer
  let grant: Grant
  /** A form of a page that a browser has open, sent again and again. */
  let posted: { readonly uid: string; readonly init: RequestInit }
  beforeAll(async () => {
    server = await startServer(kind, { usageLimits, trustedProxies: ['127.0.0.1'], accessTokenFormat: 'opaque' })
    grant = await newGrant(server)
    posted = await openForm()
  })
  afterAll(() => server.close())

  let addresses = 0
  const newAddress = () => {
    addresses += 1
    return `203.0.113.${addresses}`
  }
  const browserHeaders = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
  const send = (path: string, from: string, init: RequestInit = {}) =>
    fetch(`${server.issuer}${path}`, {
      redirect: 'manual',
      ...init,
      headers: { ...init.headers, 'x-forwarded-for': from },
    })
  const form = (fields: Record<string, string>): RequestInit => ({ method: 'POST', body: new URLSearchParams(fields) })
  const expectRefused = async (response: Response, limit: UsageLimitName) => {
    expect(response.status).toBe(429)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(response.headers.get('cache-control')).toMatch(/no-store/)
    const id = response.headers.get('x-request-id') ?? 'none'
    await eventually(async () => server.logLines.some((line) => line.includes(id)))
    const line = JSON.parse(server.logLines.find((candidate) => candidate.includes(id)) ?? '{}')
    expect(line).toMatchObject({ limit, error: 'temporarily_unavailable', status: 429 })
  }

  interface Case {
    readonly limit: 'authorize' | 'sign-in' | 'logout' | 'introspection' | 'other'
    readonly ask: (from: string) => Promise<Response>
    /** Other spellings of the same, one after the other. */
    readonly dodges: readonly ((from: string) => Promise<Response>)[]
    readonly isPage: boolean
  }
  const authorization = () => {
    const { search } = new URL(startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url)
    return search
  }
  const openForm = async () => {
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(`${server.issuer}/authorize${authorization()}`))
    const csrf = page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf')?.value ?? ''
    const cookie = browser.cookies.header(new URL(page.url)) ?? ''
    return {
      uid: new URL(page.url).pathname.split('/').at(-1) ?? '',
      init: { ...form({ csrf }), headers: { ...browserHeaders, cookie } },
    }
  }

  it.each<Case>([
    {
      limit: 'authorize',
      ask: (from) => send(`/authorize${authorization()}`, from, { headers: browserHeaders }),
      dodges: [
        (from) => send(`/AUTHORIZE/${authorization()}`, from, { headers: browserHeaders }),
        (from) =>
          send('/authorize', from, {
            method: 'POST',
            body: new URLSearchParams(authorization()),
            headers: browserHeaders,
          }),
      ],
      isPage: true,
    },
    {
      limit: 'logout',
      ask: (from) => send('/logout', from, { headers: browserHeaders }),
      dodges: [(from) => send('/Logout/?x=1', from, { headers: browserHeaders })],
      isPage: true,
    },
    {
      limit: 'sign-in',
      ask: (from) => send(`/interaction/${posted.uid}/switch-account`, from, posted.init),
      dodges: [
        (from) => send(`/Interaction/${posted.uid}/sign%2Din`, from, posted.init),
        (from) => send(`/interaction/${posted.uid}/consent/`, from, posted.init),
        (from) =>
          send(
            `/interaction/%${posted.uid.charCodeAt(0).toString(16)}${posted.uid.slice(1)}/consent`,
            from,
            posted.init,
          ),
      ],
      isPage: true,
    },
    {
      limit: 'introspection',
      ask: (from) => send('/introspect', from, form({ token: 'x' })),
      dodges: [
        (from) => send('/INTROSPECT/', from, { ...form({ token: 'x' }), headers: browserHeaders }),
        (from) => send('/revocations', from, form({})),
      ],
      isPage: false,
    },
    {
      limit: 'other',
      ask: (from) => send('/userinfo', from),
      dodges: [(from) => send('/revoke', from, form({ token: 'x' })), (from) => send('/register/x', from)],
      isPage: false,
    },
  ])('$limit counts an address, however it asks, and nobody else', async ({ limit, ask, dodges, isPage }) => {
    const from = newAddress()
    const allowed = figures[limit] ?? 0
    for (let asked = 0; asked < allowed; asked += 1) expect((await ask(from)).status).not.toBe(429)
    const refused = await ask(from)
    await expectRefused(refused, limit)
    if (isPage) expect(await refused.text()).toContain('Too many requests from your network')
    else expect(await readJson(refused)).toMatchObject({ error: 'temporarily_unavailable' })
    for (const dodge of dodges) await expectRefused(await dodge(from), limit)
    // What a stranger writes in front of the address that the proxy adds.
    await expectRefused(await ask(`198.51.100.1, ${from}`), limit)
    expect((await ask(newAddress())).status).not.toBe(429)
    const network = `2001:db8:${addresses}:1`
    for (let asked = 0; asked < allowed; asked += 1) await ask(`${network}::${asked}`)
    await expectRefused(await ask(`${network}:ffff::1`), limit)
    expect((await ask(`2001:db8:${addresses}:2::1`)).status).not.toBe(429)
  })

  it('bound what an address leaves behind: sign-ins in progress and sessions', async () => {
    const from = newAddress()
    const { prisma } = server.storage
    const before = [await prisma.ephemeralArtifact.count(), await prisma.session.count()]
    for (let asked = 0; asked < 30; asked += 1) {
      await send(`/authorize${authorization()}`, from)
      await send('/logout', from)
    }
    const after = [await prisma.ephemeralArtifact.count(), await prisma.session.count()]
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([figures.authorize, figures.logout])
  })

  it('leave out what costs nothing', async () => {
    const from = newAddress()
    const style = /href="([^"]+\.css)"/.exec(await (await send('/', from)).text())?.[1] ?? ''
    expect(style).toMatch(/^\/assets/)
    const free: readonly [string, RequestInit][] = [
      ['/.well-known/oauth-authorization-server', {}],
      ['/jwks', {}],
      ['/health/live', {}],
      ['/token', { method: 'OPTIONS' }],
      [style, {}],
    ]
    for (const [path, init] of free) {
      for (let asked = 0; asked < 70; asked += 1) expect((await send(path, from, init)).status).not.toBe(429)
    }
  })

  it('at /token answer in a form that clients come back from, also pages of other origins and devices', async () => {
    const from = newAddress()
    const ask = (fields: Record<string, string>) => send('/token', from, form(fields))
    for (let asked = 0; asked < (figures.token ?? 0); asked += 1) await ask({ client_id: `client ${asked}` })
    const refused = await ask({ grant_type: 'refresh_token', client_id: 'x' })
    await expectRefused(refused, 'token')
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
    expect(refused.headers.get('access-control-expose-headers')).toMatch(/Retry-After/)
    expect(await readJson(refused)).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'too many requests, try again later',
    })
    expect(await readJson(await ask({ grant_type: deviceCodeGrant, client_id: 'x' }))).toMatchObject({
      error: 'slow_down',
    })
  })

  it('stop a client that is refused again and again at one address, and no other there', async () => {
    const from = newAddress()
    const refused = (client: string, headers: Record<string, string> = {}) =>
      send('/token', from, { ...form({ grant_type: 'refresh_token', client_id: client, refresh_token: 'x' }), headers })
    const basic = (client: string) => ({ authorization: `Basic ${Buffer.from(`${client}:secret`).toString('base64')}` })
    const machine = await addConfidentialClient(server)
    for (let asked = 0; asked < (figures['token-refused'] ?? 0); asked += 1) {
      expect((await refused(grant.clientId)).status).toBe(400)
      expect((await refused('', basic(machine.clientId))).status).toBeGreaterThanOrEqual(400)
    }
    await expectRefused(await refused(grant.clientId), 'token-refused')
    await expectRefused(await refused('', basic(machine.clientId)), 'token-refused')
    const spelled = machine.clientId.replace(/^./, (first) => `%${first.charCodeAt(0).toString(16)}`)
    await expectRefused(await refused('', basic(spelled)), 'token-refused')
    // Its name does not keep it out anywhere else: who is refused proved nothing.
    const honest = await fetch(`${server.issuer}/token`, {
      ...form({ grant_type: 'client_credentials' }),
      headers: { authorization: machine.authorization, 'x-forwarded-for': newAddress() },
    })
    expect(honest.status).toBe(200)
    expect((await refused('x'.repeat(20_000))).status).toBe(401)
  })

  it('do not count a device that waits', async () => {
    const { client_id: clientId } = await register(grant.server, {
      grant_types: [deviceCodeGrant],
      response_types: [],
      redirect_uris: [],
    })
    const client = { ...grant, clientId }
    const device = await startDevice(client)
    for (let asked = 0; asked < 8; asked += 1) {
      expect(['authorization_pending', 'slow_down']).toContain((await poll(client, device.device_code)).error)
    }
  })

  it('stop a loop of refreshes for one person and client, using nothing up', async () => {
    const person = await server.addAccount('loop@example.com')
    const other = await newGrant(server)
    const [tokens, ofOther, ofAnother] = [
      await obtainTokens(grant, server.newBrowser(), { account: person }),
      await obtainTokens(other, server.newBrowser(), { account: person }),
      await obtainTokens(grant, server.newBrowser(), { account: server.account }),
    ]
    let refreshToken = tokens.refresh_token ?? ''
    for (let used = 1; used < (figures['token-person'] ?? 0); used += 1) {
      refreshToken = (await refresh(grant, refreshToken)).tokens?.refresh_token ?? ''
    }
    const refused = await refresh(grant, refreshToken)
    expect(refused).toMatchObject({ status: 429, error: 'temporarily_unavailable' })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await refresh(other, ofOther.refresh_token ?? '')).status).toBe(200)
    expect((await refresh(grant, ofAnother.refresh_token ?? '')).status).toBe(200)
    // A server over the same data that does not count: the token was not used, let alone twice.
    const uncounted = await startServer(kind, { storage: server.storage })
    const at = { ...grant, server: { ...grant.server, token_endpoint: `${uncounted.issuer}/token` } }
    expect((await refresh(at, refreshToken)).status).toBe(200)
    await uncounted.close()
  })

  it('hold for a client that proved who it is, which nobody else can use up', async () => {
    const [machine, other] = [await addConfidentialClient(server), await addConfidentialClient(server)]
    const ask = (authorization: string) =>
      send('/token', newAddress(), { ...form({ grant_type: 'client_credentials' }), headers: { authorization } })
    const guess = `Basic ${Buffer.from(`${machine.clientId}:guess`).toString('base64')}`
    for (let asked = 0; asked < 8; asked += 1) expect((await ask(guess)).status).toBe(401)
    for (let asked = 0; asked < (figures['token-client'] ?? 0); asked += 1)
      expect((await ask(machine.authorization)).status).toBe(200)
    const issued = await server.storage.prisma.artifact.count()
    await expectRefused(await ask(machine.authorization), 'token-client')
    expect(await server.storage.prisma.artifact.count()).toBe(issued)
    expect((await ask(other.authorization)).status).toBe(200)
  })

  it('hold for a resource server that asks about tokens, which then learns nothing', async () => {
    const { access_token: token } = await obtainTokens(grant, server.newBrowser(), {
      account: await server.addAccount('introspected@example.com'),
    })
    const resourceServer = await addConfidentialClient(server, { introspects: server.resource })
    const ask = () =>
      send('/introspect', newAddress(), {
        ...form({ token }),
        headers: { authorization: resourceServer.authorization },
      })
    for (let asked = 0; asked < (figures['introspection-client'] ?? 0); asked += 1)
      expect(await readJson(await ask())).toMatchObject({ active: true })
    const refused = await ask()
    await expectRefused(refused, 'introspection-client')
    expect(Object.keys(await readJson(refused))).toEqual(['error', 'error_description'])
  })

  it('are shared by replicas within a second or so', async () => {
    const replica = await server.startReplica()
    const from = newAddress()
    const at = (url: string, client: string) =>
      fetch(url, { ...form({ client_id: client }), headers: { 'x-forwarded-for': from } })
    for (let asked = 0; asked <= (figures.token ?? 0); asked += 1) await at(`${server.issuer}/token`, `a${asked}`)
    const known = figures.token ?? 0
    for (let asked = 0; asked < 5; asked += 1) expect((await at(replica, `b${asked}`)).status).not.toBe(429)
    await eventually(async () => (await server.storage.prisma.rateLimit.count({ where: { used: known + 5 } })) === 1)
    // Far fewer than would be too many for the replica alone.
    let asked = 0
    await eventually(async () => {
      asked += 1
      return (await at(replica, `c${asked}`)).status === 429
    })
    expect(asked).toBeLessThan(known / 2)
  })

  it('begin anew with the next window', async () => {
    const from = newAddress()
    for (let asked = 0; asked < (figures.other ?? 0); asked += 1) await send('/userinfo', from)
    const refused = await send('/userinfo', from)
    await expectRefused(refused, 'other')
    server.advance(Number(refused.headers.get('retry-after')))
    expect((await send('/userinfo', from)).status).toBe(401)
  })

  it('do not count addresses where all seem to be one', async () => {
    const hidden = await startServer(kind, { storage: server.storage, usageLimits, hidesAddresses: true })
    for (let asked = 0; asked < 50; asked += 1) {
      const answer = await fetch(`${hidden.issuer}/token`, form({ client_id: 'x' }))
      expect(answer.status).toBe(401)
    }
    await hidden.close()
  })

  it('fail no request in all of this', () => {
    const failures = server.logLines
      .map((line) => JSON.parse(line))
      .filter(({ status, level }) => status >= 500 || level === 'error')
    expect(failures).toEqual([])
  })
})
