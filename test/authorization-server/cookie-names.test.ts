import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { cookieSuffix } from '../../src/oauth/cookie-names.js'
import { isConsentPage } from '../support/authorization.js'
import { createBrowser, pageOf } from '../support/browser.js'
import { type Grant, newGrant, obtainTokens, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

describe('Two issuers on one host', () => {
  const servers: TestServer[] = []
  const grants: Grant[] = []

  beforeAll(async () => {
    for (const _ of ['one', 'other']) {
      const server = await startServer('embedded')
      servers.push(server)
      grants.push(await newGrant(server))
    }
  })
  afterAll(() => Promise.all(servers.map((server) => server.close())))

  it('keep a browser signed in at both: a cookie of localhost is sent to every port (RFC 6265 §8.5)', async () => {
    const browser = createBrowser(servers.map(({ issuer }) => issuer))
    for (const [index, grant] of grants.entries()) {
      await obtainTokens(grant, browser, { account: servers[index]?.account ?? { email: '', password: '' } })
    }
    for (const grant of grants) {
      const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
      expect(isConsentPage(pageOf(await browser.open(url)))).toBe(true)
    }
  })

  it.each([
    ['https://auth.example.com', ''],
    ['https://auth.example.com:8443', '_8443'],
    ['http://localhost:3000', '_3000'],
    ['http://localhost:3000/tenants/auth', '_3000_tenants_auth'],
    ['https://auth.example.com/a.b', '_a_b'],
  ])('%s has cookies ending in "%s"', (issuer, suffix) => expect(cookieSuffix(issuer)).toBe(suffix))
})
