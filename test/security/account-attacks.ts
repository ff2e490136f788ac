/** Group C, classes 50 to 53: passwords that are no secret, accounts that end while something is under way, and links that make accounts. */
import { expect } from '@jest/globals'
import { sendRaw } from '../http/raw-request.js'
import { consent, isSignInPage } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { poll, startDevice } from '../support/device-client.js'
import {
  authorize,
  completeCode,
  type Grant,
  redeem,
  refresh,
  register,
  requestTokens,
} from '../support/oauth-client.js'
import { openSetUp, type PasswordsWorld, type Row, trySignIn } from './passwords-world.js'
import { authorizationUrl, keepSecret } from './server-world.js'

const email = 'grace.hopper@example.com'

const choices: readonly Row[] = [
  ...(
    [
      ['of 14 letters', 'plumorbitkettl', 'at least 15'],
      ['that is empty', '', 'at least 15'],
      ['of fifteen blanks', ' '.repeat(15), 'repeats itself|first that attackers|keyboard'],
      ['of one letter again and again', 'aaaaaaaaaaaaaaaaaaaa', 'repeats itself|keyboard'],
      ['of one word again and again', 'walruswalruswalruswalrus', 'repeats itself'],
      ['along the keyboard', 'qwertyuiopasdfghjkl', 'keyboard'],
      ['that counts', '1234567890123456789', 'keyboard'],
      ['of the alphabet', 'abcdefghijklmnopqrstuvwxyz', 'keyboard'],
      ['among the most common', 'password123456789', 'first that attackers|keyboard'],
      ['common with other letters', 'P@ssw0rdP@ssw0rd', 'repeats itself|first that attackers'],
      ['of common words', 'iloveyouletmeinadmin', 'first that attackers'],
      ['that is the email', 'grace.hopper@example.com', 'email address'],
      ['that is the email and a year', 'gracehopper20252026', 'email address|keyboard|first'],
      ['that is the product', 'GatehouseGatehouse1', 'repeats itself|name of this service'],
      ['that is the product and a year', 'gatehouse-gatehouse-2026', 'repeats itself|name of this service'],
      ['of 1,100 bytes', `${'plum orbit kettle ninety '.repeat(44)}`, 'fewer'],
    ] as const
  ).map(
    ([what, password, reason]): Row => ({
      id: 'C50',
      name: `a password ${what} is refused, with a reason`,
      source: 'NIST SP 800-63B-4 §3.1.1.2, OWASP ASVS 6.2',
      run: async ({ empty, secrets }) => {
        const { browser, page } = await openSetUp(empty)
        const answer = pageOf(await browser.press(page, 'Create account', { Email: email, Password: password }))
        expect([answer.status, answer.text]).toEqual([422, expect.stringMatching(new RegExp(reason, 'i'))])
        expect(await empty.server.accounts.count()).toBe(0)
        if (password.length > 15) secrets.add(password)
      },
    }),
  ),
  ...(
    [
      ['of small letters alone', 'quartzladdersevenbreezes'],
      ['with blanks and signs of other alphabets', 'чайник орбита 七十 walrus'],
      ['of 200 characters', 'plum orbit kettle ninety walrus meadow '.repeat(5)],
      ['of emoji', '🦭🍑🪐🫖🎷🧭🪗🦔🥁🌋🛶🧊🪁🎻🦚'],
    ] as const
  ).map(
    ([what, password]): Row => ({
      id: 'C50',
      name: `a password ${what} is good, and signs in as it was typed`,
      source: 'NIST SP 800-63B-4 §3.1.1.2 (no composition rules, at least 64 characters)',
      run: async ({ empty, secrets }) => {
        secrets.add(password)
        const { browser, page } = await openSetUp(empty)
        const answer = pageOf(await browser.press(page, 'Create account', { Email: email, Password: password }))
        expect([answer.status, answer.heading]).toEqual([200, 'Your account is ready'])
        expect((await trySignIn(empty, email, password)).status).toBe(303)
      },
    }),
  ),
]

interface Ending {
  /** Something in the hands of a client that the account's end must end too: the error it gets. */
  readonly holds: (world: PasswordsWorld, person: Person) => Promise<() => Promise<unknown>>
  readonly gets: unknown
}
type Person = Awaited<ReturnType<PasswordsWorld['plain']['server']['addAccount']>>

const tokensOf = async ({ proxied }: PasswordsWorld, person: Person, scope = 'notes:read') => {
  const { callback, codeVerifier } = await authorize(
    proxied.grant,
    proxied.server.newBrowser(),
    { account: person },
    scope,
  )
  const { tokens } = await redeem(proxied.grant, callback.get('code') ?? '', codeVerifier)
  keepSecret(proxied, tokens)
  return tokens
}

