/** Clients of revision 2025-03-26, which look for the authorization server on the MCP server's own origin. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { callTool, structured } from '../support/mcp-request.js'
import { requestTokens, type ServerMetadata } from '../support/oauth-client.js'
import { discoverAsOldClient, signInAsOldClient, withoutResourceMetadata } from '../support/old-client.js'
import { callThroughSdkV1, SdkV1Provider } from '../support/sdk-v1-client.js'
import { connectSdkV2, SdkV2Provider } from '../support/sdk-v2-client.js'
import { type Stack, startStack } from '../support/stack.js'

let stack: Stack
let origin: string
beforeAll(async () => {
  stack = await startStack({ database: 'embedded' })
  origin = new URL(stack.resource).origin
})
afterAll(() => stack.close())

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(origin + path, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })

describe('the issuer’s metadata on the MCP server’s origin', () => {
  it.each(['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'])(
    '%s is the issuer’s own document, with its true issuer and endpoints',
    async (path) => {
      const mirrored = await fetch(origin + path, { headers: { origin: 'https://client.example' } })
      expect(mirrored.status).toBe(200)
      expect(mirrored.headers.get('access-control-allow-origin')).toBe('*')
      expect(mirrored.headers.get('cache-control')).toBe('public, max-age=300')
      expect(await mirrored.json()).toEqual(await (await fetch(stack.issuer + path)).json())
    },
  )

  it('is at the root alone: under the endpoint’s path it would claim to be another issuer', async () => {
    for (const path of ['/.well-known/oauth-authorization-server/mcp', '/mcp/.well-known/openid-configuration'])
      expect((await fetch(origin + path)).status).toBe(404)
  })
})

describe.each([
  ['with metadata', true],
  ['without metadata, at the default endpoints', false],
])('a client of 2025-03-26 %s', (_name, usesMetadata) => {
  let server: ServerMetadata

  it('registers, signs in, calls, steps up, refreshes and revokes, and never names a resource', async () => {
    server = await discoverAsOldClient(stack.resource, usesMetadata)
    const browser = stack.newBrowser()
    const { tokens, clientId } = await signInAsOldClient(server, browser, { account: stack.account }, 'notes:read')
    expect(decodeJwt(tokens.access_token)).toMatchObject({ iss: stack.issuer, aud: stack.resource })
    expect(structured(await callTool(stack.resource, tokens.access_token, 'list_notes'))).toBeDefined()
    expect((await callTool(stack.resource, tokens.access_token, 'create_note', { title: 'a', body: 'b' })).status).toBe(
      403,
    )
    const refreshed = await requestTokens(server, {
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: tokens.refresh_token ?? '',
    })
    expect(refreshed.status).toBe(200)
    expect(refreshed.headers.get('cache-control')).toBe('no-store')
    expect(decodeJwt(refreshed.tokens?.access_token ?? '').aud).toBe(stack.resource)
    const body = new URLSearchParams({ client_id: clientId, token: refreshed.tokens?.refresh_token ?? '' })
    expect((await fetch(server.revocation_endpoint ?? '', { method: 'POST', body })).status).toBe(200)
    const again = await requestTokens(server, {
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: refreshed.tokens?.refresh_token ?? '',
    })
    expect(again).toMatchObject({ status: 400, error: 'invalid_grant' })
    const writing = await signInAsOldClient(server, browser, { account: stack.account }, 'notes:read notes:write')
    structured(await callTool(stack.resource, writing.tokens.access_token, 'create_note', { title: 'a', body: 'b' }))
  })
})

describe('SDK clients that do not know RFC 9728', () => {
  it('SDK 1.x, which does not compare the issuer, gets in', async () => {
    const provider = new SdkV1Provider(stack.newBrowser(), { account: stack.account })
    await callThroughSdkV1(stack.resource, provider, 'list_notes', {}, withoutResourceMetadata)
    expect(provider.requests).toHaveLength(1)
    expect(provider.requests[0]?.searchParams.has('resource')).toBe(false)
  })

  it('SDK 2.x, which does, refuses the true issuer as another one: such a client needs a single origin', async () => {
    const provider = new SdkV2Provider(stack.newBrowser(), { account: stack.account })
    const connecting = connectSdkV2(stack.resource, provider, 'legacy', withoutResourceMetadata)
    await expect(connecting).rejects.toThrow(/issuer/i)
    expect(provider.requests).toHaveLength(0)
  })
})

describe('a client of 2025-03-26 that asks for OpenID Connect scopes alone', () => {
  it('gets a token for the tools at this origin, not one for userinfo alone', async () => {
    const server = await discoverAsOldClient(stack.resource, false)
    const { tokens } = await signInAsOldClient(
      server,
      stack.newBrowser(),
      { account: stack.account },
      'openid email profile',
    )
    expect(decodeJwt(tokens.access_token)).toMatchObject({ aud: stack.resource })
    expect(structured(await callTool(stack.resource, tokens.access_token, 'list_notes'))).toBeDefined()
    const note = { title: 'a', body: 'b' }
    expect(structured(await callTool(stack.resource, tokens.access_token, 'create_note', note))).toBeDefined()
    const headers = { authorization: `Bearer ${tokens.access_token}` }
    expect((await fetch(`${stack.issuer}/userinfo`, { headers })).status).toBe(200)
  })
})

describe('what the mirror passes on', () => {
  it('leads the browser to the issuer’s authorization endpoint with the same query, uncached', async () => {
    const query = '?client_id=a%20b&redirect_uri=https%3A%2F%2Fx.example%2F%3Fy%3D%26z'
    const response = await fetch(`${origin}/authorize${query}`, { redirect: 'manual' })
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe(`${stack.issuer}/authorize${query}`)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toBe('')
  })

  it('names the resource of this origin for a request that could mean none, and leaves one that names a resource alone', async () => {
    const locationOf = async (query: string) =>
      (await fetch(`${origin}/authorize${query}`, { redirect: 'manual' })).headers.get('location')
    const resource = encodeURIComponent(stack.resource)
    for (const query of ['?scope=openid+email', '?scope=notes%3Aread+openid', '?resource=&scope=openid']) {
      expect(await locationOf(query)).toBe(`${stack.issuer}/authorize${query}&resource=${resource}`)
    }
    for (const query of [
      '?scope=openid&resource=https%3A%2F%2Fother.example%2F',
      '?scope=notes%3Aread',
      '?scope=',
      '',
    ]) {
      expect(await locationOf(query)).toBe(`${stack.issuer}/authorize${query}`)
    }
  })

  it('takes a posted authorization request as the issuer does: it goes on as a GET, with the resource', async () => {
    for (const form of ['client_id=x&scope=notes%3Aread', 'client_id=x&scope=openid', '']) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const init = { method: 'POST', body: form, headers, redirect: 'manual' } as const
      const posted = await fetch(`${origin}/authorize`, init)
      const asked = await fetch(`${origin}/authorize${form === '' ? '' : `?${form}`}`, { redirect: 'manual' })
      expect([posted.status, posted.headers.get('location')]).toEqual([303, asked.headers.get('location')])
      expect([posted.headers.get('cache-control'), await posted.text()]).toEqual(['no-store', ''])
    }
  })

  it('keeps the issuer’s errors: status, challenge and body', async () => {
    const body = 'grant_type=refresh_token&refresh_token=x'
    const headers = { authorization: `Basic ${Buffer.from('nobody:x').toString('base64')}` }
    const [direct, mirrored] = await Promise.all([
      fetch(`${stack.issuer}/token`, { method: 'POST', body: new URLSearchParams(body), headers }),
      post('/token', body, headers),
    ])
    expect(mirrored.status).toBe(direct.status)
    expect(mirrored.headers.get('www-authenticate')).toBe(direct.headers.get('www-authenticate'))
    expect(await mirrored.json()).toEqual(await direct.json())
    expect(mirrored.headers.get('set-cookie')).toBeNull()
  })

  it('tells the issuer whom it asks for, whatever the client claims', async () => {
    const before = stack.logLines.length
    await post('/token', 'grant_type=none', { 'x-forwarded-for': '203.0.113.9', 'x-gatehouse-forwarder': 'guess' })
    await fetch(`${stack.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams('grant_type=none'),
      headers: { 'x-forwarded-for': '203.0.113.9', 'x-gatehouse-forwarder': 'guess' },
    })
    const lines = stack.logLines.slice(before).map((line) => JSON.parse(line))
    const addresses = lines.filter(({ path }) => path === '/token').map(({ address }) => address)
    expect(addresses).toHaveLength(3)
    expect(new Set(addresses.map((address) => address.replace('::1', '127.0.0.1')))).toEqual(new Set(['127.0.0.1']))
  })

  it.each([
    ['a method that does not belong there', () => fetch(`${origin}/token`), 405],
    ['an authorization request that is put', () => fetch(`${origin}/authorize`, { method: 'PUT', body: 'x' }), 405],
    [
      'a posted authorization request that is no form',
      () => post('/authorize', '{}', { 'content-type': 'application/json' }),
      415,
    ],
    ['a posted authorization request that is too long', () => post('/authorize', `state=${'x'.repeat(9_000)}`), 413],
    ['too large a body', () => post('/register', 'x'.repeat(70_000)), 413],
    ['another endpoint of the issuer', () => post('/introspect', 'token=x'), 404],
    ['management of registrations', () => post('/register/some-client', ''), 404],
    ['a path made to leave the endpoint', () => post('/token/../introspect', 'token=x'), 404],
    ['an encoded path', () => post('/%74oken', 'grant_type=none'), 404],
    ['a request that came round', () => post('/token', '', { via: '1.1 gatehouse-forwarder' }), 508],
  ])('refuses %s', async (_what, request, status) => {
    const response = await request()
    expect(response.status).toBe(status)
    if (status === 405) expect(response.headers.get('allow')).toBeTruthy()
  })

  it('answers the preflight of a browser’s token request', async () => {
    const preflight = await fetch(`${origin}/token`, {
      method: 'OPTIONS',
      headers: { origin: 'https://client.example', 'access-control-request-method': 'POST' },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
  })
})
