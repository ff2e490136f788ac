/** Signed-in browsers: listed, ended one by one or all, with or without the programs. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { isSignInPage, signIn } from '../../support/authorization.js'
import { type Browser, type Page, pageOf } from '../../support/browser.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { newGrant, obtainTokens, refresh } from '../../support/oauth-client.js'
import { startServer, type TestServer } from '../server.js'

describeOnDatabases('The sessions of an account, on %s', (kind) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(kind)
  })
  afterAll(() => server.close())

  let people = 0
  const newPerson = () => {
    people += 1
    return server.addAccount(`session-${people}@example.com`)
  }
  const open = async (browser: Browser): Promise<Page> =>
    pageOf(await browser.open(`${server.issuer}/account/sessions`))
  const signedIn = async (account: { email: string; password: string }) => {
    const browser = server.newBrowser()
    const page = pageOf(await signIn(browser, await open(browser), account))
    expect(page.heading).toBe('Sessions')
    return { browser, page }
  }

  it('are listed with what happened lately, and end one by one', async () => {
    const person = await newPerson()
    const other = await signedIn(person)
    const { browser } = await signedIn(person)
    const page = await open(browser)
    expect(page.html.match(/<article/g)).toHaveLength(2)
    expect(page.text).toContain('This browser')
    expect(page.text).toContain('Signed in')
    // The one that was used last stands first: this one.
    const id =
      page.forms.filter(({ action }) => action.endsWith('/end'))[1]?.fields.find(({ name }) => name === 'id')?.value ??
      ''
    const csrf = page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const ids = page.forms.filter(({ action }) => action.endsWith('/end')).length
    expect(ids).toBe(2)
    for (const ended of [id]) await browser.post(`${server.issuer}/account/sessions/end`, { csrf, id: ended })
    const [left, gone] = [await open(browser), await open(other.browser)].map(isSignInPage)
    expect([left, gone].filter((isOut) => isOut)).toHaveLength(1)
  })

  it.each([
    [false, undefined],
    [true, 'invalid_grant'],
  ])('end everywhere, this browser too; programs too: %s', async (programsToo, error) => {
    const person = await newPerson()
    const grant = await newGrant(server)
    const { browser } = await signedIn(person)
    const { browser: other } = await signedIn(person)
    const tokens = await obtainTokens(grant, browser, { account: person }, 'notes:read')
    await browser.press(await open(browser), 'Sign out everywhere', { 'Also disconnect all programs': programsToo })
    expect([isSignInPage(await open(browser)), isSignInPage(await open(other))]).toEqual([true, true])
    expect((await refresh(grant, tokens.refresh_token ?? '')).error).toBe(error)
  })

  it('of somebody else do not end', async () => {
    const { browser, page } = await signedIn(await newPerson())
    const victim = await signedIn(await newPerson())
    const id = victim.page.forms[0]?.fields.find(({ name }) => name === 'id')?.value ?? ''
    const csrf = page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const answer = pageOf(await browser.post(`${server.issuer}/account/sessions/end`, { csrf, id }))
    expect(answer.text).toContain('had ended already')
    expect(isSignInPage(await open(victim.browser))).toBe(false)
  })
})
