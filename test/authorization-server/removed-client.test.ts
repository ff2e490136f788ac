import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { removeUnusedClients } from '../../src/storage/clients/client-hygiene.js'
import { completeAuthorization } from '../support/authorization.js'
import { preferredDatabase } from '../support/databases.js'
import { type Grant, newGrant, obtainTokens, redeem, refresh, startAuthorization } from '../support/oauth-client.js'
import { readJson, startServer, type TestServer } from './server.js'

const kind = preferredDatabase()

describe('A client whose registration is gone', () => {
  let server: TestServer
  let grant: Grant
  let refreshToken: string
  beforeAll(async () => {
    server = await startServer(kind, { refreshTokenTtlSeconds: 60 * 86_400 })
    grant = await newGrant(server)
    const tokens = await obtainTokens(grant, server.newBrowser(), { account: server.account }, 'notes:read')
    refreshToken = tokens.refresh_token ?? ''
    await server.clients.remove(grant.clientId)
  })
  afterAll(() => server.close())

  it('gets invalid_client at the token endpoint (RFC 6749 §5.2), with a refresh token and with a code', async () => {
    expect(await refresh(grant, refreshToken)).toMatchObject({ status: 401, error: 'invalid_client' })
    expect(await redeem(grant, 'any code', 'x'.repeat(43))).toMatchObject({ status: 401, error: 'invalid_client' })
    const authorization = `Basic ${Buffer.from(`${grant.clientId}:secret`).toString('base64')}`
    const response = await fetch(grant.server.token_endpoint, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
    })
    expect([response.status, (await readJson(response))['error']]).toEqual([401, 'invalid_client'])
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic /)
  })

  it('leads people to a page that says what to do, and never on to the program (RFC 6749 §4.1.2.1)', async () => {
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    const arrival = await server.newBrowser().open(url)
    if (!('page' in arrival)) throw new Error(`sent to ${arrival.left}`)
    expect(arrival.page.status).toBe(400)
    expect(arrival.page.html).toContain('This program is not known here')
    expect(arrival.page.html).toMatch(/remove this server and add it again\. It then registers again/)
    expect(arrival.page.html).not.toContain(grant.clientId)
  })

  it('loses sign-ins that are under way with the same page', async () => {
    const other = await newGrant(server)
    const browser = server.newBrowser()
    const { url } = startAuthorization(other.server, { ...other, scope: 'notes:read' })
    const arrival = await browser.open(url)
    if (!('page' in arrival)) throw new Error(`sent to ${arrival.left}`)
    await server.clients.remove(other.clientId)
    const after = await browser.press(arrival.page, 'Sign in', {
      Email: server.account.email,
      Password: server.account.password,
    })
    if (!('page' in after)) throw new Error(`sent to ${after.left}`)
    expect(after.page.status).toBe(400)
    expect(after.page.html).toContain('This program is not known here')
  })

  it('is removed by the sweeper only when nobody allowed it: the others go on', async () => {
    const [used, abandoned] = [await newGrant(server), await newGrant(server)]
    const tokens = await obtainTokens(used, server.newBrowser(), { account: server.account }, 'notes:read')
    server.advance(30 * 86_400 + 60)
    expect(await removeUnusedClients(server.storage, 86_400)).toBe(1)
    expect(await refresh(used, tokens.refresh_token ?? '')).toMatchObject({ status: 200 })
    const { url } = startAuthorization(abandoned.server, { ...abandoned, scope: 'notes:read' })
    const arrival = await server.newBrowser().open(url)
    expect('page' in arrival && arrival.page.status).toBe(400)
    const again = startAuthorization(used.server, { ...used, scope: 'notes:read' })
    expect(await completeAuthorization(server.newBrowser(), again.url, { account: server.account })).toContain('code=')
  })
})
