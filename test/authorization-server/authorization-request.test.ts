import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { isConsentPage, isSignInPage, scopesOn, signIn } from '../support/authorization.js'
import type { Arrival } from '../support/browser.js'
import { pageOf } from '../support/browser.js'
import { authorize, type Grant, newGrant, redeem, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

let server: TestServer
let grant: Grant
beforeAll(async () => {
  server = await startServer('embedded')
  grant = await newGrant(server)
})
afterAll(() => server.close())

/** An authorization request with parameters replaced, or removed by `undefined`, or repeated. */
async function request(
  changes: Readonly<Record<string, string | readonly string[] | undefined>> = {},
): Promise<Arrival> {
  const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', parameters: { state: 'state-1' } })
  const changed = new URL(url)
  for (const [name, value] of Object.entries(changes)) {
    changed.searchParams.delete(name)
    for (const one of value === undefined ? [] : [value].flat()) changed.searchParams.append(name, one)
  }
  return server.newBrowser().open(changed.href)
}

function errorOf(arrival: Arrival): Record<string, string> {
  if (!('left' in arrival)) throw new Error(`no redirect, but ${arrival.page.status} ${arrival.page.heading}`)
  const url = new URL(arrival.left)
  expect(`${url.origin}${url.pathname}`).toBe(grant.redirectUri)
  // An error of a response type that answers in the fragment is answered there (OAuth Multiple Response Types §5).
  return Object.fromEntries([...url.searchParams, ...new URLSearchParams(url.hash.slice(1))])
}

describe('Authorization errors that must not redirect (RFC 6749 §4.1.2.1)', () => {
  it.each<[string, Record<string, string | readonly string[] | undefined>]>([
    ['an unknown client', { client_id: 'nobody' }],
    ['no client', { client_id: undefined }],
    ['an empty client', { client_id: '' }],
    ['a client called like a script', { client_id: '<script>alert(1)</script>' }],
    ['a NUL in the client', { client_id: 'a\u0000b' }],
    ['two clients', { client_id: ['a', 'b'] }],
    ['no redirect_uri, though one is registered', { redirect_uri: undefined }],
    ['an empty redirect_uri', { redirect_uri: '' }],
    ['another path', { redirect_uri: 'http://127.0.0.1:41573/other' }],
    ['a slash more', { redirect_uri: 'http://127.0.0.1:41573/callback/' }],
    ['a query more', { redirect_uri: 'http://127.0.0.1:41573/callback?x=1' }],
    ['another case', { redirect_uri: 'http://127.0.0.1:41573/Callback' }],
    ['an encoded dot', { redirect_uri: 'http://127.0.0.1:41573/x/%2e%2e/callback' }],
    ['a way up', { redirect_uri: 'http://127.0.0.1:41573/x/../callback' }],
    ['a way up past parameters', { redirect_uri: 'http://127.0.0.1:41573/callback/..;/x' }],
    ['a double slash', { redirect_uri: 'http://127.0.0.1:41573//callback' }],
    ['a fragment', { redirect_uri: 'http://127.0.0.1:41573/callback#x' }],
    ['another host', { redirect_uri: 'http://evil.example/callback' }],
    ['a host behind a user', { redirect_uri: 'http://127.0.0.1:41573@evil.example/callback' }],
    ['a host behind a backslash', { redirect_uri: 'http://evil.example\\@127.0.0.1:41573/callback' }],
    ['localhost in place of 127.0.0.1', { redirect_uri: 'http://localhost:41573/callback' }],
    ['a script', { redirect_uri: 'javascript:alert(1)' }],
    ['two redirect_uris', { redirect_uri: ['http://127.0.0.1:41573/callback', 'http://evil.example/'] }],
    ['a client by URL that cannot be fetched', { client_id: 'https://client.example/metadata.json' }],
    ['a client by URL of this machine', { client_id: 'https://127.0.0.1/metadata.json' }],
  ])('%s gets a page', async (_name, changes) => {
    const page = pageOf(await request(changes))
    expect([400, 401]).toContain(page.status)
    expect(page.headers.get('location')).toBeNull()
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.html).not.toMatch(/<script|evil\.example|alert\(1\)/)
    expect(page.heading).not.toBe('')
  })
})

