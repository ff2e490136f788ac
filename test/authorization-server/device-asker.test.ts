/** Who asked for a device code, where the one who asks sends whatever headers they like (RFC 8628 §5.4). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { askerOf, describeAsker } from '../../src/authorization-server/device/asker.js'
import type { HttpContext } from '../../src/http/context.js'
import { isConsentPage, signIn } from '../support/authorization.js'
import { type Page, pageOf } from '../support/browser.js'
import { askForDeviceCode, deviceAuthorizationSchema, deviceCodeGrant } from '../support/device-client.js'
import { discoverServer, register } from '../support/oauth-client.js'
import { kind } from './limited-senders.js'
import { startServer, type TestServer } from './server.js'

const issuer = 'https://auth.example.com'

function contextOf(address: string, headers: Readonly<Record<string, string>> = {}): HttpContext {
  const state = { clientAddress: address, origin: issuer }
  return { state, get: (name: string) => headers[name] ?? '' } as unknown as HttpContext
}

const described = (headers: Readonly<Record<string, string>>, { from = '203.0.113.7', hides = false } = {}) =>
  describeAsker(askerOf(contextOf(from, headers)), contextOf('198.51.100.9'), hides)

describe('Who asked for a device code', () => {
  it('a program that names a site does not hide where it is', () => {
    const elsewhere = { address: '203.0.113.7' }
    expect(described({ origin: 'https://tv.example' })).toEqual({ kind: 'website', host: 'tv.example', ...elsewhere })
    expect(described({ 'sec-fetch-site': 'none' })).toEqual({ kind: 'website', host: undefined, ...elsewhere })
    expect(described({})).toEqual({ kind: 'elsewhere', ...elsewhere })
  })

  it('names no address that says nothing', () => {
    const site = { origin: 'https://tv.example' }
    expect(described(site, { from: '198.51.100.9' })).toEqual({ kind: 'website', host: 'tv.example' })
    expect(described(site, { hides: true })).toEqual({ kind: 'website', host: 'tv.example' })
    expect(described({}, { hides: true })).toBeUndefined()
  })

  it('names no site of ours: none of our pages asks', () => {
    expect(described({ origin: issuer })).toMatchObject({ kind: 'website', host: undefined })
    expect(described({ origin: `${issuer}:8443` })).toMatchObject({ host: 'auth.example.com:8443' })
  })

  it('keeps no more of a header than a host has', () => {
    const asker = askerOf(contextOf('203.0.113.7', { origin: `https://${'a'.repeat(14_000)}.example` }))
    expect(JSON.stringify(asker).length).toBeLessThan(400)
  })
})

describe(`The consent page of a device code that a program asked for in a site's name, on ${kind}`, () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(kind, { trustedProxies: ['127.0.0.1', '::1'] })
  })
  afterAll(() => server.close())

  const consentPageFor = async (origin: string): Promise<Page> => {
    const metadata = await discoverServer(server.issuer)
    const { client_id: clientId } = await register(metadata, {
      client_name: 'Notes CLI',
      grant_types: [deviceCodeGrant, 'refresh_token'],
      redirect_uris: undefined,
      response_types: undefined,
    })
    const headers = { origin, 'x-forwarded-for': '203.0.113.7' }
    const answer = await askForDeviceCode({ server: metadata, clientId }, {}, headers)
    const { user_code: code } = deviceAuthorizationSchema.parse(await answer.json())
    const browser = server.newBrowser()
    const entry = pageOf(await browser.open(`${server.issuer}/device`))
    const signInPage = pageOf(await browser.press(entry, 'Continue', { Code: code }))
    return pageOf(await signIn(browser, signInPage, server.account))
  }

  it('tells the address, too', async () => {
    const page = await consentPageFor('https://tv.example')
    expect(isConsentPage(page)).toBe(true)
    expect(page.text).toContain('A website asked for this code: tv.example')
    expect(page.text).toContain('The code was asked for from elsewhere: 203.0.113.7')
  })

  it('does not lend the name of this server', async () => {
    const page = await consentPageFor(new URL(server.issuer).origin)
    expect(page.text).toContain('A website asked for this code')
    expect(page.text).not.toContain(`A website asked for this code: ${new URL(server.issuer).host}`)
  })
})
