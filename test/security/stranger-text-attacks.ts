/** Group B, classes 32 to 35: words, links and pictures of strangers on our pages. */
import { expect } from '@jest/globals'
import { signIn } from '../support/authorization.js'
import { type Page, pageOf } from '../support/browser.js'
import { expectSafePage, newClient, openPath as open, type Row, updateClient } from './pages-world.js'
import { authorizationUrl, consentPage, fieldOf, signInPage } from './server-world.js'

const names = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  "' onmouseover='alert(1)",
  '</title></h1><svg/onload=alert(1)>',
  '<!-- -->]]><![CDATA[',
  '<%= 7*7 %> {{7*7}} #{7*7} [[7*7]]',
  '&lt;b&gt; &amp; &#60;',
  'javascript:alert(1)//',
  '<a href="https://evil.example">pictures</a>',
  '<style>*{display:none}</style>',
] as const

/** Markup of a stranger, on a page: there as text, and only as text. */
function expectText(page: Page, words: string): void {
  expect(page.text).toContain(words)
  expect(page.html).not.toMatch(/<(img|script|svg|b|style)\b[^>]*(alert|display|onerror|>alert)|href="https:\/\/evil/i)
  if (words.includes('<')) expect(page.html).not.toContain(words)
  // Text of the page is no markup: only what is left without it, and our script, is looked at.
  const parts = page.html.split(/(<script>.*?<\/script>)/s)
  const markup = parts.map((part) => (part.startsWith('<script>') ? part : part.replaceAll(/>[^<]*</g, '><')))
  expectSafePage(page, markup.join(''))
}

export const attacks: readonly Row[] = [
  ...names.map(
    (clientName): Row => ({
      id: 'B32',
      name: `the name ${clientName} is text on every page that says it`,
      source: 'CVE-2026-22752, CVE-2026-29191',
      run: async (world) => {
        const site = 'https://stranger.example/cb'
        const uris = { redirect_uris: [world.grant.redirectUri, site], post_logout_redirect_uris: [site] }
        const client = await newClient(world, { client_name: clientName, ...uris })
        const browser = world.server.newBrowser()
        expectText(await signInPage(world, browser, {}, client), clientName)
        const page = await consentPage(world, browser, {}, client)
        expectText(page, clientName)
        expectText(pageOf(await browser.press(page, 'Allow and show the answer')), clientName)
        const held = authorizationUrl(world, { prompt: 'none login' }, { ...client, redirectUri: site })
        expectText(pageOf(await world.server.newBrowser().open(held)), clientName)
        const { clientId } = client
        const logout = new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: site, state: clientName })
        const signOut = pageOf(await browser.open(`${world.server.issuer}/logout?${logout}`))
        expectText(signOut, clientName)
      },
    }),
  ),
  ...(
    [
      ['leading jamo', 'Sync', '\u1100'],
      ['joining vowels', '\u0e01', '\u0e33'],
      ['conjuncts', 'Sync ', '\u0915\u094d'],
    ] as const
  ).map(
    ([what, start, part]): Row => ({
      id: 'B32',
      name: `a name of endless ${what}, in which no line breaks, is cut on every page that says it`,
      source: 'UAX #29 §3, UAX #14',
      run: async (world) => {
        const client = await newClient(world, { client_name: start + part.repeat(100) })
        const browser = world.server.newBrowser()
        for (const page of [
          await signInPage(world, browser, {}, client),
          await consentPage(world, browser, {}, client),
        ]) {
          expect(page.text).toContain('\ufffd')
          expect(page.html).not.toContain(part.repeat(7))
        }
      },
    }),
  ),
  ...names.slice(0, 3).map(
    (email): Row => ({
      id: 'B32',
      name: `the email ${email} is a value of its field, hinted at or typed`,
      source: 'CVE-2026-29191',
      run: async (world) => {
        const browser = world.server.newBrowser()
        const hinted = await signInPage(world, browser, { login_hint: email })
        expect([fieldOf(hinted, 'email'), hinted.html.includes(email)]).toEqual([email, false])
        const typed = pageOf(await signIn(browser, hinted, { email, password: email }))
        expect([typed.status, fieldOf(typed, 'email'), fieldOf(typed, 'password')]).toEqual([401, email, ''])
        expect(typed.html).not.toContain(email)
      },
    }),
  ),
  ...[
    'error=x&error_description=<script>alert(1)</script>',
    'error_hint=<img src=x onerror=alert(1)>',
    'client_id=x&ui_locales="><script>alert(1)</script>',
    'client_id=x&state="><script>alert(1)</script>',
  ].map(
    (query): Row => ({
      id: 'B32',
      name: `the error page repeats nothing of ?${query}`,
      source: 'GO-2026-4861',
      run: async (world) => {
        const page = await open(world, `/authorize?${query}`)
        expect([page.status, /alert|onerror/.test(page.html)]).toEqual([400, false])
      },
    }),
  ),
  ...(
    [
      ['that turns the reading order', 'Claude\u202e'],
      ['with an escape', 'Claude\u001b[31m'],
      ['with U+0000', 'Claude\0'],
      ['with a letter nobody sees', 'Cla\u200bude'],
      ['with a line break', 'Claude\nVerified'],
    ] as const
  ).map(
    ([what, clientName]): Row => ({
      id: 'B33',
      name: `a name ${what} is refused when a client changes its own`,
      source: 'RFC 7592 §2.2, CVE-2026-15572 (update weaker than create)',
      run: async (world) => {
        const client = await newClient(world)
        world.secrets.add(String(client.registration['registration_access_token']))
        const answer = await updateClient(client.registration, { client_name: clientName })
        expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_client_metadata' }])
        const page = await signInPage(world, world.server.newBrowser(), {}, client)
        expect(page.text).toContain('Journey client')
      },
    }),
  ),
  {
    id: 'B35',
    name: 'a logo elsewhere is asked for by no page',
    source: 'CIMD draft, Displaying Logos',
    run: async (world) => {
      const client = await newClient(world, { logo_uri: 'https://evil.example/logo.svg' })
      const browser = world.server.newBrowser()
      for (const page of [
        await signInPage(world, browser, {}, client),
        await consentPage(world, browser, {}, client),
      ]) {
        expect(page.html).not.toContain('evil.example')
        expect(page.headers.get('content-security-policy')).toContain("img-src 'self'")
      }
    },
  },
  {
    id: 'B35',
    name: 'addresses of a client are links only when they are https, and tell its site nothing',
    source: 'CIMD draft §8.6',
    run: async (world) => {
      const uris = { client_uri: 'https://stranger.example/', policy_uri: 'https://stranger.example/privacy' }
      const page = await consentPage(world, world.server.newBrowser(), {}, await newClient(world, uris))
      const links = page.links.filter(({ href }) => !href.startsWith(world.server.issuer))
      expect(links.length).toBeGreaterThan(0)
      expect(links.filter(({ href }) => !href.startsWith('https://stranger.example/'))).toEqual([])
      expect(page.html).toMatch(/href="https:\/\/stranger\.example\/"[^>]*rel="[^"]*noreferrer/)
    },
  },
]
