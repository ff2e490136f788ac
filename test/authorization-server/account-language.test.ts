/** The language that a person chose for their account, on the pages where the server knows who they are. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { signIn } from '../support/authorization.js'
import type { Arrival, Page } from '../support/browser.js'
import { type Grant, newGrant, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

describe('The language of an account', () => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer('embedded')
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  function pageOf(arrival: Arrival): Page {
    if ('left' in arrival) throw new Error(`left for ${arrival.left}`)
    return arrival.page
  }

  async function consentPage(email: string, parameters: Readonly<Record<string, string>> = {}): Promise<string> {
    const browser = server.newBrowser()
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', parameters })
    const first = pageOf(await browser.open(url))
    const account = { email, password: server.account.password }
    return pageOf(await signIn(browser, first, account)).title
  }

  it('is that of the consent page, unless the program asks for another one', async () => {
    const { id, email } = await server.addAccount('speaks-german@example.test')
    expect(await consentPage(email)).toBe('Allow access · Gatehouse')
    expect(await server.accounts.setLanguage(id, 'de')).toBe(true)
    expect(await server.accounts.find(id)).toMatchObject({ language: 'de' })
    expect(await consentPage(email)).toBe('Zugriff erlauben · Gatehouse')
    expect(await consentPage(email, { ui_locales: 'en' })).toBe('Allow access · Gatehouse')
    expect(await server.accounts.setLanguage(id, undefined)).toBe(true)
    expect(await consentPage(email)).toBe('Allow access · Gatehouse')
  })

  it('is English if the server has lost the language since', async () => {
    const { id, email } = await server.addAccount('speaks-french@example.test')
    await server.accounts.setLanguage(id, 'fr')
    expect(await consentPage(email)).toBe('Allow access · Gatehouse')
  })

  it('tells nobody which language the owner of an address speaks', async () => {
    const { id, email } = await server.addAccount('speaks-arabic@example.test')
    await server.accounts.setLanguage(id, 'ar')
    const browser = server.newBrowser()
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    const refused = pageOf(await signIn(browser, pageOf(await browser.open(url)), { email, password: 'wrong' }))
    expect(refused.title).toBe('Error: Sign in · Gatehouse')
  })

  it('is chosen in the account area, and is that of its pages from then on', async () => {
    const { email } = await server.addAccount('chooses@example.test')
    const browser = server.newBrowser()
    const signInFirst = pageOf(await browser.open(`${server.issuer}/account/profile`))
    const profile = pageOf(await signIn(browser, signInFirst, { email, password: server.account.password }))
    expect([profile.title, profile.text.includes('Deutsch'), profile.text.includes('العربية')]).toEqual([
      'Profile · Gatehouse',
      true,
      true,
    ])
    const choose = async (page: Page, button: string, language: string) =>
      pageOf(
        await browser.press(page, button, {
          'language=': language === '',
          'language=en': language === 'en',
          'language=de': language === 'de',
          'language=ar': language === 'ar',
        }),
      )
    const german = await choose(profile, 'Save', 'de')
    expect([german.title, german.text.includes('Gespeichert.')]).toEqual(['Profil · Gatehouse', true])
    expect(await consentPage(email)).toBe('Zugriff erlauben · Gatehouse')
    const arabic = await choose(german, 'Speichern', 'ar')
    expect(arabic.html).toContain('<html lang="ar" dir="rtl">')
    expect((await choose(arabic, 'حفظ', '')).title).toBe('Profile · Gatehouse')
  })

  it('is one of those that there are: anything else is the browser’s', async () => {
    const { id, email } = await server.addAccount('forges@example.test')
    const browser = server.newBrowser()
    const first = pageOf(await browser.open(`${server.issuer}/account/profile`))
    const page = pageOf(await signIn(browser, first, { email, password: server.account.password }))
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? ''
    const action = `${server.issuer}/account/profile/language`
    await browser.post(action, { csrf, language: 'de' }, page.url)
    expect((await server.accounts.find(id))?.language).toBe('de')
    await browser.post(action, { csrf: 'forged', language: 'ar' }, page.url)
    expect((await server.accounts.find(id))?.language).toBe('de')
    await browser.post(action, { csrf, language: '../../x' }, page.url)
    expect((await server.accounts.find(id))?.language).toBeUndefined()
  })

  it('is chosen without ending what browsers are known by', async () => {
    const { id } = await server.addAccount('known@example.test')
    const changedAt = async () => (await server.storage.prisma.account.findUnique({ where: { id } }))?.updatedAt
    const before = await changedAt()
    server.advance(60)
    await server.accounts.setLanguage(id, 'de')
    expect(await changedAt()).toEqual(before)
    expect(await server.accounts.setLanguage('nobody', 'de')).toBe(false)
  })
})
