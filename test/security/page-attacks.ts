/** Group B, classes 25 to 37: what strangers can put on a page, and where a page may lead. */
import { createHash } from 'node:crypto'
import { expect } from '@jest/globals'
import { sendRaw } from '../http/raw-request.js'
import { consent, isConsentPage, signIn } from '../support/authorization.js'
import { type Browser, pageOf } from '../support/browser.js'
import { register } from '../support/oauth-client.js'
import { expectSafePage, newClient, openPath as open, type PagesWorld, type Row, updateClient } from './pages-world.js'
import { authorizationUrl, consentPage, postStep, signInPage } from './server-world.js'

/** Consented once already: whoever is asked again must not see `Allowed before`. */
async function browserWithConsent(world: PagesWorld): Promise<Browser> {
  const browser = world.server.newBrowser()
  await consent(browser, await consentPage(world, browser))
  expect((await consentPage(world, browser)).text).toContain('Allowed before')
  return browser
}

const consents: readonly Row[] = [
  {
    id: 'B25',
    name: 'a new client with the name of one that was allowed is a new one',
    source: 'MCP security best practices (confused deputy), FastMCP #2056',
    run: async (world) => {
      const browser = await browserWithConsent(world)
      const page = await consentPage(world, browser, {}, await newClient(world))
      expect([page.text.includes('Journey client'), page.text.includes('Allowed before')]).toEqual([true, false])
    },
  },
  {
    id: 'B26',
    name: 'a program on this computer is asked about every time',
    source: 'RFC 8252 §8.6, OWASP ASVS 10.7.1',
    run: async (world) => {
      const browser = await browserWithConsent(world)
      for (const prompt of [undefined, '', 'consent']) {
        const page = pageOf(await browser.open(authorizationUrl(world, { prompt })))
        expect([prompt, isConsentPage(page)]).toEqual([prompt, true])
      }
    },
  },
  ...(
    [
      ['its name', { client_name: 'Another name' }],
      ['its logo', { logo_uri: 'https://client.example/other.png' }],
      ['its website', { client_uri: 'https://other.example/' }],
      ['where it is sent', { redirect_uris: ['http://127.0.0.1:41573/callback', 'https://other.example/cb'] }],
    ] as const
  ).map(
    ([what, metadata]): Row => ({
      id: 'B27',
      name: `a client that changed ${what} since is a new one`,
      source: 'CIMD draft, Changes in Client Metadata; RFC 7592 §2.2',
      run: async (world) => {
        const client = await newClient(world)
        const browser = world.server.newBrowser()
        await consent(browser, await consentPage(world, browser, {}, client))
        world.secrets.add(String(client.registration['registration_access_token']))
        expect((await updateClient(client.registration, metadata)).status).toBe(200)
        expect((await consentPage(world, browser, {}, client)).text).not.toContain('Allowed before')
      },
    }),
  ),
  {
    id: 'B27',
    name: 'a document that changes while its page is read is not allowed by what the page said',
    source: 'CIMD draft, Changes in Client Metadata',
    run: async (world) => {
      const clientId = 'https://app.example/client'
      const by = { ...world.website, clientId }
      const serve = (name: string) => {
        world.documents.set(clientId, { client_id: clientId, redirect_uris: [by.redirectUri], client_name: name })
        world.server.advance(600)
      }
      serve('Reader')
      const [browser, other] = [world.server.newBrowser(), world.server.newBrowser()]
      const page = await consentPage(world, browser, {}, by)
      serve('Writer')
      await signInPage(world, other, {}, by)
      const shown = pageOf(await browser.press(page, 'Allow'))
      expect([isConsentPage(shown), shown.text.includes('Writer')]).toEqual([true, true])
      await browser.press(shown, 'Allow')
      serve('Eraser')
      const next = await consentPage(world, browser, {}, by)
      expect([next.text.includes('Eraser'), next.text.includes('Allowed before')]).toEqual([true, false])
    },
  },
]

