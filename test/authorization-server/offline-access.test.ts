/** `offline_access` is a choice of the person's: a client that they do not let stay connected gets no refresh token. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { consent, scopesOn, signIn } from '../support/authorization.js'
import { type Page, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { deviceCodeGrant, poll, startDevice } from '../support/device-client.js'
import { type Grant, newGrant, redeem, refresh, register, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

describeOnDatabases('Staying connected (OpenID Connect Core §11), on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer(kind)
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  const isOffered = (page: Page) => scopesOn(page).some(({ name }) => name === 'offline_access')

  /** The tokens of somebody who unticks these scopes. */
  const tokensWithout = async (except: readonly string[], scope: string, parameters: Record<string, string> = {}) => {
    const started = startAuthorization(grant.server, { ...grant, scope, parameters })
    const browser = server.newBrowser()
    const page = pageOf(await signIn(browser, pageOf(await browser.open(started.url)), server.account))
    const arrival = await consent(browser, page, { except })
    if (!('left' in arrival)) throw new Error(`stopped at ${arrival.page.heading}`)
    const code = new URL(arrival.left).searchParams.get('code') ?? ''
    return { offered: isOffered(page), ...(await redeem(grant, code, started.codeVerifier)) }
  }
  const scope = 'notes:read notes:write offline_access'

  it('is refused by unticking it: the access token is all there is', async () => {
    const { offered, tokens } = await tokensWithout(['offline_access'], scope, { prompt: 'consent' })
    expect(offered).toBe(true)
    expect(tokens?.access_token).toBeDefined()
    expect([tokens?.refresh_token, tokens?.scope]).toEqual([undefined, 'notes:read notes:write'])
  })

  it('is allowed by leaving the tick, and with any other scope unticked', async () => {
    const { offered, tokens } = await tokensWithout(['notes:write'], scope, { prompt: 'consent' })
    expect([offered, tokens?.scope?.split(' ').sort()]).toEqual([true, ['notes:read', 'offline_access']])
    expect((await refresh(grant, tokens?.refresh_token ?? '')).status).toBe(200)
  })

  it('is the default where it is no choice: a client that does not ask for it, or whose request is ignored', async () => {
    for (const asked of ['notes:read', scope]) {
      const { offered, tokens } = await tokensWithout([], asked)
      expect([asked, offered]).toEqual([asked, false])
      expect((await refresh(grant, tokens?.refresh_token ?? '')).status).toBe(200)
    }
  })

  it.each([
    ['unticked', false],
    ['ticked', true],
  ])('is the same choice for a device: %s', async (_how, staysConnected) => {
    const { client_id: clientId } = await register(grant.server, {
      grant_types: [deviceCodeGrant, 'refresh_token'],
      redirect_uris: undefined,
      response_types: undefined,
    })
    const device = { ...grant, clientId }
    const { device_code: code, verification_uri_complete: link } = await startDevice(device, { scope })
    const browser = server.newBrowser()
    const entry = pageOf(await browser.press(pageOf(await browser.open(link)), 'Continue'))
    const page = pageOf(await signIn(browser, entry, server.account))
    expect(isOffered(page)).toBe(true)
    await consent(browser, page, staysConnected ? 'all' : { except: ['offline_access'] })
    const { tokens } = await poll(device, code)
    expect(tokens?.access_token).toBeDefined()
    expect(tokens?.refresh_token !== undefined).toBe(staysConnected)
  })
})
