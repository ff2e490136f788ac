/** An MCP server whose authorization server is somebody else's and has no registration: clients get in through the front. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { systemClock } from '../../src/base/clock.js'
import { randomSecret } from '../../src/base/secrets.js'
import { createIssuerFront, serveFront } from '../../src/issuer-front/index.js'
import type { Browser } from '../support/browser.js'
import { completeForeignAuthorization } from '../support/foreign-issuer.js'
import { listenOn } from '../support/opened.js'
import { callThroughSdkV2, connectSdkV2, SdkV2Provider } from '../support/sdk-v2-client.js'
import { type FrontWorld, redirectUri, startFrontWorld, verifier } from './front-world.js'

let world: FrontWorld
beforeAll(async () => {
  world = await startFrontWorld()
})
afterAll(() => world.close())

describe('A client of an MCP server behind a foreign authorization server', () => {
  it('gets from the bare URL to a tool call, a step-up and a refresh, checking the issuer all the way', async () => {
    const provider = new SdkV2Provider(
      world.newBrowser(),
      { account: { email: '', password: '' } },
      completeForeignAuthorization,
    )
    const connection = await connectSdkV2(world.resource, provider, 'auto')
    expect(provider.requests[0]?.origin).toBe(world.origin)
    const created = await callThroughSdkV2(connection, provider, 'create_note', { title: 'Front', body: 'from afar' })
    expect(created.isError).not.toBe(true)
    const listed = await callThroughSdkV2(connection, provider, 'list_notes')
    expect(JSON.stringify(listed.structuredContent)).toContain('Front')
    await connection.client.close()
    // Upstream the client is one of its own, with one redirect URI for all clients.
    expect(world.foreign.clients.at(-1)).toMatchObject({
      client_name: 'SDK client',
      scope: 'notes:read notes:write',
      redirect_uris: [`${world.origin}/authorize/callback`],
    })
  })

  it('may use any loopback port, and a private scheme on the list, which the foreign server would refuse', async () => {
    const clientId = await world.registered({
      redirect_uris: ['http://localhost:1/cb', 'cursor://anysphere.cursor-mcp/oauth/callback'],
    })
    for (const uri of ['http://localhost:54321/cb', 'cursor://anysphere.cursor-mcp/oauth/callback']) {
      const left = await completeForeignAuthorization(
        world.newBrowser(),
        world.authorizeUrl(clientId, { redirect_uri: uri }),
      )
      expect(left.startsWith(`${uri}?code=`)).toBe(true)
      const { searchParams } = new URL(left)
      expect([searchParams.get('iss'), searchParams.get('state')]).toEqual([world.origin, 's1'])
      const exchange = {
        grant_type: 'authorization_code',
        client_id: clientId,
        redirect_uri: uri,
        resource: world.resource,
      }
      const answer = await world.token({ ...exchange, code: searchParams.get('code') ?? '', code_verifier: verifier })
      expect(answer).toMatchObject({ status: 200, body: { token_type: 'Bearer', scope: 'notes:read' } })
      const refresh = { grant_type: 'refresh_token', client_id: clientId, resource: world.resource }
      const refreshed = await world.token({ ...refresh, refresh_token: String(answer.body['refresh_token']) })
      expect(refreshed).toMatchObject({ status: 200, body: { access_token: expect.any(String) } })
    }
  })

  it.each(['client_secret_basic', 'client_secret_post'])('may be confidential: %s', async (method) => {
    const { body } = await world.register({ redirect_uris: [redirectUri], token_endpoint_auth_method: method })
    expect(body).not.toHaveProperty('registration_access_token')
    expect(body).not.toHaveProperty('registration_client_uri')
    const clientId = String(body['client_id'])
    const secret = String(body['client_secret'])
    const code = (await world.complete(world.newBrowser(), clientId)).get('code') ?? ''
    const exchange = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: redirectUri,
      resource: world.resource,
    }
    const basic = `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString('base64')}`
    const answer = (given: string) =>
      method === 'client_secret_basic'
        ? world.token(exchange, { authorization: given === secret ? basic : 'Basic bm9ib2R5OndoYXQ=' })
        : world.token({ ...exchange, client_id: clientId, client_secret: given })
    expect(await answer('wrong')).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect((await answer(secret)).status).toBe(200)
  })

  it('revokes through the front', async () => {
    const clientId = await world.registered()
    const code = (await world.complete(world.newBrowser(), clientId)).get('code') ?? ''
    const exchange = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: redirectUri, code }
    const { body } = await world.token({ ...exchange, code_verifier: verifier, resource: world.resource })
    const refreshToken = String(body['refresh_token'])
    const revoked = await fetch(`${world.origin}/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: refreshToken, client_id: clientId }),
    })
    expect(revoked.status).toBe(200)
    expect(
      await world.token({ grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken }),
    ).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
  })
})

describe('The front says', () => {
  it.each(['oauth-authorization-server', 'openid-configuration'])('who it is, correctly: %s', async (name) => {
    const response = await fetch(`${world.origin}/.well-known/${name}`)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toMatchObject({
      issuer: world.origin,
      registration_endpoint: `${world.origin}/register`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    })
    expect(JSON.stringify(await (await fetch(`${world.origin}/.well-known/${name}`)).json())).not.toContain(
      world.foreign.issuer,
    )
  })

  it('to people where they will be sent, in words nobody can forge', async () => {
    const clientId = await world.registered({ client_name: '<b>Your Bank</b>' })
    const arrival = await world.newBrowser().open(world.authorizeUrl(clientId))
    if ('left' in arrival) throw new Error('nobody was asked')
    const { html, headers } = arrival.page
    expect(html).toContain('&#60;b&#62;Your Bank')
    expect(html).toContain('not verified')
    expect(html).toContain('a program on this computer (127.0.0.1)')
    expect(html).not.toMatch(/<b>/)
    // One script, which the policy names by its hash.
    const [script, ...others] = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, text]) => text ?? '')
    expect([others, html.match(/<script/g)?.length]).toEqual([[], 1])
    expect(headers.get('content-security-policy')).toContain(
      `script-src 'sha256-${createHash('sha256')
        .update(script ?? '')
        .digest('base64')}'`,
    )
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax/)
    const cancel = /<a href="([^"]+)" rel="noreferrer">Cancel/.exec(html)?.[1]?.replaceAll('&#38;', '&') ?? ''
    expect(Object.fromEntries(new URL(cancel).searchParams)).toEqual({
      error: 'access_denied',
      state: 's1',
      iss: world.origin,
    })
  })
})

describe('A press that no script saw', () => {
  const confirmUrl = (url: string) => url.replace('/authorize?', '/authorize/confirm?')
  const stampIn = (html: string) => /name="front_shown" value="([^"]+)"/.exec(html)?.[1] ?? ''

  async function opened(browser: Browser, url: string): Promise<string> {
    const arrival = await browser.open(url)
    return 'left' in arrival ? arrival.left : arrival.page.html
  }

  it('leads to a second page, which wants time and its number, in the same browser and for the same request', async () => {
    const browser = world.newBrowser()
    const url = world.authorizeUrl(await world.registered())
    const first = await opened(browser, url)
    const link = /<a class="go" href="([^"]+)"/.exec(first)?.[1]?.replaceAll('&#38;', '&') ?? ''
    expect(new URL(link, world.origin).href).toBe(confirmUrl(url))
    const second = await opened(browser, confirmUrl(url))
    expect(second).toContain('Did you start this yourself?')
    expect(second).not.toContain('<script')
    const [, number = ''] = /To go on, type <strong>(\d{3})/.exec(second) ?? []
    const pressed = (shown: string, typed = number, request = url) =>
      `${confirmUrl(request)}&${new URLSearchParams({ front_shown: shown, front_number: typed })}`
    const stamp = stampIn(second)
    const wrong = String((Number(number) + 1) % 1_000).padStart(3, '0')
    expect(await opened(browser, pressed(stamp))).toContain('too quick to be meant')
    world.advance(1_100)
    for (const typed of [wrong, '', 'yes'])
      expect(await opened(browser, pressed(stamp, typed))).toContain('not the number on this page')
    const other = world.authorizeUrl(await world.registered())
    for (const [who, made] of [
      [browser, pressed(stamp, number, other)],
      [browser, pressed(`1${stamp}`)],
      [browser, pressed('')],
      [world.newBrowser(), pressed(stamp)],
    ] as const) {
      const html = await opened(who, made)
      expect(html).toContain('Did you start this yourself?')
      expect(html).not.toMatch(/too quick|not the number/)
    }
    const on = await browser.open(pressed(stamp))
    world.advance(0)
    expect('left' in on ? on.left : new URL(on.page.url).origin).toBe(world.foreign.issuer)
  })

  it.each([
    ['for an unknown client', { client_id: 'made-up' }, 400],
    ['for another redirect', { redirect_uri: 'https://evil.example/' }, 400],
  ])('is refused %s', async (_what, changes, status) => {
    const arrival = await world.newBrowser().open(confirmUrl(world.authorizeUrl(await world.registered(), changes)))
    expect('left' in arrival ? arrival.left : arrival.page.status).toBe(status)
  })
})

describe('While the foreign server is down', () => {
  it('nobody is told that a client or a token is no good', async () => {
    const clientId = await world.registered()
    world.problems.length = 0
    world.foreign.outage(true)
    try {
      expect((await world.register({ redirect_uris: [redirectUri] })).status).toBe(503)
      const answer = await world.token({
        grant_type: 'refresh_token',
        client_id: clientId,
        refresh_token: 'very-secret',
      })
      expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
      expect(world.problems.length).toBeGreaterThan(0)
      expect(world.problems.join()).not.toContain('very-secret')
    } finally {
      world.foreign.outage(false)
    }
    expect((await world.register({ redirect_uris: [redirectUri] })).status).toBe(201)
  })
})

describe('Too many registrations', () => {
  it('are turned away with 429 until the hour is over', async () => {
    const metadata = { redirect_uris: [redirectUri] }
    let last = await world.register(metadata)
    for (let round = 0; round < 45 && last.status === 201; round += 1) last = await world.register(metadata)
    expect(last.status).toBe(429)
    expect(last.headers.get('retry-after')).not.toBeNull()
    world.advance(3_600_000)
    expect((await world.register(metadata)).status).toBe(201)
    world.advance(0)
  })
})

describe('A front', () => {
  it('leaves alone what is for others, the longest body too', async () => {
    const reach = { fetch, clock: systemClock, upstream: { document: async () => ({}) } }
    const registration = { url: world.origin }
    const handle = serveFront(
      createIssuerFront({ issuer: world.origin, secret: randomSecret(), registration, ...reach }),
    )
    const server = createServer((request, response) => {
      void handle(request, response, async () => {
        const wasRead = request.readableDidRead
        await new Promise((resolve) => setTimeout(resolve, 20))
        let length = 0
        request.on('data', (chunk: Buffer) => {
          length += chunk.length
        })
        request.once('end', () => response.end(`${wasRead} ${length}`))
      })
    })
    await listenOn(server, 0, 'localhost')
    const { port } = server.address() as AddressInfo
    const answer = await fetch(`http://localhost:${port}/mcp`, { method: 'POST', body: 'x'.repeat(900_000) })
    expect(await answer.text()).toBe('false 900000')
    server.close()
  })

  it.each([
    ['a path', { issuer: 'http://localhost:1/x' }],
    ['a short secret', { secret: 'short' }],
  ])('is not made with %s', (_name, changes) => {
    const options = { issuer: world.origin, secret: randomSecret(), fetch, clock: systemClock, ...changes }
    const upstream = { document: async () => ({}) }
    expect(() => createIssuerFront({ ...options, upstream, registration: { url: world.origin } })).toThrow(/front/)
  })
})
