/** One blind press on the consent page as it comes into view allows nothing; over HTTP, as a browser without scripts sends it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { isConsentPage, isSignInPage, scopesOn, signIn } from '../support/authorization.js'
import { type Arrival, type Browser, type Entries, type Page, pageOf } from '../support/browser.js'
import { poll, startDevice } from '../support/device-client.js'
import { type Grant, newGrant, register, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

const everything = 'notes:read notes:write notes:delete'
const documentUrl = 'https://app.example/client'
const website = 'https://app.example/cb'

describe('Decisions that are not seen to be deliberate', () => {
  let server: TestServer
  let stranger: Grant
  beforeAll(async () => {
    server = await startServer('embedded', {
      clockStands: true,
      untrustedFetch: async (url) => {
        const clientId = String(url)
        const metadata = { client_name: 'Reader', token_endpoint_auth_method: 'none' }
        return Response.json({ client_id: clientId, redirect_uris: [website, stranger.redirectUri], ...metadata })
      },
    })
    stranger = await newGrant(server)
    const own = { client_name: 'Own', token_endpoint_auth_method: 'none' } as const
    await server.clients.save(
      'own',
      { client_id: 'own', redirect_uris: [website, stranger.redirectUri], ...own },
      'static',
    )
  })
  afterAll(() => server.close())

  let people = 0
  /** For somebody who allowed nothing before: a client that wants more is another matter (step-up-consent.test.ts). */
  const open = async (browser: Browser, by: Grant, scope = everything): Promise<Page> => {
    const page = pageOf(await browser.open(startAuthorization(by.server, { ...by, scope }).url))
    people += 1
    const person = await server.addAccount(`person-${people}@example.com`)
    const next = isSignInPage(page) ? pageOf(await signIn(browser, page, person)) : page
    if (!isConsentPage(next)) throw new Error(`no consent page, but "${next.heading}"`)
    return next
  }

  const press = (browser: Browser, page: Page, word = '', entries: Entries = {}): Promise<Arrival> =>
    browser.press(page, 'Allow', { deliberate: word, ...entries })

  /** As a person without scripts who means it. */
  const confirm = (browser: Browser, page: Page): Promise<Arrival> =>
    press(browser, page, '', { number: numberOn(page) })

  const isCode = (arrival: Arrival) => 'left' in arrival && new URL(arrival.left).searchParams.has('code')
  const grants = () => server.storage.prisma.grant.count()
  const isConfirmation = (page: Page) => page.heading === 'Did you start this yourself?'

  /** Every kind of client, and whether one press without the script's word is enough for it. */
  const clients: readonly [string, () => Grant, 'once' | 'twice'][] = [
    ['a program on this computer that registered itself', () => stranger, 'twice'],
    ['one that describes itself', () => ({ ...stranger, clientId: documentUrl }), 'twice'],
    [
      'a website at a host that anyone can have',
      () => ({ ...stranger, clientId: 'https://x.github.io/c', redirectUri: website }),
      'twice',
    ],
    ['a website that describes itself', () => ({ ...stranger, clientId: documentUrl, redirectUri: website }), 'twice'],
    ['a website of the operator’s', () => ({ ...stranger, clientId: 'own', redirectUri: website }), 'once'],
    ['a program of the operator’s', () => ({ ...stranger, clientId: 'own' }), 'once'],
  ]

  it.each(clients)('%s gets nothing by a press as the page arrives', async (_what, by) => {
    const browser = server.newBrowser()
    const before = await grants()
    const again = pageOf(await press(browser, await open(browser, by())))
    expect(again.forms.some(({ buttons }) => buttons.some(({ text }) => text === 'Allow'))).toBe(true)
    // A person who clicks and clicks gets no further.
    let next = again
    for (let click = 0; click < 4; click += 1) {
      server.advance(0.1)
      next = pageOf(await press(browser, next))
    }
    expect(next.text).toContain('so nothing was allowed')
    expect(await grants()).toBe(before)
    // Whoever has read it goes on, and saying no takes no time at all.
    server.advance(1.1)
    expect(isCode(isConfirmation(next) ? await confirm(browser, next) : await press(browser, next))).toBe(true)
  })

  it.each(clients)('%s gets its answer by a press after reading: %s', async (_what, by, presses) => {
    const browser = server.newBrowser()
    const page = await open(browser, by())
    server.advance(30)
    const arrival = await press(browser, page)
    if (presses === 'once') return expect(isCode(arrival)).toBe(true)
    const confirmation = pageOf(arrival)
    expect([isConfirmation(confirmation), confirmation.status]).toEqual([true, 200])
    expect(confirmation.headers.get('cache-control')).toBe('no-store')
    server.advance(30)
    expect(isCode(await confirm(browser, confirmation))).toBe(true)
  })

  it('a second press alone is not enough for anybody of whom no script says anything', async () => {
    const browser = server.newBrowser()
    const before = await grants()
    let page = pageOf(await press(browser, await open(browser, stranger)))
    for (let presses = 0; presses < 3; presses += 1) {
      server.advance(30)
      page = pageOf(await press(browser, page))
      const isRefused = page.text.includes('That is not the number on this page, so nothing was allowed.')
      expect([isConfirmation(page), isRefused]).toEqual([true, true])
    }
    expect(await grants()).toBe(before)
    server.advance(30)
    expect(isCode(await confirm(browser, page))).toBe(true)
  })

  it.each<[string, (first: Page, second: Page) => string]>([
    ['another number', (_, second) => String((Number(numberOn(second)) + 1) % 1_000).padStart(3, '0')],
    ['no digits', () => 'yes'],
    ['the whole page, pasted', (_, second) => second.text],
  ])('%s on the second page allows nothing', async (_what, typed) => {
    const browser = server.newBrowser()
    const first = await open(browser, stranger)
    const second = pageOf(await press(browser, first))
    server.advance(30)
    const again = pageOf(await press(browser, second, '', { number: typed(first, second) }))
    expect([isConfirmation(again), again.text.includes('not the number on this page')]).toEqual([true, true])
    server.advance(30)
    expect(isCode(await confirm(browser, again))).toBe(true)
  })

  it('each second page has a number of its own', async () => {
    const browser = server.newBrowser()
    const numbers = new Set<string>()
    let page = pageOf(await press(browser, await open(browser, stranger)))
    for (let pages = 0; pages < 6; pages += 1) {
      expect(numberOn(page)).toMatch(/^\d{3}$/)
      numbers.add(numberOn(page))
      server.advance(2)
      page = pageOf(await press(browser, page))
    }
    expect(numbers.size).toBeGreaterThan(3)
  })

  it('a press that the script is unsure of needs another one, and no number', async () => {
    const browser = server.newBrowser()
    const confirmation = pageOf(await press(browser, await open(browser, stranger), 'unsure'))
    expect(isConfirmation(confirmation)).toBe(true)
    server.advance(2)
    expect(isCode(await press(browser, confirmation, 'unsure'))).toBe(true)
  })

  it('takes the script’s word, but never when it says that the press came with the page', async () => {
    const first = server.newBrowser()
    expect(isCode(await press(first, await open(first, stranger), '1'))).toBe(true)
    const browser = server.newBrowser()
    const confirmation = pageOf(await press(browser, await open(browser, stranger), '0'))
    server.advance(30)
    const again = pageOf(await press(browser, confirmation, '0'))
    expect(isConfirmation(again)).toBe(true)
    expect(isCode(await press(browser, again, '1'))).toBe(true)
  })

  it('shows what was ticked, and grants that and no more', async () => {
    const browser = server.newBrowser()
    const page = await open(browser, stranger)
    const confirmation = pageOf(await press(browser, page, '', { 'scope=notes:write': false }))
    expect(scopesOn(confirmation).map(({ name }) => name)).toEqual(['notes:read'])
    server.advance(2)
    expect(isCode(await confirm(browser, confirmation))).toBe(true)
    const [grant] = await server.storage.prisma.grant.findMany({ orderBy: { createdAt: 'desc' }, take: 1 })
    expect(JSON.stringify(grant?.payload)).toContain('"notes:read"')
  })

  it('is denied on the second page at once', async () => {
    const browser = server.newBrowser()
    const confirmation = pageOf(await press(browser, await open(browser, stranger)))
    const denied = await browser.press(confirmation, 'Deny')
    expect('left' in denied && new URL(denied.left).searchParams.get('error')).toBe('access_denied')
  })

  it.each<[string, (page: Page) => Promise<string>]>([
    ['no stamp', async () => ''],
    ['a forged one', async () => `confirm.${Date.now() - 60_000}.${'x'.repeat(43)}`],
    ['that of the first page, called the second', async (page) => stampOf(page).replace('ask', 'confirm')],
    [
      'that of another sign-in',
      async () => {
        const browser = server.newBrowser()
        return stampOf(pageOf(await press(browser, await open(browser, stranger))))
      },
    ],
  ])('is not skipped by %s', async (_what, stamp) => {
    const browser = server.newBrowser()
    const page = await open(browser, stranger)
    const shown = await stamp(page)
    server.advance(30)
    expect(isConfirmation(pageOf(await press(browser, page, '', { shown })))).toBe(true)
  })

  it('is not skipped by an address: what is opened leads to the first page', async () => {
    const browser = server.newBrowser()
    const confirmation = pageOf(await press(browser, await open(browser, stranger)))
    const opened = pageOf(await browser.open(confirmation.url))
    expect([isConsentPage(opened), isConfirmation(opened)]).toEqual([true, false])
  })

  it('asks twice for a device, whose answer goes to whoever asked', async () => {
    const metadata = { grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'] }
    const { client_id: clientId } = await register(stranger.server, metadata)
    const client = { ...stranger, clientId }
    const device = await startDevice(client, { scope: 'notes:read', resource: stranger.resource })
    const browser = server.newBrowser()
    const entry = pageOf(await browser.open(device.verification_uri))
    const signInPage = pageOf(await browser.press(entry, 'Continue', { Code: device.user_code }))
    const page = pageOf(await signIn(browser, signInPage, server.account))
    server.advance(3)
    const confirmation = pageOf(await press(browser, page))
    expect(isConfirmation(confirmation)).toBe(true)
    expect(confirmation.text).toContain(device.user_code)
    server.advance(3)
    expect(pageOf(await confirm(browser, confirmation)).heading).toBe('You can close this window')
    expect((await poll(client, device.device_code)).tokens?.scope).toBe('notes:read')
  })

  describe('what cannot be undone', () => {
    it.each<[string, () => Grant, boolean]>([
      ['a program that registered itself', () => stranger, false],
      ['one that describes itself', () => ({ ...stranger, clientId: documentUrl }), false],
      ['a website that describes itself', () => ({ ...stranger, clientId: documentUrl, redirectUri: website }), true],
      ['a program of the operator’s', () => ({ ...stranger, clientId: 'own' }), true],
    ])('is offered to %s, ticked: %#', async (_what, by, ticked) => {
      const page = await open(server.newBrowser(), by())
      const boxes = Object.fromEntries(scopesOn(page).map((scope) => [scope.name, scope.ticked]))
      expect(boxes).toEqual({ 'notes:read': true, 'notes:write': true, 'notes:delete': ticked })
    })

    it('alone leaves nothing ticked: Allow then says so, and decides nothing', async () => {
      const browser = server.newBrowser()
      const page = await open(browser, stranger, 'notes:delete')
      const again = pageOf(await press(browser, page, '1'))
      expect([isConsentPage(again), again.text.includes('Nothing is ticked.')]).toEqual([true, true])
      expect(isCode(await press(browser, again, '1', { 'scope=notes:delete': true }))).toBe(true)
    })
  })
})

/** As a person reads it. */
function numberOn(page: Page): string {
  return /To allow it, type \W?(\d{3})/.exec(page.text)?.[1] ?? ''
}

function stampOf(page: Page): string {
  return page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'shown')?.value ?? ''
}
