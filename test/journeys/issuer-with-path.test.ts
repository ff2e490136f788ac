/** An issuer that is not at the root of its host: metadata at every spelling, pages, cookies and the whole way to a tool call. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { authorizationServerMetadataUrls } from '../../src/oauth/well-known.js'
import { consent, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { sessionCookie } from '../support/cookie-names.js'
import { deviceCodeGrant, poll, startDevice } from '../support/device-client.js'
import { freePort } from '../support/free-port.js'
import { callTool, structured } from '../support/mcp-request.js'
import {
  discover,
  type Grant,
  newGrant,
  obtainTokens,
  refresh,
  register,
  startAuthorization,
} from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'

const path = '/tenants/auth'
let stack: Stack
let origin: string
let grant: Grant

beforeAll(async () => {
  origin = `http://localhost:${await freePort()}`
  stack = await startStack({ database: 'embedded', env: { ISSUER_URL: `${origin}${path}` } })
  grant = await newGrant(stack)
})
afterAll(() => stack.close())

describe('metadata of an issuer with a path', () => {
  const spellings = [
    ['path inserted (RFC 8414 §3.1)', `/.well-known/oauth-authorization-server${path}`],
    ['path inserted, OpenID Connect', `/.well-known/openid-configuration${path}`],
    ['path appended (OpenID Connect Discovery §4)', `${path}/.well-known/openid-configuration`],
    ['path appended, OAuth', `${path}/.well-known/oauth-authorization-server`],
    ['at the root of the host (2025-03-26)', '/.well-known/oauth-authorization-server'],
    ['at the root of the host, OpenID Connect', '/.well-known/openid-configuration'],
    ['with a slash at its end', `/.well-known/oauth-authorization-server${path}/`],
  ] as const

  it.each(spellings)('is the same document %s, readable and preflighted for any site', async (_name, spelling) => {
    const [expected = ''] = authorizationServerMetadataUrls(stack.issuer)
    const response = await fetch(origin + spelling, { headers: { origin: 'https://client.example' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.text()).toBe(await (await fetch(expected)).text())
    const preflight = await fetch(origin + spelling, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://client.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'mcp-protocol-version',
      },
    })
    expect(preflight.ok).toBe(true)
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/mcp-protocol-version|\*/i)
  })

  it.each([...spellings, ['of the keys', `${path}/jwks`]] as const)(
    'answers %s alike, ahead of the app and in it',
    async (_name, url) => {
      await fetch(origin + url)
      // A request for a part is the app's to look at; there are none.
      const [ahead, inApp] = await Promise.all(
        [{}, { range: 'bytes=0-9' }].map(async (headers) => {
          const response = await fetch(origin + url, { headers })
          const fields = new Map([...response.headers].filter(([name]) => name !== 'x-request-id' && name !== 'date'))
          return { status: response.status, fields, body: await response.text() }
        }),
      )
      expect(ahead?.status).toBe(200)
      expect(ahead).toEqual(inApp)
    },
  )

  it('names only endpoints under the issuer', () => {
    const endpoints = Object.entries(grant.server).filter(([name]) => /_(endpoint|uri)$/.test(name))
    expect(endpoints.length).toBeGreaterThan(7)
    for (const [name, url] of endpoints)
      expect([name, String(url).startsWith(`${stack.issuer}/`)]).toEqual([name, true])
  })

  it.each([
    '/authorize',
    '/token',
    '/jwks',
    '/setup',
    '/',
    `${path}x/authorize`,
    '/tenants',
    `/.well-known/oauth-authorization-server${path}/deeper`,
    '/.well-known/oauth-authorization-server/tenants',
  ])('has nothing at %s', async (elsewhere) => {
    expect((await fetch(origin + elsewhere)).status).toBe(404)
  })
})

