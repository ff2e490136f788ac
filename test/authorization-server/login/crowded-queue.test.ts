/** Somebody with an account has it recognised by any number of browsers, and sends wrong passwords from all of them at once (A10). */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { passwordCost } from '../../../src/authorization-server/login/passwords.js'
import { signInLimits } from '../../../src/authorization-server/login/throttle.js'
import { type Account, isConsentPage, signIn } from '../../support/authorization.js'
import { type Browser, type Page, pageOf } from '../../support/browser.js'
import { preferredDatabase } from '../../support/databases.js'
import { type Grant, newGrant, startAuthorization } from '../../support/oauth-client.js'
import { startServer, type TestServer } from '../server.js'

describe('The queue of passwords', () => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer(preferredDatabase(), { passwordCost })
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  const signInPage = async (browser: Browser): Promise<Page> => {
    const parameters = { prompt: 'login' }
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read', parameters })
    return pageOf(await browser.open(url))
  }

  const knownBrowser = async (account: Account): Promise<Browser> => {
    const browser = server.newBrowser()
    expect(isConsentPage(pageOf(await signIn(browser, await signInPage(browser), account)))).toBe(true)
    return browser
  }

  it('has a place for a known browser of one account, however many browsers know another', async () => {
    const [owner, mallory] = [
      await server.addAccount('owner@example.com'),
      await server.addAccount('crowd@example.com'),
    ]
    const hers = await knownBrowser(owner)
    const herPage = await signInPage(hers)
    const crowd = await Promise.all(
      Array.from({ length: 9 }, async () => {
        const browser = await knownBrowser(mallory)
        return { browser, page: await signInPage(browser) }
      }),
    )
    const wrong = { ...mallory, password: 'a wrong password, long enough' }
    const tries = crowd.flatMap(({ browser, page }) =>
      Array.from({ length: signInLimits.knownBrowser }, () => signIn(browser, page, wrong)),
    )
    await sleep(200)
    expect(isConsentPage(pageOf(await signIn(hers, herPage, owner)))).toBe(true)
    const statuses = (await Promise.all(tries)).map((arrival) => pageOf(arrival).status)
    expect(statuses).toContain(503)
  })
})
