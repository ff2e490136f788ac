/** What the consent page says of hosts: whose they are, never what they call themselves. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { consent, signIn } from '../support/authorization.js'
import { type Arrival, pageOf } from '../support/browser.js'
import { discoverServer, type ServerMetadata, startAuthorization } from '../support/oauth-client.js'
import { resource, startServer, type TestServer } from './server.js'

let server: TestServer
let metadata: ServerMetadata
beforeAll(async () => {
  server = await startServer('embedded', {
    untrustedFetch: async (url) => {
      const redirect = new URL('/cb', String(url)).href
      const { hostname } = new URL(String(url))
      const redirects = [redirect, `https://${hostname}:9999/cb`]
      return Response.json({ client_id: url, client_name: 'Paperclip', redirect_uris: redirects })
    },
  })
  metadata = await discoverServer(server.issuer)
})
afterAll(() => server.close())

async function consentOf(host: string) {
  const clientId = `https://${host}/metadata`
  const redirectUri = `https://${host}/cb`
  const { url } = startAuthorization(metadata, { clientId, redirectUri, resource, scope: 'notes:read' })
  const browser = server.newBrowser()
  return pageOf(await signIn(browser, pageOf(await browser.open(url)), server.account))
}

describe('The host of a metadata document', () => {
  it.each([
    ['vendor.com', 'vendor.com'],
    ['mcp.vendor.com', '<span class="host-below">mcp.</span><b>vendor.com</b>'],
  ])('%s has the green mark, its domain in bold', async (host, written) => {
    const page = await consentOf(host)
    expect(page.text).toContain(`Verified: ${host}`)
    expect(page.text).toContain(`${host} vouches for this program.`)
    expect(page.html).toContain(`<bdi>${written}</bdi>`)
    expect(page.html).toContain('fact-good')
  })

  it.each([
    ['account-security.evil.com', 'security', 'evil.com'],
    ['login.evil.com', 'login', 'evil.com'],
    ['auth.vendor.co.uk', 'auth', 'vendor.co.uk'],
    ['evil.support', 'support', 'evil.support'],
  ])('%s: neither vouched for nor accused', async (host, word, domain) => {
    const page = await consentOf(host)
    expect(page.text).toContain(`It comes from ${host}`)
    expect(page.text).toContain(`“${word}” is only a word in this address. What counts is whether you know ${domain}.`)
    expect(page.text).not.toMatch(/Verified|vouches|Not verified/)
    expect(page.html).not.toMatch(/fact-(?:good|warn|danger)/)
  })

  it('keeps its mark at a maker’s host', async () => {
    expect((await consentOf('accounts.google.com')).text).toContain('Verified: accounts.google.com')
  })

  it.each(['localhost', 'app.localhost', 'printer.local', 'intranet'])('is no proof: %s', async (host) => {
    const page = await consentOf(host)
    expect(page.text).toContain(`Not verified: it is published at ${host}`)
    expect(page.text).toContain('Any computer can answer to that name')
    expect(page.html).not.toContain('fact-good')
  })
})

describe('A redirect to another port than that of the metadata document', () => {
  it('is another receiver on the consent page, and is never answered silently', async () => {
    const host = 'vendor.com:7801'
    const browser = server.newBrowser()
    const request = (receiver: string, parameters: Record<string, string> = {}) => {
      const [clientId, redirectUri] = [`https://${host}/metadata`, `https://${receiver}/cb`]
      return startAuthorization(metadata, { clientId, redirectUri, resource, scope: 'notes:read', parameters }).url
    }
    const errorOf = (arrival: Arrival) => {
      if (!('left' in arrival)) throw new Error(`stopped at ${arrival.page.heading}`)
      return new URL(arrival.left).searchParams.get('error')
    }
    const page = pageOf(await signIn(browser, pageOf(await browser.open(request(host))), server.account))
    expect(page.text).not.toContain('It is not vendor.com')
    expect(errorOf(await consent(browser, page))).toBeNull()

    const elsewhere = pageOf(await browser.open(request('vendor.com:9999')))
    expect(elsewhere.text).toContain(`That site receives the access. It is not ${host}, which vouches for the program`)
    const silent = { prompt: 'none' }
    expect(errorOf(await browser.open(request(host, silent)))).toBeNull()
    expect(errorOf(await browser.open(request('vendor.com:9999', silent)))).toBe('login_required')
  })
})