describe('pages of an issuer with a path', () => {
  it('link, post and set cookies under it', async () => {
    const browser = stack.newBrowser()
    const setCookies: string[] = []
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    const started = await fetch(url, { redirect: 'manual' })
    setCookies.push(...started.headers.getSetCookie())
    const signInPage = pageOf(await browser.open(url))
    expect(isSignInPage(signInPage)).toBe(true)
    const consentPage = pageOf(await signIn(browser, signInPage, stack.account))
    setCookies.push(...consentPage.headers.getSetCookie())
    expect(isConsentPage(consentPage)).toBe(true)
    for (const { forms, html } of [signInPage, consentPage]) {
      for (const { action } of forms) expect(action).toMatch(new RegExp(`^${stack.issuer}/interaction/`))
      const assets = [...html.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, link]) => link ?? '')
      expect(assets.length).toBeGreaterThan(1)
      for (const link of assets) {
        expect(link.startsWith(`${path}/`)).toBe(true)
        // A page of this sign-in needs its cookie.
        if (!link.startsWith(`${path}/interaction/`)) expect((await fetch(origin + link)).status).toBe(200)
      }
    }
    expect(setCookies.length).toBeGreaterThan(1)
    for (const cookie of setCookies) expect(cookie).toMatch(new RegExp(`path=${path}/`, 'i'))
    expect('left' in (await consent(browser, consentPage))).toBe(true)
    expect(browser.cookies.names()).toContain(sessionCookie(stack.issuer))

    const signOut = pageOf(await browser.open(`${stack.issuer}/logout`))
    expect(signOut.forms[0]?.action).toBe(`${stack.issuer}/logout/confirm`)
    const signedOut = pageOf(await browser.press(signOut, 'Sign out'))
    expect([signedOut.status, signedOut.url.startsWith(`${stack.issuer}/`)]).toEqual([200, true])
  })

  it('take a device’s code there, and lead to its tokens (RFC 8628)', async () => {
    const { client_id: clientId } = await register(grant.server, { grant_types: [deviceCodeGrant] })
    const device = await startDevice({ ...grant, clientId })
    const browser = stack.newBrowser()
    const entry = pageOf(await browser.open(device.verification_uri))
    expect(entry.forms[0]?.action).toBe(`${stack.issuer}/device`)
    const wrong = pageOf(await browser.press(entry, 'Continue', { Code: 'ZZZZ-ZZZZ' }))
    expect([wrong.status, wrong.forms[0]?.action]).toEqual([422, `${stack.issuer}/device`])
    const signInPage = pageOf(await browser.press(wrong, 'Continue', { Code: device.user_code }))
    const done = pageOf(await consent(browser, pageOf(await signIn(browser, signInPage, stack.account))))
    expect(done.heading).toBe('You can close this window')
    expect((await poll({ ...grant, clientId }, device.device_code)).status).toBe(200)
  })

  it('shows the home page and the set-up page there', async () => {
    const browser = stack.newBrowser()
    const home = pageOf(await browser.open(`${stack.issuer}/`))
    expect(home.status).toBe(200)
    expect(home.html).toContain(`${origin}/.well-known/oauth-authorization-server${path}`)
    expect(pageOf(await browser.open(stack.issuer)).status).toBe(200)
    expect(pageOf(await browser.open(`${stack.issuer}/setup?token=used`)).status).toBe(404)
  })
})

describe('the way to a tool call with such an issuer', () => {
  it('is found from the MCP URL, ends in a token of this issuer, a call, and a refresh', async () => {
    const { resourceMetadata, serverMetadata } = await discover(stack.resource)
    expect(resourceMetadata.authorization_servers).toEqual([stack.issuer])
    expect(serverMetadata.issuer).toBe(stack.issuer)
    const tokens = await obtainTokens(grant, stack.newBrowser(), { account: stack.account }, 'notes:read')
    expect(decodeJwt(tokens.access_token)).toMatchObject({ iss: stack.issuer, aud: stack.resource })
    expect(structured(await callTool(stack.resource, tokens.access_token, 'list_notes'))).toMatchObject({ notes: [] })
    expect((await refresh(grant, tokens.refresh_token ?? '')).status).toBe(200)
  })
})
