/** Group B, classes 30 and 38 to 40: cookies that were planted, bent or stolen, and signing somebody else out. */
import { expect } from '@jest/globals'
import { consent, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Browser, pageOf } from '../support/browser.js'
import { sessionCookie } from '../support/cookie-names.js'
import { expectSafePage, newClient, type PagesWorld, type Row } from './pages-world.js'
import {
  answerAt,
  authorizationUrl,
  consentPage,
  decisionOf,
  fieldOf,
  newTokens,
  postStep,
  signInPage,
} from './server-world.js'

/** Cookies of a browser for a URL of ours, by name. */
function cookiesOf(browser: Browser, url: string): ReadonlyMap<string, string> {
  const header = browser.cookies.header(new URL(url)) ?? ''
  return new Map(
    header.split('; ').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const),
  )
}

const headerOf = (cookies: ReadonlyMap<string, string>): string =>
  [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')

const flipped = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)

async function signedIn(world: PagesWorld): Promise<Browser> {
  const browser = world.server.newBrowser()
  await consent(browser, await consentPage(world, browser))
  return browser
}

/** What an authorization request with these cookies meets: true for a person that is known. */
async function isKnown(world: PagesWorld, cookie: string): Promise<boolean> {
  const started = await fetch(authorizationUrl(world), { redirect: 'manual', headers: { cookie } })
  expect(started.status).toBe(303)
  const own = started.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')
  const location = new URL(started.headers.get('location') ?? '', world.server.issuer)
  const page = await fetch(location, { headers: { cookie: [cookie, ...own].join('; '), accept: 'text/html' } })
  expect(page.status).toBe(200)
  const text = await page.text()
  return text.includes(world.server.account.email)
}