/** Each is opened anew; `html` is what a browser got. */
const pages: Readonly<Record<string, (world: PagesWorld) => Promise<{ headers: Headers; html: string }>>> = {
  'the sign-in page': async (world) => signInPage(world, world.server.newBrowser()),
  'the sign-in page after a wrong password': async (world) => {
    const browser = world.server.newBrowser()
    const wrong = { email: '"><script>@x', password: 'wrong' }
    return pageOf(await signIn(browser, await signInPage(world, browser), wrong))
  },
  'the consent page': async (world) => consentPage(world, world.server.newBrowser()),
  'the hand-off': async (world) => {
    const browser = world.server.newBrowser()
    return pageOf(await browser.press(await consentPage(world, browser), 'Allow and show the answer'))
  },
  'the page of a sign-in that is over': async (world) => open(world, '/interaction/over'),
  'the page of a forged form': async (world) => {
    const browser = world.server.newBrowser()
    const response = await postStep(browser, await signInPage(world, browser), 'sign-in', {})
    return { headers: response.headers, html: await response.text() }
  },
  'the page of a form that is none': async (world) => {
    const browser = world.server.newBrowser()
    const page = await signInPage(world, browser)
    const response = await postStep(browser, page, 'sign-in', {}, { 'content-type': 'text/plain' })
    return { headers: response.headers, html: await response.text() }
  },
  'the page of a form that is too long': async (world) => {
    const browser = world.server.newBrowser()
    const response = await postStep(browser, await signInPage(world, browser), 'sign-in', { x: 'x'.repeat(20_000) })
    return { headers: response.headers, html: await response.text() }
  },
  'the page of an unknown client': async (world) => open(world, '/authorize?client_id=nobody'),
  'the page of a wrong redirect': async (world) =>
    pageOf(await world.server.newBrowser().open(authorizationUrl(world, { redirect_uri: 'https://evil.example/' }))),
  'the page in front of a stranger’s site': async (world) => {
    const { client_id: clientId } = await register(world.grant.server, {
      redirect_uris: ['https://stranger.example/cb'],
    })
    const by = { ...world.grant, clientId, redirectUri: 'https://stranger.example/cb' }
    return pageOf(await world.server.newBrowser().open(authorizationUrl(world, { prompt: 'none login' }, by)))
  },
  'the page of U+0000': async (world) => open(world, '/authorize?x=%00'),
  'the home page': async (world) => open(world, '/'),
  'the connect page': async (world) => open(world, '/connect'),
  'the page of nothing': async (world) => open(world, '/nowhere'),
  'the page of a set-up link': async (world) => open(world, '/setup?token=x'),
  'the page for a device’s code': async (world) => open(world, '/device?user_code="><script>'),
  'the page of a wrong device’s code': async (world) => {
    const browser = world.server.newBrowser()
    const page = pageOf(await browser.open(`${world.server.issuer}/device`))
    return pageOf(await browser.press(page, 'Continue', { user_code: 'BBBB-BBBB' }))
  },
  'the sign-out page': async (world) => {
    const browser = world.server.newBrowser()
    await consent(browser, await consentPage(world, browser))
    return pageOf(await browser.open(`${world.server.issuer}/logout`))
  },
  'the page of a sign-out to a stranger’s site': async (world) =>
    open(world, '/logout?client_id=website&post_logout_redirect_uri=https://evil.example/'),
  'the page after a sign-out': async (world) => {
    const browser = world.server.newBrowser()
    await consent(browser, await consentPage(world, browser))
    const page = pageOf(await browser.open(`${world.server.issuer}/logout`))
    return pageOf(await browser.press(page, 'Sign out'))
  },
}

const headers: readonly Row[] = Object.entries(pages).map(([name, visit]) => ({
  id: 'B31',
  name: `${name} has the headers of every page, and no script`,
  source: 'RFC 9700 §4.16, OWASP ASVS 3.4',
  note: 'Referrer-Policy is same-origin: with no-referrer our own forms would arrive with Origin: null (src/README.md).',
  run: async (world) => {
    const page = await visit(world)
    expectSafePage(page, page.html)
  },
}))

/** The one page with a script: it posts itself to the client. */
const postingPage: Row = {
  id: 'B31',
  name: 'the answer to a client that wants it posted stays out of frames, and repeats no markup',
  source: 'RFC 9700 §4.16, OAuth Form Post Response Mode §4',
  run: async (world) => {
    const state = '"><script>alert(1)</script>'
    const url = `${authorizationUrl(world, { state })}&response_mode=form_post&prompt=none`
    const { headers: answered, html } = pageOf(await world.server.newBrowser().open(url))
    const policy = answered.get('content-security-policy') ?? ''
    const [, script = ''] = /<script>([^<]*)<\/script>/.exec(html) ?? []
    const hash = createHash('sha256').update(script).digest('base64')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain(`script-src 'sha256-${hash}'`)
    expect(policy).not.toContain('unsafe')
    expect([answered.get('x-frame-options'), answered.get('x-content-type-options')]).toEqual(['DENY', 'nosniff'])
    expect(html).toContain('<form method="post"')
    expect(html).not.toContain('<script>alert')
  },
}

const returns: readonly Row[] = [
  '//evil.example',
  '//evil.example/interaction/x/consent',
  '/\\evil.example',
  '/interaction//evil.example/consent',
  '/interaction/%2f%2fevil.example/consent',
  '/interaction/%5cevil.example/consent',
  '/interaction/..%2f..%2fevil.example/consent',
  '/interaction/%09/evil.example',
  '/interaction/x/consent?return_to=//evil.example&next=https:evil.example&url=/\\evil.example',
  '/logout/success?post_logout_redirect_uri=//evil.example&client_id=website',
  '/logout/success?client_id=https://evil.example/',
  '/authorize/x?redirect_uri=https://evil.example/&returnTo=//evil.example',
  '/device?user_code=x&redirect_uri=//evil.example',
  '/setup?token=x&next=//evil.example',
  '/;@evil.example',
  '/.evil.example',
  '/%0d%0aLocation:%20https://evil.example/',
  '/%09/evil.example',
].map((path) => ({
  id: 'B37',
  name: `${path} leads nowhere else`,
  source: 'CVE-2025-27143, CVE-2026-75628, CVE-2026-75866',
  run: async ({ server }) => {
    const { port, host, origin } = new URL(server.issuer)
    for (const accept of ['text/html', '*/*']) {
      const { status, headers: answered } = await sendRaw(Number(port), [`Host: ${host}`, `Accept: ${accept}`], path)
      expect(status).toBeLessThan(500)
      const location = answered.get('location')
      if (location !== null) expect(new URL(location, server.issuer).origin).toBe(origin)
      expect([answered.get('refresh'), answered.get('content-location')]).toEqual([null, null])
    }
  },
}))

export const attacks: readonly Row[] = [...consents, ...headers, postingPage, ...returns]
