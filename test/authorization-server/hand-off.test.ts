import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { consent, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { type Grant, newGrant, redeem, register, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

const button = 'Allow and show the answer'
const documentUrl = 'https://app.example/client'

describe('The hand-off to a program on another machine', () => {
  let server: TestServer
  let browser: Browser
  let grant: Grant
  beforeAll(async () => {
    server = await startServer('embedded', {
      untrustedFetch: async () =>
        Response.json({
          client_id: documentUrl,
          client_name: 'Reader',
          redirect_uris: [grant.redirectUri],
          token_endpoint_auth_method: 'none',
        }),
    })
    browser = server.newBrowser()
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  const open = async (by: Grant, parameters: Record<string, string> = {}, scope = 'notes:read notes:write') => {
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
    server.advance(110)
    const { tokens } = await redeem(grant, code, codeVerifier)
    expect(tokens?.scope).toBe('notes:read')
  })

  it('gives the code two minutes, and a code that is sent one minute as ever', async () => {
    const handedOff = await open(grant)
    const [, code = ''] = shownOn(pageOf(await browser.press(handedOff.page, button)))
    const redirected = await open(grant)
    const arrival = await consent(browser, redirected.page)
    const sent = 'left' in arrival ? (new URL(arrival.left).searchParams.get('code') ?? '') : ''
    server.advance(76)
    expect((await redeem(grant, sent, redirected.codeVerifier)).error).toBe('invalid_grant')
    server.advance(61)
    expect((await redeem(grant, code, handedOff.codeVerifier)).error).toBe('invalid_grant')
  })

  it('leaves out what cannot be undone, though it was ticked, and says so before', async () => {
    const { page, codeVerifier } = await open(grant, {}, 'notes:read notes:delete')
    expect(page.text).toContain('What cannot be undone is left out on this way.')
    const ticked = { 'scope=notes:read': true, 'scope=notes:delete': true }
    const [, code = ''] = shownOn(pageOf(await browser.press(page, button, ticked)))
    expect((await redeem(grant, code, codeVerifier)).tokens?.scope).toBe('notes:read')
  })

  it('asks again when only what cannot be undone was ticked', async () => {
    const { page } = await open(grant, {}, 'notes:delete')
    const again = pageOf(await browser.press(page, button, { 'scope=notes:delete': true }))
    expect([isConsentPage(again), again.text.includes('Nothing is ticked.')]).toEqual([true, true])
  })

  it.each<[string, 'static' | 'document', string]>([
    ['a client of the operator’s', 'static', 'it says that it is registered here'],
    ['a client that describes itself', 'document', 'it says that it comes from app.example'],
  ])('calls %s not verified, as anyone can ask in its name', async (_what, kind, words) => {
    const clientId = kind === 'static' ? 'cli' : documentUrl
    if (kind === 'static') {
      const metadata = {
        client_id: clientId,
        redirect_uris: [grant.redirectUri],
        token_endpoint_auth_method: 'none',
      } as const
      await server.clients.save(clientId, metadata, 'static')
    }
    const { page } = await open({ ...grant, clientId })
    expect(offers(page)).toBe(true)
    expect(page.text).toContain(`Not verified: ${words}`)
    expect(page.text).not.toContain('Verified:')
  })

  it('has an audit event of its own, in place of the one of a redirect', async () => {
    const types = async () => (await server.storage.prisma.auditEvent.findMany({ orderBy: { id: 'asc' } })).slice(-1)
    await browser.press((await open(grant)).page, button)
    expect((await types()).map(({ type }) => type)).toEqual(['consent.handed_off'])
  })

  it('is not offered where the operator turned it off, and not given when it is asked for all the same', async () => {
    const other = await startServer('embedded', { offersHandOff: false })
    try {
      const theirs = other.newBrowser()
      const { url } = startAuthorization((await newGrant(other)).server, {
        ...(await newGrant(other)),
        scope: 'notes:read',
      })
      const page = pageOf(await signIn(theirs, pageOf(await theirs.open(url)), other.account))
      expect([isConsentPage(page), offers(page)]).toEqual([true, false])
      const csrf = page.forms.flatMap((form) => form.fields).find(({ name }) => name === 'csrf')?.value ?? ''
      const fields = { csrf, decision: 'allow-hand-off', scope: 'notes:read' }
      expect(pageOf(await theirs.post(`${page.url}/consent`, fields, page.url)).status).toBe(400)
    } finally {
      await other.close()
    }
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