const sessions: readonly Row[] = [
  {
    id: 'B30',
    name: 'a session planted before the sign-in is not the one after it',
    source: 'OWASP ASVS 7.2.4, CVE-2024-7341 (session fixation)',
    run: async (world) => {
      const [victim, attacker] = [world.server.newBrowser(), world.server.newBrowser()]
      await attacker.open(`${world.server.issuer}/logout`)
      const planted = cookiesOf(attacker, world.server.issuer)
      expect([...planted.keys()].join()).toContain(sessionCookie(world.server.issuer))
      const lines = [...planted].map(([name, value]) => `${name}=${value}; Path=/; HttpOnly`)
      victim.cookies.store(new URL(world.server.issuer), lines)
      await consent(victim, await consentPage(world, victim))
      expect(cookiesOf(victim, world.server.issuer).get(sessionCookie(world.server.issuer))).not.toBe(
        planted.get(sessionCookie(world.server.issuer)),
      )
      expect(await isKnown(world, headerOf(cookiesOf(victim, world.server.issuer)))).toBe(true)
      expect(await isKnown(world, headerOf(planted))).toBe(false)
    },
  },
  {
    id: 'B30',
    name: 'the cookies of a sign-in from before the password open neither its pages nor its answer',
    source: 'OWASP ASVS 7.2.4, CVE-2024-7341 (session fixation)',
    run: async (world) => {
      const { server, grant } = world
      const victim = server.newBrowser()
      const page = await signInPage(world, victim)
      const resume = new URL(page.url.replace('/interaction/', '/authorize/'))
      const planted = {
        pages: victim.cookies.header(new URL(page.url)) ?? '',
        answer: victim.cookies.header(resume) ?? '',
      }
      const asAttacker = (url: string | URL, cookie: string) =>
        fetch(url, { redirect: 'manual', headers: { cookie, accept: 'text/html' } })

      const asked = pageOf(await signIn(victim, page, server.account))
      expect([isConsentPage(asked), asked.url]).toEqual([true, page.url])
      const shown = await (await asAttacker(page.url, planted.pages)).text()
      expect([shown.includes('Password'), shown.includes(server.account.email)]).toEqual([true, false])
      const decision = decisionOf(asked)
      expect((await postStep(server.newBrowser(), asked, 'consent', decision, { cookie: planted.pages })).status).toBe(
        400,
      )

      // Between the person's decision and their browser's way back to the engine.
      const decided = await postStep(victim, asked, 'consent', decision)
      expect([decided.status, new URL(decided.headers.get('location') ?? '').href]).toEqual([303, resume.href])
      const stolen = await asAttacker(resume, planted.answer)
      expect([stolen.status, stolen.headers.get('location')]).toEqual([400, null])
      const sessions = stolen.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')
      expect(await isKnown(world, [planted.answer, ...sessions].join('; '))).toBe(false)
      expect(answerAt(await victim.open(resume.href), grant.redirectUri)['code']).toBeDefined()
    },
  },
  {
    id: 'B30',
    name: 'who signs in to another one’s sign-in takes nothing over, and gives nothing away',
    source: 'OWASP ASVS 7.2.4, RFC 9700 §4.7',
    run: async (world) => {
      const { server } = world
      const victim = server.newBrowser()
      const page = await signInPage(world, victim)
      const cookie = victim.cookies.header(new URL(page.url)) ?? ''
      const asked = pageOf(await signIn(victim, page, server.account))
      const { email, password } = await server.addAccount('mallory@example.com')
      const form = { csrf: fieldOf(page, 'csrf'), email, password }
      expect((await postStep(server.newBrowser(), page, 'sign-in', form, { cookie })).status).toBe(303)
      const decision = decisionOf(asked)
      expect((await postStep(victim, asked, 'consent', decision)).status).toBe(400)
      expect(isSignInPage(pageOf(await victim.open(page.url)))).toBe(true)
    },
  },
  {
    id: 'B30',
    name: 'the cookie of a session that was signed out opens nothing',
    source: 'OWASP ASVS 7.4.1',
    run: async (world) => {
      const browser = await signedIn(world)
      const stolen = headerOf(cookiesOf(browser, world.server.issuer))
      expect(await isKnown(world, stolen)).toBe(true)
      await browser.press(pageOf(await browser.open(`${world.server.issuer}/logout`)), 'Sign out')
      expect(await isKnown(world, stolen)).toBe(false)
    },
  },
  {
    id: 'B30',
    name: 'Use another account ends the first one’s session',
    source: 'OWASP ASVS 7.2.4',
    run: async (world) => {
      const browser = await signedIn(world)
      const stolen = headerOf(cookiesOf(browser, world.server.issuer))
      const page = pageOf(await browser.press(await consentPage(world, browser), 'Use another account'))
      expect(isSignInPage(page)).toBe(true)
      expect(await isKnown(world, stolen)).toBe(false)
    },
  },
  {
    id: 'B30',
    name: 'who signs in over another person’s session ends it, before any decision and for good',
    source: 'OWASP ASVS 7.2.4',
    run: async (world) => {
      const browser = await signedIn(world)
      const earlier = headerOf(cookiesOf(browser, world.server.issuer))
      const second = await world.server.addAccount('second@example.com')
      const page = await signInPage(world, browser, { prompt: 'login' })
      // A wrong password signs nobody out.
      expect(pageOf(await signIn(browser, page, { ...second, password: 'wrong' })).status).toBe(401)
      expect(await isKnown(world, earlier)).toBe(true)
      const asked = pageOf(await signIn(browser, page, second))
      expect([isConsentPage(asked), asked.text.includes(second.email)]).toEqual([true, true])
      expect(await isKnown(world, earlier)).toBe(false)
      await consent(browser, asked)
      expect(await isKnown(world, earlier)).toBe(false)
      expect(await isKnown(world, headerOf(cookiesOf(browser, world.server.issuer)))).toBe(false)
      expect((await consentPage(world, browser)).text).toContain(second.email)
    },
  },
  {
    id: 'B30',
    name: 'the cookies of a sign-in in progress are good for its own address alone',
    source: 'RFC 9700 §4.7, CVE-2026-119128',
    run: async (world) => {
      const [browser, attacker] = [world.server.newBrowser(), world.server.newBrowser()]
      const [mine, theirs] = [await consentPage(world, browser), await signInPage(world, attacker)]
      const cookie = attacker.cookies.header(new URL(theirs.url)) ?? ''
      const answer = await fetch(mine.url, { headers: { cookie, accept: 'text/html' } })
      expect([answer.status, (await answer.text()).includes(world.server.account.email)]).toEqual([400, false])
    },
  },
  ...(
    [
      ['without its signature', (all) => new Map([...all].filter(([name]) => !name.endsWith('.sig')))],
      ['with an empty signature', (all) => new Map([...all].map(([n, v]) => [n, n.endsWith('.sig') ? '' : v]))],
      ['with a bent signature', (all) => new Map([...all].map(([n, v]) => [n, n.endsWith('.sig') ? flipped(v) : v]))],
      ['with a bent value', (all) => new Map([...all].map(([n, v]) => [n, n.endsWith('.sig') ? v : flipped(v)]))],
      ['cut short', (all) => new Map([...all].map(([n, v]) => [n, v.slice(0, -1)]))],
      ['with a letter more', (all) => new Map([...all].map(([n, v]) => [n, n.endsWith('.sig') ? v : `${v}x`]))],
      ['in other letters', (all) => new Map([...all].map(([n, v]) => [n, n.endsWith('.sig') ? v : v.toLowerCase()]))],
      ['under another name', (all) => new Map([...all].map(([n, v]) => [n.toUpperCase(), v]))],
    ] satisfies readonly (readonly [string, (all: ReadonlyMap<string, string>) => ReadonlyMap<string, string>])[]
  ).map(
    ([how, bend]): Row => ({
      id: 'B39',
      name: `a session cookie ${how} is no session`,
      source: 'CVE-2026-25748, CVE-2026-119128',
      run: async (world) => {
        const all = cookiesOf(await signedIn(world), world.server.issuer)
        expect(await isKnown(world, headerOf(all))).toBe(true)
        expect(await isKnown(world, headerOf(bend(all)))).toBe(false)
      },
    }),
  ),
  ...[
    '=;;;=x; ;',
    'SESSION',
    `SESSION=`,
    `SESSION=%zz; SESSION.sig=%`,
    `SESSION="quoted"; SESSION.sig="x"`,
    `SESSION=a; SESSION=b; SESSION.sig=c; SESSION.sig=d`,
    `SESSION=${'x'.repeat(8_000)}; SESSION.sig=x`,
    `SESSION=../../../etc/passwd; SESSION.sig=x`,
    `SESSION=' OR '1'='1; SESSION.sig=x`,
    `SESSION={"accountId":"x"}; SESSION.sig=x`,
    '__proto__=x; constructor=y; toString=z',
    `${'a=b; '.repeat(500)}c=d`,
  ].map(
    (template): Row => ({
      id: 'B39',
      name: `the cookies ${template.length > 90 ? `${template.slice(0, 30)}… (${template.length} characters)` : template} are nobody’s`,
      source: 'CVE-2026-25748 (malformed cookie passes)',
      run: async (world) => {
        const cookie = template.replaceAll('SESSION', sessionCookie(world.server.issuer))
        expect(await isKnown(world, cookie)).toBe(false)
        for (const path of ['/interaction/x', '/authorize/x', '/logout', '/device', '/setup?token=x', '/connect']) {
          const answer = await fetch(`${world.server.issuer}${path}`, { redirect: 'manual', headers: { cookie } })
          expect([path, answer.status >= 500]).toEqual([path, false])
        }
      },
    }),
  ),
  {
    id: 'B38',
    name: 'no cookie is for scripts, for other sites, for a domain, or too long to be sent',
    source: 'OWASP ASVS 3.3',
    note: '__Host- and Secure where the issuer is https: test/authorization-server/traces.test.ts.',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await signInPage(world, browser)
      const { email, password } = world.server.account
      const entered = await postStep(browser, page, 'sign-in', { csrf: fieldOf(page, 'csrf'), email, password })
      const shown = pageOf(await browser.open(page.url))
      const fields = decisionOf(shown)
      const decided = await postStep(browser, shown, 'consent', fields)
      const resume = new URL(decided.headers.get('location') ?? '', page.url)
      const cookie = browser.cookies.header(resume) ?? ''
      const answers = [
        await fetch(authorizationUrl(world), { redirect: 'manual' }),
        entered,
        decided,
        await fetch(resume, { redirect: 'manual', headers: { cookie } }),
        await fetch(`${world.server.issuer}/logout`),
        await fetch(`${world.server.issuer}/device`),
      ]
      const lines = answers.flatMap(({ headers }) => headers.getSetCookie())
      expect(lines.length).toBeGreaterThan(6)
      for (const line of lines) {
        expect(line).toMatch(/; ?httponly/i)
        expect(line).toMatch(/; ?samesite=lax/i)
        expect(line).not.toMatch(/; ?domain=/i)
        expect(line.length).toBeLessThan(4_096)
        // A page elsewhere can fill a browser with cookies of interactions. Chromium then drops these first.
        const isLasting = /^(?:__\w+-)?gatehouse_(?:session|known_browser)/.test(line)
        expect([line, /; ?priority=high/i.test(line)]).toEqual([line, isLasting])
      }
    },
  },
]

