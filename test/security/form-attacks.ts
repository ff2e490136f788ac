/** Group B, class 22: forms of ours that come from elsewhere. */
import { expect } from '@jest/globals'
import { isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Page, pageOf } from '../support/browser.js'
import { startDevice } from '../support/device-client.js'
import { countGrants, newDeviceClient, type Row } from './pages-world.js'
import { type Changes, consentPage, decisionOf, fieldOf, postStep, signInPage } from './server-world.js'

interface Forgery {
  readonly fields?: Changes
  readonly headers?: Readonly<Record<string, string>>
  /** Behind the step's name. */
  readonly query?: string
  readonly status?: number
}

/** Both forms, posted as forged: refused, nobody is signed in, nothing is allowed. `csrf`: the honest token; `other`: one of another sign-in. */
const forged = (
  name: string,
  forge: (given: { csrf: string; other: string; issuer: string }) => Forgery,
  source = 'OWASP ASVS 3.5.1',
): Row => ({
  id: 'B22',
  name: `a form ${name}`,
  source,
  run: async (world) => {
    const browser = world.server.newBrowser()
    const other = fieldOf(await signInPage(world, browser, { state: 'another' }), 'csrf')
    const page = await signInPage(world, browser)
    const { email, password } = world.server.account
    const { issuer } = world.server
    const post = (shown: Page, step: string, fields: Changes) => {
      const { fields: changes = {}, headers = {}, query = '' } = forge({ csrf: fieldOf(shown, 'csrf'), other, issuer })
      return postStep(browser, shown, `${step}${query}`, { ...fields, ...changes }, headers)
    }
    const { status = 403 } = forge({ csrf: '', other, issuer })
    const signing = await post(page, 'sign-in', { csrf: fieldOf(page, 'csrf'), email, password })
    expect([signing.status, signing.headers.getSetCookie()]).toEqual([status, []])
    expect(isSignInPage(pageOf(await browser.open(page.url)))).toBe(true)
    const shown = pageOf(await signIn(browser, page, world.server.account))
    const before = await countGrants(world)
    const deciding = await post(shown, 'consent', decisionOf(shown))
    expect([deciding.status, await countGrants(world)]).toEqual([status, before])
    expect(isConsentPage(pageOf(await browser.open(shown.url)))).toBe(true)
  },
})

