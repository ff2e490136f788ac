/** The mirror when the issuer misbehaves, on a stand-in for it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { systemClock } from '../../src/base/clock.js'
import { createIssuerMirror } from '../../src/mcp-host/issuer-mirror.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { freePort } from '../support/free-port.js'
import { type LoopbackServer, startLoopbackServer } from '../support/token-issuer.js'
import { type McpTestServer, startMcpTestServer } from './mcp-test-server.js'

const fetchMetadata = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 })
const wellKnown = '/.well-known/oauth-authorization-server'

async function startWith(issuer: string): Promise<McpTestServer> {
  const issuerMirror = createIssuerMirror({ issuer, fetch: fetchMetadata, clock: systemClock })
  return startMcpTestServer({ issuerMirror })
}

describe('an issuer that cannot be reached', () => {
  let server: McpTestServer
  beforeAll(async () => {
    server = await startWith(`http://127.0.0.1:${await freePort()}`)
  })
  afterAll(() => server.close())

  it.each([
    ['GET', wellKnown],
    ['GET', '/authorize'],
    ['POST', '/token'],
  ])('is a 502 at %s %s, with an OAuth error', async (method, path) => {
    const response = await fetch(server.origin + path, { method, redirect: 'manual' })
    expect(response.status).toBe(502)
    expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
    expect(response.headers.get('cache-control')).toBe('no-store')
  })
})

describe('an issuer whose document is not to be trusted', () => {
  let issuer: LoopbackServer
  let elsewhere: LoopbackServer
  let server: McpTestServer
  beforeAll(async () => {
    elsewhere = await startLoopbackServer()
    issuer = await startLoopbackServer()
    issuer.routes.set(wellKnown, {
      body: {
        issuer: issuer.origin,
        jwks_uri: `${issuer.origin}/jwks`,
        token_endpoint: `${elsewhere.origin}/token`,
        revocation_endpoint: `${issuer.origin}.evil.example/revoke`,
      },
    })
    server = await startWith(issuer.origin)
  })
  afterAll(async () => {
    await server.close()
    await issuer.close()
    await elsewhere.close()
  })

  it.each(['/token', '/revoke', '/register'])(
    'gets nothing forwarded to %s off the issuer, or not offered',
    async (path) => {
      expect((await fetch(server.origin + path, { method: 'POST', body: 'secret' })).status).toBe(404)
      expect(elsewhere.hits.size).toBe(0)
    },
  )

  it('leads nobody to an authorization endpoint that is not there', async () => {
    expect((await fetch(`${server.origin}/authorize`, { redirect: 'manual' })).status).toBe(404)
  })
})
