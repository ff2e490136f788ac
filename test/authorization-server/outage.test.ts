/** The way to the database is cut and comes back: whoever asks is told to come again, and loses nothing (RFC 9110 §15.6.4). */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { migrateStorage } from '../../src/storage/storage.js'
import { isConsentPage, signIn } from '../support/authorization.js'
import { type Browser, pageOf } from '../support/browser.js'
import { createDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import {
  authorize,
  type Grant,
  newGrant,
  obtainTokens,
  redeem,
  refresh,
  startAuthorization,
} from '../support/oauth-client.js'
import { openServerDatabase } from '../support/opened.js'
import { type Relay, startRelay } from '../support/relay.js'
import { addConfidentialClient, startServer, type TestServer } from './server.js'

describeOnPostgres('While the database cannot be reached', () => {
  let relay: Relay
  let server: TestServer
  let browser: Browser
  let grant: Grant
  beforeAll(async () => {
    const url = new URL(await createDatabase())
    relay = await startRelay(Number(url.port))
    url.port = String(relay.port)
    const database = openServerDatabase({ url: url.href, poolSize: 5, onIdleError: () => undefined })
    await migrateStorage(database)
    server = await startServer('postgresql', { database })
    browser = server.newBrowser()
    grant = await newGrant(server)
  })
  afterAll(async () => {
    relay.restore()
    await server.close()
    await relay.close()
  })

  const during = async <T>(work: () => Promise<T>): Promise<T> => {
    relay.cut()
    try {
      return await work()
    } finally {
      relay.restore()
    }
  }

  const expectUnavailable = async (response: Response) => {
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
    const body: unknown = await response.json()
    expect(body).toMatchObject({ error: 'temporarily_unavailable' })
    expect(JSON.stringify(body)).not.toMatch(/ECONN|127\.0\.0\.1|Prisma/)
  }

  it('a refresh and a code exchange are put off, burn nothing, and work afterwards', async () => {
    const tokens = await obtainTokens(grant, browser, { account: server.account }, 'notes:read')
    const { callback, codeVerifier } = await authorize(grant, browser, { account: server.account }, 'notes:read')
    const code = callback.get('code') ?? ''
    await during(async () => {
      for (const answer of [
        await refresh(grant, tokens.refresh_token ?? ''),
        await redeem(grant, code, codeVerifier),
      ]) {
        expect([answer.status, answer.error]).toEqual([503, 'temporarily_unavailable'])
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      }
    })
    expect((await refresh(grant, tokens.refresh_token ?? '')).status).toBe(200)
    expect((await redeem(grant, code, codeVerifier)).status).toBe(200)
  })

  it.each(['before', 'after'] as const)(
    'a connection that is lost %s the commit it carries costs nobody anything',
    async (moment) => {
      const { callback, codeVerifier } = await authorize(grant, browser, { account: server.account }, 'notes:read')
      const cutInExchange = relay.cutAt('redemption', moment)
      const exchanged = await redeem(grant, callback.get('code') ?? '', codeVerifier)
      await cutInExchange
      const cutInRefresh = relay.cutAt('redemption', moment)
      const refreshed = await refresh(grant, exchanged.tokens?.refresh_token ?? '')
      await cutInRefresh
      expect([exchanged.status, refreshed.status]).toEqual([200, 200])
      expect((await refresh(grant, refreshed.tokens?.refresh_token ?? '')).status).toBe(200)
      // It was redeemed, all the same: a second time is a second time.
      expect((await redeem(grant, callback.get('code') ?? '', codeVerifier)).error).toBe('invalid_grant')
    },
  )

  it('no client is called unknown, and no endpoint blames the request', async () => {
    const machine = await addConfidentialClient(server)
    const headers = { authorization: machine.authorization }
    const post = (path: string, body: Record<string, string>, more: Record<string, string> = {}) =>
      fetch(`${server.issuer}${path}`, { method: 'POST', body: new URLSearchParams(body), headers: more })
    await during(async () => {
      await expectUnavailable(await post('/token', { grant_type: 'client_credentials' }, headers))
      await expectUnavailable(await post('/token', { grant_type: 'refresh_token', client_id: 'x', refresh_token: 'y' }))
      await expectUnavailable(await post('/introspect', { token: 'x' }, headers))
      await expectUnavailable(await post('/revoke', { token: 'x', client_id: grant.clientId }))
      const registration = JSON.stringify({ redirect_uris: [grant.redirectUri], token_endpoint_auth_method: 'none' })
      const json = { 'content-type': 'application/json' }
      const registered = fetch(`${server.issuer}/register`, { method: 'POST', body: registration, headers: json })
      await expectUnavailable(await registered)
    })
    expect((await post('/token', { grant_type: 'client_credentials' }, headers)).status).toBe(200)
  })

  it('people get a page that says so, and go on where they were', async () => {
    const own = server.newBrowser()
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    const page = pageOf(await own.open(url))
    await during(async () => {
      for (const arrival of [await own.open(url), await own.open(page.url), await signIn(own, page, server.account)]) {
        const shown = pageOf(arrival)
        expect([shown.status, shown.heading]).toEqual([503, 'Too much at once'])
      }
    })
    expect(isConsentPage(pageOf(await signIn(own, page, server.account)))).toBe(true)
  })
})