const holdings: Readonly<Record<string, Ending>> = {
  'a code': {
    holds: async ({ proxied }, person) => {
      const browser = proxied.server.newBrowser()
      const { callback, codeVerifier } = await authorize(proxied.grant, browser, { account: person }, 'notes:read')
      return async () => (await redeem(proxied.grant, callback.get('code') ?? '', codeVerifier)).error
    },
    gets: 'invalid_grant',
  },
  'a refresh token': {
    holds: async (world, person) => {
      const token = (await tokensOf(world, person))?.refresh_token ?? ''
      return async () => (await refresh(world.proxied.grant, token)).error
    },
    gets: 'invalid_grant',
  },
  'a device’s code that was allowed': {
    holds: async ({ proxied }, person) => {
      const { client_id: clientId } = await register(proxied.grant.server, {
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      })
      const device: Grant = { ...proxied.grant, clientId }
      const { user_code: userCode, device_code: deviceCode } = await startDevice(device)
      const browser = proxied.server.newBrowser()
      const entry = pageOf(await browser.open(`${proxied.server.issuer}/device`))
      const page = pageOf(await browser.press(entry, 'Continue', { user_code: userCode }))
      const shown = pageOf(await browser.press(page, 'Sign in', { Email: person.email, Password: person.password }))
      await consent(browser, shown)
      return async () => (await poll(device, deviceCode)).error
    },
    gets: expect.stringMatching(/^(invalid_grant|access_denied|expired_token)$/),
  },
  'an access token for userinfo': {
    holds: async (world, person) => {
      const { grant, server } = world.proxied
      const { code, codeVerifier } = await completeCode(
        { ...grant, resource: '' },
        server.newBrowser(),
        { account: person },
        { scope: 'openid' },
      )
      const { tokens } = await requestTokens(grant.server, {
        grant_type: 'authorization_code',
        client_id: grant.clientId,
        redirect_uri: grant.redirectUri,
        code,
        code_verifier: codeVerifier,
      })
      keepSecret(world, tokens)
      const headers = { authorization: `Bearer ${tokens?.access_token}` }
      return async () => (await fetch(`${server.issuer}/userinfo`, { headers })).status
    },
    gets: 401,
  },
  'a session': {
    holds: async ({ proxied }, person) => {
      const browser = proxied.server.newBrowser()
      await authorize(proxied.grant, browser, { account: person }, 'notes:read')
      return async () => isSignInPage(pageOf(await browser.open(authorizationUrl(proxied))))
    },
    gets: true,
  },
}

let people = 0
const endings: readonly Row[] = (
  [
    ['is disabled', async (world: PasswordsWorld, { id }: Person) => world.proxied.server.accounts.disable(id)],
    [
      'gets a new password',
      async (world: PasswordsWorld, { id }: Person) => world.proxied.server.accounts.endAccess(id),
    ],
  ] as const
).flatMap(([how, end]) =>
  Object.entries(holdings).map(
    ([what, { holds, gets }]): Row => ({
      id: 'C52',
      name: `${what} ends when its person ${how}`,
      source: 'CVE-2026-16103, CVE-2025-64521',
      run: async (world) => {
        people += 1
        const person = await world.proxied.server.addAccount(`ending-${people}@example.com`)
        const use = await holds(world, person)
        await end(world, person)
        expect(await use()).toEqual(gets)
      },
    }),
  ),
)

const links: readonly Row[] = [
  ...['/reset', '/forgot', '/forgot-password', '/password/reset', '/admin', '/signup'].map(
    (path): Row => ({
      id: 'C53',
      name: `${path} is nothing`,
      source: 'CVE-2026-18963 (reset flows)',
      note: 'A reset goes by /recover and /reset/:token alone (test/authorization-server/recovery.test.ts).',
      run: async ({ plain: { server } }) => {
        for (const method of ['GET', 'POST'])
          expect([method, (await fetch(`${server.issuer}${path}`, { method, redirect: 'manual' })).status]).toEqual([
            method,
            404,
          ])
      },
    }),
  ),
  ...(
    [
      ['without the form’s token', { csrf: '' }, 403],
      ['with the token of another link', { csrf: 'other' }, 403],
      ['with the link’s own token', { csrf: 'link' }, 403],
    ] as const
  ).map(
    ([how, { csrf }, status]): Row => ({
      id: 'C53',
      name: `a set-up form ${how} makes nobody`,
      source: 'OWASP ASVS 3.5.1, CVE-2026-18963 (steps out of turn)',
      run: async ({ empty }) => {
        const other = await openSetUp(empty)
        const { browser, link } = await openSetUp(empty)
        const own = new URL(link).searchParams.get('token') ?? ''
        const token = csrf === 'other' ? other.csrf : csrf === 'link' ? own : ''
        const fields = { csrf: token, email, password: 'quartz ladder seven breezes' }
        expect(pageOf(await browser.post(link, fields)).status).toBe(status)
        expect(await empty.server.accounts.count()).toBe(0)
      },
    }),
  ),
  {
    id: 'C53',
    name: 'a set-up link makes one account, and dies with the next link',
    source: 'OWASP ASVS 6.4.1',
    run: async ({ empty }) => {
      const first = await openSetUp(empty)
      const second = await openSetUp(empty)
      const entries = { Email: email, Password: 'quartz ladder seven breezes' }
      expect(pageOf(await first.browser.press(first.page, 'Create account', entries)).status).toBe(404)
      expect(pageOf(await second.browser.press(second.page, 'Create account', entries)).status).toBe(200)
      const eve = { ...entries, Email: 'eve@example.com' }
      expect(pageOf(await second.browser.press(second.page, 'Create account', eve)).status).toBe(404)
      expect(await empty.server.accounts.count()).toBe(1)
    },
  },
  {
    id: 'C53',
    name: 'a set-up link leads where the issuer is, whatever Host says',
    source: 'OWASP ASVS 6.4.1 (Host header in links)',
    run: async ({ empty }) => {
      const { link } = await openSetUp(empty)
      const { port, host, pathname, search } = new URL(link)
      const asked = (head: readonly string[]) => sendRaw(Number(port), head, `${pathname}${search}`)
      expect((await asked(['Host: evil.example'])).status).toBe(421)
      const { status, body } = await asked([`Host: ${host}`, 'X-Forwarded-Host: evil.example', 'Accept: text/html'])
      expect([status, body.includes('evil.example')]).toEqual([200, false])
    },
  },
]

export const attacks: readonly Row[] = [...choices, ...endings, ...links]
