/** What one sign-in asks of the database, and what is left of it when something happens between a request's read and its write. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { outageError } from '../../src/database/outage.js'
import { completeAuthorization, isSignInPage, signIn } from '../support/authorization.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { type Grant, newGrant, redeem, startAuthorization } from '../support/oauth-client.js'
import { watchStatements } from '../support/watched-statements.js'
import { startServer, type TestServer } from './server.js'

const { asked, meanwhile, watched } = watchStatements()

const signInCommits = 'sign_in+session+tries+audit'
const consentCommits = 'interaction+lasting_grant+grant_origin+consent+audit'
const answerCommits = 'interaction_end+issue+session'

describeOnDatabases('The statements of a sign-in, on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer(kind, { database: watched(await openTestDatabase(kind, 'auth')) })
    grant = await newGrant(server)
  })
  afterAll(() => server.close())
  beforeEach(() => {
    asked.length = 0
    meanwhile.clear()
  })

  let people = 0
  const newPerson = () => {
    people += 1
    return server.addAccount(`person-${people}@example.com`)
  }

  const start = () => startAuthorization(grant.server, { ...grant, scope: 'notes:read notes:write' })

  const consentPage = async (browser: Browser, account = server.account): Promise<Page> =>
    pageOf(await signIn(browser, pageOf(await browser.open(start().url)), account))

  /** What a decision writes, of one person. */
  const writtenFor = async (accountId: string) => {
    const { prisma } = server.storage
    const where = { accountId }
    return {
      grants: await prisma.grant.count({ where }),
      consents: await prisma.consent.count({ where }),
      codes: await prisma.artifact.count({ where: { model: 'AuthorizationCode', grant: where } }),
      sessions: await prisma.session.count({ where }),
      events: (await prisma.auditEvent.findMany({ where, orderBy: { id: 'asc' } })).map(({ type }) => type),
    }
  }

  it('are thirteen, from the authorization request to the tokens, and nine for somebody who is signed in', async () => {
    const browser = server.newBrowser()
    for (const [time, count] of [
      ['first', 13],
      ['signed in', 9],
    ] as const) {
      asked.length = 0
      const started = start()
      const callback = await completeAuthorization(browser, started.url, { account: server.account })
      const code = new URL(callback).searchParams.get('code') ?? ''
      expect((await redeem(grant, code, started.codeVerifier)).tokens).toBeDefined()
      expect([time, asked.length, asked]).toEqual([time, count, asked])
    }
  })

  it('write a sign-in, a decision and its answer each at once: what is ended in between is not brought back', async () => {
    for (const [commit, events] of [
      [consentCommits, ['sign_in.succeeded']],
      [answerCommits, ['sign_in.succeeded', 'consent.allowed']],
    ] as const) {
      const person = await newPerson()
      const browser = server.newBrowser()
      const page = await consentPage(browser, person)
      const cookies = browser.cookies.header(new URL(server.issuer))
      meanwhile.set(commit, () => server.accounts.disable(person.id))
      const { status, heading, headers } = pageOf(await browser.press(page, 'Allow'))
      expect(meanwhile.has(commit)).toBe(false)
      expect([status, heading, headers.get('location')]).toEqual([400, expect.stringMatching(/expired|done/), null])
      // No session that the browser would hold a cookie of.
      expect(browser.cookies.header(new URL(server.issuer))).toBe(cookies)
      const written = await writtenFor(person.id)
      expect(written).toMatchObject({ grants: 0, codes: 0, sessions: 0, events })
      expect(written.consents).toBe(commit === consentCommits ? 0 : 1)
    }
  })

  it.each([
    ['the password is changed', (id: string) => server.accounts.setPasswordHash(id, 'another')],
    ['the account is disabled', (id: string) => server.accounts.disable(id)],
  ])('sign nobody in when %s while the old password is checked', async (_what, change) => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(start().url))
    meanwhile.set(signInCommits, () => change(person.id))
    expect(pageOf(await signIn(browser, page, person)).status).toBe(400)
    expect(meanwhile.has(signInCommits)).toBe(false)
    expect((await writtenFor(person.id)).events).toEqual([])
    // The sign-in goes on for whoever has the right password.
    expect(isSignInPage(pageOf(await browser.open(page.url)))).toBe(true)
  })

  it('are answered once when two requests answer the same sign-in', async () => {
    const person = await newPerson()
    const [browser, other] = [server.newBrowser(), server.newBrowser()]
    const page = await consentPage(browser, person)
    const resume = page.url.replace('/interaction/', '/authorize/')
    meanwhile.set(answerCommits, async () => {
      // The same browser's second request, which is faster.
      const cookie = browser.cookies.header(new URL(resume)) ?? ''
      const answer = await fetch(resume, { redirect: 'manual', headers: { cookie, accept: 'text/html' } })
      expect([answer.status, answer.headers.get('location')]).toEqual([303, expect.stringContaining('code=')])
    })
    const second = pageOf(await browser.press(page, 'Allow'))
    expect([second.status, second.headers.get('location')]).toEqual([400, null])
    expect(await writtenFor(person.id)).toMatchObject({ grants: 1, codes: 1, sessions: 1 })
    expect(pageOf(await other.open(resume)).status).toBe(400)
  })

  it.each([
    ['the sign-in', signInCommits],
    ['the decision', consentCommits],
    ['the answer', answerCommits],
  ])('lose nothing when the database is away as %s is written: the same again goes on', async (_what, commit) => {
    const person = await newPerson()
    const before = await writtenFor(person.id)
    const browser = server.newBrowser()
    const started = start()
    const away = () => meanwhile.set(commit, () => Promise.reject(outageError(new Error('away'))))
    if (commit === signInCommits) away()
    let page = pageOf(await signIn(browser, pageOf(await browser.open(started.url)), person))
    if (commit === signInCommits) {
      expect([page.status, await writtenFor(person.id)]).toEqual([503, before])
      page = await consentPage(browser, person)
    }
    const signedIn = await writtenFor(person.id)
    expect(signedIn).toMatchObject({ grants: 0, events: ['sign_in.succeeded'] })
    if (commit !== signInCommits) away()
    let arrival = await browser.press(page, 'Allow')
    if (commit === consentCommits) {
      expect([pageOf(arrival).status, await writtenFor(person.id)]).toEqual([503, signedIn])
      arrival = await browser.press(page, 'Allow')
    }
    if (commit === answerCommits) {
      const { status, url, headers } = pageOf(arrival)
      expect([status, headers.get('location')]).toEqual([503, null])
      expect(await writtenFor(person.id)).toMatchObject({ grants: 1, codes: 0, sessions: 1 })
      arrival = await browser.open(url)
    }
    if (!('left' in arrival)) throw new Error(`stopped at ${arrival.page.heading}`)
    expect(new URL(arrival.left).searchParams.get('code')).toBeTruthy()
    expect(await writtenFor(person.id)).toEqual({
      ...{ grants: 1, consents: 1, codes: 1, sessions: 1 },
      events: ['sign_in.succeeded', 'consent.allowed'],
    })
  })
})
