/** What the front turns away: before it reaches the foreign server, and on the way back. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser } from '../support/browser.js'
import { type FrontWorld, redirectUri, startFrontWorld } from './front-world.js'

let world: FrontWorld
beforeAll(async () => {
  world = await startFrontWorld()
})
afterAll(() => world.close())

describe('The front refuses', () => {
  it.each([
    ['a script', { redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    ['plain http elsewhere', { redirect_uris: ['http://client.example/cb'] }, 'invalid_redirect_uri'],
    ['another private scheme', { redirect_uris: ['evil://x/cb'] }, 'invalid_redirect_uri'],
    ['no redirect', {}, 'invalid_redirect_uri'],
    [
      'client credentials',
      { redirect_uris: [redirectUri], grant_types: ['client_credentials'] },
      'invalid_client_metadata',
    ],
    [
      'a grant that the front does not pass on',
      { redirect_uris: [redirectUri], grant_types: ['password'] },
      'invalid_client_metadata',
    ],
    [
      'assertions',
      { redirect_uris: [redirectUri], grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer'] },
      'invalid_client_metadata',
    ],
    ['the implicit flow', { redirect_uris: [redirectUri], response_types: ['token'] }, 'invalid_client_metadata'],
    [
      'keys of its own',
      { redirect_uris: [redirectUri], token_endpoint_auth_method: 'private_key_jwt' },
      'invalid_client_metadata',
    ],
  ])('to register %s', async (_name, metadata, error) => {
    const before = world.foreign.clients.length
    expect(await world.register(metadata)).toMatchObject({ status: 400, body: { error } })
    expect(world.foreign.clients).toHaveLength(before)
  })

  it('to register a redirect on a host of the front, its resources or the server behind it', async () => {
    for (const uri of [`${world.origin}/authorize/callback`, 'https://mcp.example.com/cb']) {
      expect(await world.register({ redirect_uris: [uri] })).toMatchObject({
        status: 400,
        body: { error: 'invalid_redirect_uri' },
      })
    }
  })

  it('what is no registration at all', async () => {
    for (const [type, body, status] of [
      ['application/json', '{', 400],
      ['application/json', '[]', 400],
      ['text/plain', '{}', 400],
      ['application/json', JSON.stringify({ client_name: 'x'.repeat(70_000) }), 413],
    ] as const) {
      const response = await fetch(`${world.origin}/register`, {
        method: 'POST',
        headers: { 'content-type': type },
        body,
      })
      expect(response.status).toBe(status)
    }
    expect((await fetch(`${world.origin}/register`)).status).toBe(405)
    expect((await fetch(`${world.origin}/register`, { method: 'OPTIONS' })).status).toBe(204)
  })

  it('takes what real clients send beside it: empty and null members, odd links, contacts that are none', async () => {
    const answer = await world.register({
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
      client_uri: '',
      logo_uri: null,
      contacts: [],
      scope: 'everything',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    })
    expect(answer.status).toBe(201)
    expect(world.foreign.clients.at(-1)).not.toHaveProperty('logo_uri')
    expect(world.foreign.clients.at(-1)).toMatchObject({ grant_types: ['authorization_code', 'refresh_token'] })
  })

  it("to hand the operator's endpoint what only the operator decides", async () => {
    const foreignTo = {
      skip_consent: true,
      audience: ['https://other.example'],
      client_id: 'chosen',
      client_secret: 'chosen-too',
      jwks_uri: 'https://internal.example/keys',
      backchannel_logout_uri: 'https://internal.example/logout',
      request_uris: ['https://internal.example/request'],
      post_logout_redirect_uris: ['https://client.example/out'],
    }
    const { status, body } = await world.register({ redirect_uris: [redirectUri], client_name: 'Sly', ...foreignTo })
    expect([status, world.foreign.clients.at(-1)?.['client_name']]).toEqual([201, 'Sly'])
    for (const name of Object.keys(foreignTo)) {
      expect(Object.entries(world.foreign.clients.at(-1) ?? {})).not.toContainEqual([
        name,
        Reflect.get(foreignTo, name),
      ])
      if (!name.startsWith('client_')) expect(body).not.toHaveProperty(name)
    }
  })

  it('to be a link to any website: what is wrong is shown, and whose site it is', async () => {
    const site = 'https://evil.example/callback'
    const clientId = await world.registered({ redirect_uris: [site] })
    const response = await fetch(world.authorizeUrl(clientId, { redirect_uri: site, response_type: 'token' }), {
      redirect: 'manual',
    })
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
    const html = await response.text()
    expect(html).toContain('<dd>evil.example')
    expect(html).toContain(`href="${site}?error=unsupported_response_type`)
  })

  it.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['a client of the foreign server', { client_id: 'upstream' }],
    ['another redirect', { redirect_uri: 'http://127.0.0.1:41575/other' }],
    ['another host', { redirect_uri: 'https://evil.example/callback' }],
    ['no redirect', { redirect_uri: undefined }],
  ])('to send anybody anywhere for %s', async (_name, changes) => {
    const clientId = await world.registered()
    const known =
      'client_id' in changes && changes.client_id === 'upstream'
        ? String(world.foreign.clients[0]?.['client_id'])
        : clientId
    const response = await fetch(world.authorizeUrl(known, changes), { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
    expect(await response.text()).not.toContain('evil.example')
  })

  it.each([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['a request object', { request: 'x.y.z' }, 'request_not_supported'],
    ['form_post', { response_mode: 'form_post' }, 'invalid_request'],
  ])('%s, and tells the client', async (_name, changes, error) => {
    const response = await fetch(world.authorizeUrl(await world.registered(), changes), { redirect: 'manual' })
    const { searchParams } = new URL(response.headers.get('location') ?? '')
    expect(Object.fromEntries(searchParams)).toMatchObject({ error, state: 's1', iss: world.origin })
  })

  it('parameters given twice', async () => {
    const url = `${world.authorizeUrl(await world.registered())}&redirect_uri=https%3A%2F%2Fevil.example%2F`
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(400)
    expect(await world.token({ grant_type: 'password', client_id: await world.registered() })).toMatchObject({
      status: 400,
      body: { error: 'unsupported_grant_type' },
    })
  })

  it('an answer that another browser asked for, is too old, or comes from another issuer', async () => {
    const clientId = await world.registered()
    const browser = world.newBrowser()
    const arrival = await browser.open(world.authorizeUrl(clientId))
    if ('left' in arrival) throw new Error('nobody was asked')
    const link = /class="go" [^>]*data-upstream="([^"]+)"/.exec(arrival.page.html)?.[1]?.replaceAll('&#38;', '&') ?? ''
    const state = new URL(link).searchParams.get('state') ?? ''
    const back = (iss: string | undefined) =>
      `${world.origin}/authorize/callback?${new URLSearchParams({ code: 'c', state, ...(iss === undefined ? {} : { iss }) })}`
    const statusOf = async (other: Browser, url: string) => {
      const there = await other.open(url)
      return 'left' in there ? there.left : there.page.status
    }
    expect(await statusOf(world.newBrowser(), back(world.foreign.issuer))).toBe(400)
    expect(await statusOf(browser, back('https://evil.example'))).toBe(400)
    expect(await statusOf(browser, back(undefined))).toBe(400)
    expect(await statusOf(browser, `${back(world.foreign.issuer)}&code=d`)).toBe(400)
    expect(await statusOf(browser, back(world.foreign.issuer).replace(/state=.{8}/, 'state=AAAAAAAA'))).toBe(400)
    expect(await statusOf(browser, back(world.foreign.issuer))).toContain(`${redirectUri}?code=c`)
    world.advance(2 * 3_600_000)
    expect(await statusOf(browser, back(world.foreign.issuer))).toBe(400)
    world.advance(0)
  })
})
