import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createOperatorFetch } from '../../src/platform/operator-fetch.js'
import { createIssuerDiscovery, type IssuerDiscoveryOptions } from '../../src/resource-server/index.js'
import { type LoopbackServer, startLoopbackServer } from '../support/token-issuer.js'

let now: Date
let server: LoopbackServer

beforeEach(async () => {
  now = new Date('2026-11-21T12:00:00Z')
  server = await startLoopbackServer()
})
afterEach(() => server.close())

function discoveryOf(options: Pick<IssuerDiscoveryOptions, 'issuer'> & Partial<IssuerDiscoveryOptions>) {
  const fetch = createOperatorFetch({ timeoutMs: 2_000, maxBytes: 100_000 })
  return createIssuerDiscovery({ fetch, clock: { now: () => now }, ...options })
}

function metadataOf(issuer: string) {
  return { body: { issuer, jwks_uri: `${issuer}/jwks`, introspection_endpoint: `${issuer}/introspection` } }
}

describe('authorization server metadata (RFC 8414)', () => {
  it('reads the document of an issuer without a path', async () => {
    server.routes.set('/.well-known/oauth-authorization-server', metadataOf(server.origin))
    await expect(discoveryOf({ issuer: server.origin }).endpoints()).resolves.toEqual({
      jwksUri: `${server.origin}/jwks`,
      introspectionEndpoint: `${server.origin}/introspection`,
    })
  })

  it.each([
    '/.well-known/oauth-authorization-server/tenant',
    '/.well-known/openid-configuration/tenant',
    '/tenant/.well-known/openid-configuration',
  ])('finds the document of an issuer with a path at %s', async (path) => {
    const issuer = `${server.origin}/tenant`
    server.routes.set(path, metadataOf(issuer))
    await expect(discoveryOf({ issuer }).endpoints()).resolves.toMatchObject({ jwksUri: `${issuer}/jwks` })
  })

  it.each([
    ['another issuer', { issuer: 'https://evil.test', jwks_uri: 'https://evil.test/jwks' }],
    ['no issuer', { jwks_uri: 'https://evil.test/jwks' }],
    ['no jwks_uri', { issuer: 'same' }],
    ['a list', []],
  ])('refuses a document with %s', async (_name, document) => {
    const body = { ...document, ...('issuer' in document && document.issuer === 'same' && { issuer: server.origin }) }
    server.routes.set('/.well-known/oauth-authorization-server', { body })
    await expect(discoveryOf({ issuer: server.origin }).endpoints()).rejects.toMatchObject({ status: 503 })
  })

  it('refuses an issuer that differs by a slash', async () => {
    server.routes.set('/.well-known/oauth-authorization-server', metadataOf(`${server.origin}/`))
    await expect(discoveryOf({ issuer: server.origin }).endpoints()).rejects.toMatchObject({ status: 503 })
  })

  it('asks the internal address and moves the endpoints there, the issuer staying public', async () => {
    const issuer = 'https://login.example.com'
    server.routes.set('/.well-known/oauth-authorization-server', metadataOf(issuer))
    await expect(discoveryOf({ issuer, internalUrl: server.origin }).endpoints()).resolves.toEqual({
      jwksUri: `${server.origin}/jwks`,
      introspectionEndpoint: `${server.origin}/introspection`,
    })
  })

  it('leaves endpoints outside the issuer where they are', async () => {
    const issuer = 'https://login.example.com'
    const body = { issuer, jwks_uri: 'https://login.example.com.evil.test/jwks' }
    server.routes.set('/.well-known/oauth-authorization-server', { body })
    await expect(discoveryOf({ issuer, internalUrl: server.origin }).endpoints()).resolves.toEqual({
      jwksUri: 'https://login.example.com.evil.test/jwks',
    })
  })

  it('tries again after a pause when the issuer was not up yet', async () => {
    const discovery = discoveryOf({ issuer: server.origin })
    await expect(discovery.endpoints()).rejects.toMatchObject({ code: 'temporarily_unavailable' })
    server.routes.set('/.well-known/oauth-authorization-server', metadataOf(server.origin))
    const before = server.hits.get('/.well-known/oauth-authorization-server')
    await expect(discovery.endpoints()).rejects.toMatchObject({ code: 'temporarily_unavailable' })
    expect(server.hits.get('/.well-known/oauth-authorization-server')).toBe(before)
    now = new Date(now.getTime() + 1_000)
    await expect(discovery.endpoints()).resolves.toBeDefined()
  })

  it('keeps the last good document through an outage', async () => {
    server.routes.set('/.well-known/oauth-authorization-server', metadataOf(server.origin))
    const discovery = discoveryOf({ issuer: server.origin })
    await discovery.endpoints()
    server.routes.clear()
    now = new Date(now.getTime() + 7 * 86_400_000)
    await expect(discovery.endpoints()).resolves.toMatchObject({ jwksUri: `${server.origin}/jwks` })
  })
})