const signingOut: readonly Row[] = [
  {
    id: 'B40',
    name: 'a link to sign out leads nobody to the site of a client that registered itself',
    source: 'RFC 9700 §4.11.2',
    run: async (world) => {
      const uri = 'https://evil.example/out'
      const by = await newClient(world, { post_logout_redirect_uris: [uri] })
      const parameters = new URLSearchParams({ client_id: by.clientId, post_logout_redirect_uri: uri })
      const page = pageOf(await world.server.newBrowser().open(`${world.server.issuer}/logout?${parameters}`))
      expectSafePage(page, page.html)
      expect([page.status, page.forms.length, page.text.includes('evil.example')]).toEqual([200, 0, true])
    },
  },
  {
    id: 'B40',
    name: 'a link or an image elsewhere signs nobody out',
    source: 'OWASP ASVS 10.6.2',
    run: async (world) => {
      const browser = await signedIn(world)
      const cookie = headerOf(cookiesOf(browser, world.server.issuer))
      for (const path of [
        '/logout',
        '/logout?logout=yes',
        '/logout/confirm',
        '/logout/confirm?logout=yes',
        '/logout/success',
      ]) {
        const headers = { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' }
        const answer = await fetch(`${world.server.issuer}${path}`, { redirect: 'manual', headers })
        expect([path, answer.status < 500]).toEqual([path, true])
      }
      expect(await isKnown(world, cookie)).toBe(true)
    },
  },
  ...(
    [
      ['without its token', () => ({ logout: 'yes' })],
      ['with a made-up token', () => ({ logout: 'yes', xsrf: 'x'.repeat(43) })],
      ['with the token of another browser', (theirs: string) => ({ logout: 'yes', xsrf: theirs })],
      ['with a list for a token', (theirs: string) => ({ logout: 'yes', 'xsrf[]': theirs })],
    ] as const
  ).map(
    ([how, fields]): Row => ({
      id: 'B40',
      name: `a sign-out posted ${how} signs nobody out`,
      source: 'OWASP ASVS 10.6.2',
      run: async (world) => {
        const [browser, attacker] = [await signedIn(world), await signedIn(world)]
        await browser.open(`${world.server.issuer}/logout`)
        const theirs = fieldOf(pageOf(await attacker.open(`${world.server.issuer}/logout`)), 'xsrf')
        expect(theirs).not.toBe('')
        const page = pageOf(
          await browser.post(`${world.server.issuer}/logout/confirm`, fields(theirs), 'https://evil.example/'),
        )
        expect([400, 403]).toContain(page.status)
        expect(isConsentPage(await consentPage(world, browser))).toBe(true)
      },
    }),
  ),
  ...(
    [
      ['that another client registered', 'https://other.example/out'],
      ['with a query more', 'https://client.example/out?x'],
      ['with a slash more', 'https://client.example/out/'],
      ['that runs', 'javascript:alert(1)'],
      ['without a scheme', '//evil.example/'],
      ['behind a backslash', 'https://client.example\\@evil.example/'],
      ['that is a redirect_uri, but not for this', 'http://127.0.0.1:41573/callback'],
    ] as const
  ).map(
    ([what, uri]): Row => ({
      id: 'B40',
      name: `nobody is sent to an address ${what}`,
      source: 'OpenID Connect RP-Initiated Logout §3',
      run: async (world) => {
        const by = await newClient(world, { post_logout_redirect_uris: ['https://client.example/out'] })
        await newClient(world, { post_logout_redirect_uris: ['https://other.example/out'] })
        const browser = await signedIn(world)
        const parameters = new URLSearchParams({ client_id: by.clientId, post_logout_redirect_uri: uri })
        const page = pageOf(await browser.open(`${world.server.issuer}/logout?${parameters}`))
        expect([page.status, /evil|alert|other\.example/.test(page.html)]).toEqual([400, false])
      },
    }),
  ),
  {
    id: 'B40',
    name: 'a hint for one client does not vouch for another',
    source: 'OpenID Connect RP-Initiated Logout §2',
    run: async (world) => {
      const by = await newClient(world, { post_logout_redirect_uris: ['https://client.example/out'] })
      const browser = world.server.newBrowser()
      const { id_token: hint = '' } = await newTokens(world, { browser, scope: 'openid notes:read' })
      const parameters = new URLSearchParams({
        id_token_hint: hint,
        client_id: by.clientId,
        post_logout_redirect_uri: 'https://client.example/out',
      })
      expect(pageOf(await browser.open(`${world.server.issuer}/logout?${parameters}`)).status).toBe(400)
      expect(isConsentPage(await consentPage(world, browser))).toBe(true)
    },
  },
]

export const attacks: readonly Row[] = [...sessions, ...signingOut]