describe('Authorization errors that go back to the client (RFC 6749 §4.1.2.1, RFC 9207)', () => {
  it.each<[string, Record<string, string | readonly string[] | undefined>, string]>([
    ['no code_challenge', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['PKCE without a method', { code_challenge_method: undefined }, 'invalid_request'],
    ['a short code_challenge', { code_challenge: 'short' }, 'invalid_request'],
    ['response_type token', { response_type: 'token' }, 'unsupported_response_type'],
    ['response_type id_token', { response_type: 'id_token', nonce: 'n' }, 'unsupported_response_type'],
    ['response_type none', { response_type: 'none' }, 'unsupported_response_type'],
    ['no response_type', { response_type: undefined }, 'invalid_request'],
    ['an unknown resource', { resource: 'https://other.example/mcp' }, 'invalid_target'],
    ['a relative resource', { resource: '/mcp' }, 'invalid_target'],
    ['a resource with a fragment', { resource: 'http://localhost:4000/mcp#x' }, 'invalid_target'],
    ['a resource whose path differs', { resource: 'http://localhost:4000/MCP' }, 'invalid_target'],
    ['the origin of a resource with a query', { resource: 'http://localhost:4000/?x' }, 'invalid_target'],
    ['another port of its host', { resource: 'http://localhost:4001' }, 'invalid_target'],
    [
      'one unknown of two resources',
      { resource: ['http://localhost:4000/mcp', 'https://other.example'] },
      'invalid_target',
    ],
    ['a request object without signature', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    ['a request_uri', { request_uri: 'http://127.0.0.1:1/request' }, 'invalid_request_uri'],
    ['a registration parameter', { scope: 'openid', registration: '{}' }, 'registration_not_supported'],
    ['prompt=none without a session', { prompt: 'none' }, 'login_required'],
    ['a scope with control characters', { scope: 'notes:read\u0007' }, 'invalid_scope'],
    ['a parameter twice', { scope: ['notes:read', 'notes:write'] }, 'invalid_request'],
  ])('%s', async (_name, changes, error) => {
    const sent = errorOf(await request(changes))
    expect(sent['error']).toMatch(
      error === 'invalid_request_uri' ? /^(invalid_request_uri|request_uri_not_supported)$/ : error,
    )
    expect(sent).toMatchObject({ state: 'state-1', iss: server.issuer })
    expect(sent).not.toHaveProperty('code')
  })

  it('does not echo a state that was sent twice', async () => {
    const sent = errorOf(await request({ state: ['a', 'b'] }))
    expect(sent).toMatchObject({ error: 'invalid_request', iss: server.issuer })
    expect(sent).not.toHaveProperty('state')
  })
})

describe('What a request asks for (RFC 8707, RFC 6749 §3.3)', () => {
  const consentFor = async (changes: Readonly<Record<string, string | readonly string[] | undefined>>) => {
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    const changed = new URL(url)
    for (const [name, value] of Object.entries(changes)) {
      changed.searchParams.delete(name)
      for (const one of value === undefined ? [] : [value].flat()) changed.searchParams.append(name, one)
    }
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(changed.href))
    if (!isSignInPage(page)) throw new Error(`no sign-in page: ${page.heading}`)
    return pageOf(await signIn(browser, page, server.account))
  }

  it('is the default scope of the default resource when it says nothing', async () => {
    const page = await consentFor({ scope: undefined, resource: undefined })
    expect(isConsentPage(page)).toBe(true)
    expect(scopesOn(page).map(({ name }) => name)).toEqual(['notes:read', 'notes:write'])
    expect(page.text).toContain(server.resource)
  })

  it('is the default scope when scope is blank', async () => {
    expect(scopesOn(await consentFor({ scope: '  ' })).map(({ name }) => name)).toEqual(['notes:read', 'notes:write'])
  })

  it('leaves unknown scopes out', async () => {
    const page = await consentFor({ scope: 'notes:read notes:admin <b>x</b>' })
    expect(scopesOn(page).map(({ name }) => name)).toEqual(['notes:read'])
    expect(page.text).not.toContain('admin')
  })

  it('is no resource at all for plain OpenID Connect', async () => {
    const page = await consentFor({ scope: 'openid email', resource: undefined })
    expect(scopesOn(page)).toEqual([
      { name: 'openid', ticked: true, required: true },
      { name: 'email', ticked: true, required: false },
    ])
    expect(page.text).not.toContain(server.resource)
  })

  it('is the same resource twice only once', async () => {
    const page = await consentFor({ resource: [server.resource, `${server.resource}/`] })
    expect(isConsentPage(page)).toBe(true)
  })

  it.each([
    'http://localhost:4000/mcp',
    'http://localhost:4000/mcp/',
    'HTTP://LOCALHOST:4000/mcp',
    'http://localhost:4000/x/../mcp',
    'http://localhost:4000',
    'http://localhost:4000/',
  ])('gives %s the one canonical audience', async (alias) => {
    const spelled = { ...grant, resource: alias }
    const browser = server.newBrowser()
    const { callback, codeVerifier } = await authorize(spelled, browser, { account: server.account }, 'notes:read')
    expect(callback.get('iss')).toBe(server.issuer)
    const { tokens } = await redeem(spelled, callback.get('code') ?? '', codeVerifier)
    expect(decodeJwt(tokens?.access_token ?? '')).toMatchObject({
      iss: server.issuer,
      aud: server.resource,
      scope: 'notes:read',
      client_id: grant.clientId,
    })
  })

  it('is taken from a form as well as from a query, in any spelling of the path', async () => {
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    for (const path of ['/authorize/', '/AUTHORIZE']) {
      const other = new URL(url)
      other.pathname = path
      other.searchParams.set('resource', `${server.resource}/`)
      const page = pageOf(await server.newBrowser().open(other.href))
      expect([page.status === 404, isSignInPage(page)]).toContain(true)
    }
  })
})

describe('Other response modes', () => {
  it('form_post is a page with the security headers of every page', async () => {
    const arrival = await request({ response_mode: 'form_post', resource: 'https://other.example' })
    if ('left' in arrival) {
      // Not offered is fine as well: then the answer goes by query.
      expect(new URL(arrival.left).searchParams.get('error')).toBeTruthy()
      return
    }
    const { headers } = arrival.page
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toMatch(/no-store/)
  })
})