export const attacks: readonly Row[] = [
  forged('without its token', () => ({ fields: { csrf: undefined } })),
  forged('with the token of another sign-in in the same browser', ({ other }) => ({ fields: { csrf: other } })),
  forged('with its token and a letter', ({ csrf }) => ({ fields: { csrf: `${csrf}x` } })),
  forged('with its token but a letter', ({ csrf }) => ({ fields: { csrf: csrf.slice(0, -1) } })),
  forged('with its token in another case', ({ csrf }) => ({ fields: { csrf: csrf.toLowerCase() } })),
  forged('with a wrong token before its own', ({ csrf, other }) => ({ fields: { csrf: [other, csrf] } })),
  forged('with its token in a list', ({ csrf }) => ({ fields: { csrf: undefined, 'csrf[]': csrf } })),
  forged('with its token in the address', ({ csrf }) => ({ fields: { csrf: undefined }, query: `?csrf=${csrf}` })),
  forged('with its token in a header', ({ csrf }) => ({
    fields: { csrf: undefined },
    headers: { 'x-csrf-token': csrf, 'x-xsrf-token': csrf },
  })),
  forged('from a host that begins like ours', ({ issuer }) => ({ headers: { origin: `${issuer}.evil.example` } })),
  forged('from our host under another scheme', ({ issuer }) => ({
    headers: { origin: issuer.replace(/^http/, 'https') },
  })),
  forged('from our host without its port', () => ({ headers: { origin: 'http://localhost' } })),
  forged('from 127.0.0.1 in place of our name', ({ issuer }) => ({
    headers: { origin: issuer.replace('localhost', '127.0.0.1') },
  })),
  forged('from a page that hides where it is', () => ({ headers: { origin: 'null' } })),
  forged('from an extension', () => ({ headers: { origin: 'chrome-extension://abc' } })),
  forged('that says it is same-site', () => ({ headers: { 'sec-fetch-site': 'same-site' } }), 'Fetch Metadata §2.3'),
  forged(
    'that says something unknown of its site',
    () => ({ headers: { 'sec-fetch-site': 'x' } }),
    'Fetch Metadata §2.3',
  ),
  ...['text/plain', 'multipart/form-data; boundary=x', 'application/json', 'application/xml'].map((type) =>
    forged(`as ${type}`, () => ({ headers: { 'content-type': type }, status: 415 })),
  ),
  {
    id: 'B22',
    name: 'a link to a step of a form does nothing, whatever method it names',
    source: 'OWASP ASVS 3.5.3',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await consentPage(world, browser)
      const before = await countGrants(world)
      const fields = new URLSearchParams(decisionOf(page))
      const cookie = browser.cookies.header(new URL(page.url)) ?? ''
      for (const step of ['consent', 'cancel', 'switch-account', 'sign-in']) {
        const headers = { cookie, 'x-http-method-override': 'POST', 'x-method-override': 'POST' }
        const url = `${page.url}/${step}?_method=POST&${fields}`
        const response = await fetch(url, { redirect: 'manual', headers })
        expect([response.status, response.headers.get('location')]).toEqual([303, new URL(page.url).pathname])
      }
      expect(await countGrants(world)).toBe(before)
      expect(isConsentPage(pageOf(await browser.open(page.url)))).toBe(true)
    },
  },
  {
    id: 'B22',
    name: 'each page of a sign-in, and the way back from it, in capitals: the same unit of work as ever',
    source: 'OWASP ASVS 4.1.3 (checks dodged by other spellings)',
    run: async (world) => {
      const { issuer } = world.server
      const capitals = (url: string) => url.replace(issuer, '').replace(/^\/\w+/, (segment) => segment.toUpperCase())
      const browser = world.server.newBrowser()
      const page = await consentPage(world, browser)
      const headers = { cookie: browser.cookies.header(new URL(page.url)) ?? '', accept: 'text/html' }
      const shown = await fetch(issuer + capitals(page.url), { headers })
      expect([shown.status, await shown.text()]).toEqual([200, expect.stringContaining('name="decision"')])
      const decided = await postStep(browser, page, 'consent', decisionOf(page))
      const back = new URL(decided.headers.get('location') ?? '', issuer).href
      expect(back).toContain('/authorize/')
      const cookie = browser.cookies.header(new URL(back)) ?? ''
      const ask = () => fetch(issuer + capitals(back), { redirect: 'manual', headers: { cookie } })
      const answers = await Promise.all(Array.from({ length: 8 }, ask))
      expect(answers.map(({ status }) => status).toSorted()).toEqual([303, ...Array(7).fill(400)])
      expect(answers.filter(({ headers: given }) => given.get('location')?.includes('code='))).toHaveLength(1)
    },
  },
  ...(
    [
      ['without the token of its page', () => ({ xsrf: '' }), {}, 422],
      ['with a made-up token', () => ({ xsrf: 'x'.repeat(43) }), {}, 422],
      ['from another site', (xsrf: string) => ({ xsrf }), { origin: 'https://evil.example' }, 403],
      ['from a frame elsewhere', (xsrf: string) => ({ xsrf }), { 'sec-fetch-site': 'cross-site' }, 403],
    ] as const
  ).map(
    ([name, fields, headers, status]): Row => ({
      id: 'B22',
      name: `a device's code posted ${name} asks nobody`,
      source: 'RFC 8628 §5.4, CVE-2026-45337',
      run: async (world) => {
        const device = await newDeviceClient(world)
        const { user_code: userCode } = await startDevice(device)
        const browser = world.server.newBrowser()
        await consentPage(world, browser)
        const page = pageOf(await browser.open(`${world.server.issuer}/device`))
        const cookie = browser.cookies.header(new URL(page.url)) ?? ''
        const body = new URLSearchParams({ user_code: userCode, confirm: 'yes', ...fields(fieldOf(page, 'xsrf')) })
        const init = { method: 'POST', redirect: 'manual', body, headers: { cookie, ...headers } } as const
        const response = await fetch(page.url, init)
        expect([response.status, response.headers.get('location')]).toEqual([status, null])
      },
    }),
  ),
]
