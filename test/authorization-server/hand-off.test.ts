import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { consent, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { type Grant, newGrant, redeem, register, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

const button = 'Allow and show the answer'

describe('The hand-off to a program on another machine', () => {
  let server: TestServer
  let browser: Browser
  let grant: Grant
  beforeAll(async () => {
    server = await startServer('embedded')
    browser = server.newBrowser()
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  const open = async (by: Grant, parameters: Record<string, string> = {}) => {
    const scope = 'notes:read notes:write'
    const started = startAuthorization(by.server, { ...by, scope, parameters })
    const first = pageOf(await browser.open(started.url))
    const page = isSignInPage(first) ? pageOf(await signIn(browser, first, server.account)) : first
    if (!isConsentPage(page)) throw new Error(`no consent page, but "${page.heading}"`)
    return { ...started, page }
  }

  const offers = (page: Page) => page.forms.some(({ buttons }) => buttons.some(({ text }) => text === button))

  /** The texts to copy: address, code, command. */
  const shownOn = (page: Page): string[] =>
    [...page.html.matchAll(/<pre[^>]*><code>(.*?)<\/code>/gs)].map(([, text = '']) =>
      text.replaceAll('&amp;', '&').replaceAll('&#34;', '"'),
    )

  it('shows the answer in place of the redirect, and what is pasted works like what was sent', async () => {
    const { page, state, codeVerifier } = await open(grant)
    const shown = pageOf(await browser.press(page, button, { 'scope=notes:write': false }))
    expect([shown.status, shown.heading]).toEqual([200, 'Allowed. Now take this to the program'])
    expect(shown.text).toContain('where Journey client is waiting')
    expect(shown.headers.has('location')).toBe(false)
    expect(shown.headers.get('cache-control')).toContain('no-store')
    expect(shown.headers.get('referrer-policy')).toBe('no-referrer')
    expect(shown.headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(shown.links).toEqual([])

    const [address = '', code = '', command = ''] = shownOn(shown)
    expect(address.startsWith(`${grant.redirectUri}?`)).toBe(true)
    expect(Object.fromEntries(new URL(address).searchParams)).toEqual({ code, state, iss: server.issuer })
    expect(command).toBe(`curl "${address}"`)
    expect(server.logLines.join('\n')).not.toContain(code)

    // The page cannot be had twice.
    const again = pageOf(await browser.open(shown.url))
    expect([again.status, again.html.includes(code)]).toEqual([400, false])
    // A person needs longer than a browser.
    server.advance(290)
    const { tokens } = await redeem(grant, code, codeVerifier)
    expect(tokens?.scope).toBe('notes:read')
  })

  it('gives the code five minutes, and a code that is sent one minute as ever', async () => {
    const handedOff = await open(grant)
    const [, code = ''] = shownOn(pageOf(await browser.press(handedOff.page, button)))
    const redirected = await open(grant)
    const arrival = await consent(browser, redirected.page)
    const sent = 'left' in arrival ? (new URL(arrival.left).searchParams.get('code') ?? '') : ''
    server.advance(76)
    expect((await redeem(grant, sent, redirected.codeVerifier)).error).toBe('invalid_grant')
    server.advance(240)
    expect((await redeem(grant, code, handedOff.codeVerifier)).error).toBe('invalid_grant')
  })

  it.each<[string, string, Record<string, string>]>([
    ['a website', 'https://www.client.example/cb', {}],
    ['an app on this device', 'cursor://anysphere.cursor-mcp/oauth/callback', {}],
    ['a form', 'http://127.0.0.1:41573/callback', { response_mode: 'form_post' }],
  ])(
    'is not offered where the answer goes to %s, and not given when it is asked for all the same',
    async (_what, redirectUri, parameters) => {
      const { client_id: clientId } = await register(grant.server, { redirect_uris: [redirectUri] })
      const { page } = await open({ ...grant, clientId, redirectUri }, parameters)
      expect(offers(page)).toBe(false)
      const csrf = page.forms.flatMap((form) => form.fields).find(({ name }) => name === 'csrf')?.value ?? ''
      const fields = { csrf, decision: 'allow-hand-off', scope: 'notes:read' }
      expect(pageOf(await browser.post(`${page.url}/consent`, fields, page.url)).status).toBe(400)
      expect(isConsentPage(pageOf(await browser.open(page.url)))).toBe(true)
    },
  )

  it('allows nothing when nothing is ticked: the program is told so as ever', async () => {
    const { page } = await open(grant)
    const arrival = await browser.press(page, button, { 'scope=notes:read': false, 'scope=notes:write': false })
    expect('left' in arrival && new URL(arrival.left).searchParams.get('error')).toBe('access_denied')
  })

  it('writes a command that no address can break out of', async () => {
    const redirectUri = "http://127.0.0.1:41573/it's;$(id)`id`!!?a=1&calc.exe&b=^&c=$HOME"
    const { client_id: clientId } = await register(grant.server, { redirect_uris: [redirectUri] })
    const { page } = await open({ ...grant, clientId, redirectUri }, { state: "';reboot;'" })
    const [, , command = ''] = shownOn(pageOf(await browser.press(page, button)))
    expect(command).toMatch(/^curl "[^"'`$!^\\]+"$/)
    expect(command).toContain('/it%27s;%24(id)%60id%60%21%21?a=1&calc.exe=&b=%5E&c=%24HOME&code=')
  })
})
