/** A registration that was interrupted before its consent is there when the person comes back, weeks later too. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { removeUnusedClients } from '../../src/storage/clients/client-hygiene.js'
import { consent, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { askForDeviceCode, deviceCodeGrant } from '../support/device-client.js'
import { type Grant, newGrant, register, startAuthorization } from '../support/oauth-client.js'
import { watchStatements } from '../support/watched-statements.js'
import { startServer, type TestServer } from './server.js'

const day = 86_400
const { asked, watched } = watchStatements()

describeOnDatabases('Registrations that nobody allowed yet, on %s', (kind) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(kind, { database: watched(await openTestDatabase(kind, 'auth')) })
  })
  afterAll(() => server.close())
  beforeEach(() => {
    asked.length = 0
  })

  const start = (grant: Grant, parameters: Record<string, string> = {}) =>
    startAuthorization(grant.server, { ...grant, scope: 'notes:read', parameters })
  const pass = async (days: number) => {
    server.advance(days * day)
    await removeUnusedClients(server.storage, 90 * day)
  }
  const notes = () => asked.filter((name) => name === 'client_requested').length
  const open = async (grant: Grant) => pageOf(await server.newBrowser().open(start(grant).url))
  const push = (grant: Grant) =>
    fetch(`${server.issuer}/par`, { method: 'POST', body: new URL(start(grant).url).searchParams })

  it('are kept by an authorization request: after three days, and 29 days later', async () => {
    const [grant, forgotten] = [await newGrant(server), await newGrant(server)]
    await open(grant)
    expect(notes()).toBe(0)
    await pass(3)
    expect(isSignInPage(await open(grant))).toBe(true)
    await open(grant)
    expect(notes()).toBe(1)
    await pass(29)
    expect((await open(forgotten)).status).toBe(400)
    const browser = server.newBrowser()
    const page = pageOf(await signIn(browser, pageOf(await browser.open(start(grant).url)), server.account))
    expect(isConsentPage(page)).toBe(true)
    expect(await consent(browser, page)).toMatchObject({ left: expect.stringContaining('code=') })
    // Allowed now: the operator's days count.
    await pass(60)
    expect((await open(grant)).status).toBe(200)
  })

  it('are kept by a pushed request and by one for a device code', async () => {
    const [pushing, neither] = [await newGrant(server), await newGrant(server)]
    const metadata = { grant_types: [deviceCodeGrant], redirect_uris: undefined, response_types: undefined }
    const { client_id: clientId } = await register(pushing.server, metadata)
    const device = { ...pushing, clientId }
    await pass(20)
    expect([(await push(pushing)).status, (await askForDeviceCode(device)).status]).toEqual([201, 200])
    expect(notes()).toBe(2)
    await pass(20)
    expect([(await push(pushing)).status, (await askForDeviceCode(device)).status]).toEqual([201, 200])
    expect((await push(neither)).status).toBeGreaterThanOrEqual(400)
  })

  it('are not kept by a request that is refused', async () => {
    const grant = await newGrant(server)
    await pass(20)
    const elsewhere = start(grant, { redirect_uri: 'https://evil.example/cb' })
    expect(pageOf(await server.newBrowser().open(elsewhere.url)).status).toBe(400)
    expect(notes()).toBe(0)
    await pass(11)
    expect((await open(grant)).status).toBe(400)
  })
})
