import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { createIssuerDiscovery, type IssuerDiscoveryOptions } from '../../src/resource-server/index.js'
import type { ServerMetadata } from '../../src/resource-server/server-metadata.js'
import { eventually } from '../support/eventually.js'
import { type LoopbackServer, startLoopbackServer } from '../support/token-issuer.js'

let now: Date
let server: LoopbackServer

beforeEach(async () => {
  now = new Date('2026-11-21T12:00:00Z')
  server = await startLoopbackServer()
})
afterEach(() => server.close())

function discoveryOf(options: Pick<IssuerDiscoveryOptions, 'issuer'> & Partial<IssuerDiscoveryOptions>) {
  const fetch = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 })
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
    ['neither jwks_uri nor introspection_endpoint', { issuer: 'same' }],
    ['a jwks_uri that is no URL', { issuer: 'same', jwks_uri: '/jwks' }],
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

/** What every path of the server was asked for, in order of first request. */
const asked = () => [...server.hits.keys()]

describe('where the metadata of an authorization server is looked for', () => {
  it.each([
    [
      'both kinds',
      undefined,
      [
        '/.well-known/oauth-authorization-server/t',
        '/.well-known/openid-configuration/t',
        '/t/.well-known/openid-configuration',
      ],
    ],
    ['OAuth only', 'oauth', ['/.well-known/oauth-authorization-server/t']],
    ['OpenID Connect only', 'oidc', ['/.well-known/openid-configuration/t', '/t/.well-known/openid-configuration']],
  ] as const)('tries the places of %s, in the order of the specification', async (_name, type, paths) => {
    const discovery = discoveryOf({ issuer: `${server.origin}/t`, ...(type !== undefined && { type }) })
    await expect(discovery.ready()).rejects.toMatchObject({ code: 'temporarily_unavailable' })
    expect(asked()).toEqual(paths)
  })

  it('takes the first place that answers with the right issuer', async () => {
    const issuer = `${server.origin}/t`
    server.routes.set('/.well-known/oauth-authorization-server/t', metadataOf(server.origin))
    server.routes.set('/.well-known/openid-configuration/t', { body: { ...metadataOf(issuer).body, place: 'second' } })
    await expect(discoveryOf({ issuer }).document()).resolves.toMatchObject({ place: 'second' })
  })

  it('asks an exact URL and nothing else', async () => {
    server.routes.set('/odd/place.json', metadataOf(server.origin))
    const metadataUrl = `${server.origin}/odd/place.json`
    await expect(discoveryOf({ issuer: server.origin, metadataUrl }).endpoints()).resolves.toBeDefined()
    expect(asked()).toEqual(['/odd/place.json'])
  })

  it('asks an exact URL under the issuer at the internal address', async () => {
    const issuer = 'https://login.example.com'
    server.routes.set('/odd', metadataOf(issuer))
    const discovery = discoveryOf({ issuer, internalUrl: server.origin, metadataUrl: `${issuer}/odd` })
    await expect(discovery.endpoints()).resolves.toMatchObject({ jwksUri: `${server.origin}/jwks` })
    // What may be published keeps the addresses that clients reach.
    expect(JSON.stringify(await discovery.document())).not.toContain(server.origin)
  })

  it('fetches nothing when the metadata is written by hand, and says at once when it cannot be used', async () => {
    const { body: metadata } = metadataOf(server.origin)
    await expect(discoveryOf({ issuer: server.origin, metadata }).introspectionEndpoint()).resolves.toBe(
      `${server.origin}/introspection`,
    )
    expect(asked()).toEqual([])
    expect(() => discoveryOf({ issuer: 'https://other.test', metadata })).toThrow('another issuer')
    expect(() => discoveryOf({ issuer: server.origin, metadata: { issuer: server.origin } })).toThrow(
      'neither jwks_uri',
    )
  })

  it('works with a server that only introspects, and one that only publishes keys', async () => {
    const issuer = server.origin
    const opaque = discoveryOf({ issuer, metadata: { issuer, introspection_endpoint: `${issuer}/introspection` } })
    await expect(opaque.introspectionEndpoint()).resolves.toBe(`${issuer}/introspection`)
    await expect(opaque.endpoints()).rejects.toMatchObject({ detail: 'the issuer publishes no keys' })
    const signed = discoveryOf({ issuer, metadata: { issuer, jwks_uri: `${issuer}/jwks` } })
    await expect(signed.endpoints()).resolves.toEqual({ jwksUri: `${issuer}/jwks` })
    await expect(signed.introspectionEndpoint()).rejects.toMatchObject({ status: 503 })
  })
})

describe('repairing a wrong document before it is checked', () => {
  /** As some servers have it: another spelling of the issuer, the keys under a name of their own. */
  const broken = () => ({ issuer: `${server.origin}/`, keys_url: `${server.origin}/jwks` })
  const repair = (document: ServerMetadata) => ({
    ...document,
    issuer: String(document['issuer']).replace(/\/$/, ''),
    jwks_uri: document['keys_url'],
  })

  beforeEach(() => {
    server.routes.set('/.well-known/oauth-authorization-server', { body: broken() })
  })

  it('believes the repaired document', async () => {
    await expect(discoveryOf({ issuer: server.origin }).endpoints()).rejects.toMatchObject({ status: 503 })
    const discovery = discoveryOf({ issuer: server.origin, transform: repair })
    await expect(discovery.endpoints()).resolves.toEqual({ jwksUri: `${server.origin}/jwks` })
    await expect(discovery.document()).resolves.toMatchObject({ issuer: server.origin })
  })

  it.each([
    ['leaves another issuer', (document: ServerMetadata) => ({ ...repair(document), issuer: 'https://evil.test' })],
    ['answers nothing', () => undefined],
    ['answers later', async (document: ServerMetadata) => repair(document)],
    [
      'throws',
      () => {
        throw new Error('cannot be repaired')
      },
    ],
  ])('refuses a repair that %s', async (_name, transform) => {
    await expect(discoveryOf({ issuer: server.origin, transform }).endpoints()).rejects.toMatchObject({ status: 503 })
  })
})

describe('keeping what was discovered', () => {
  const place = '/.well-known/openid-configuration'
  const pass = (seconds: number) => {
    now = new Date(now.getTime() + seconds * 1000)
  }
  it('follows a document that changed, without anybody waiting', async () => {
    server.routes.set(place, metadataOf(server.origin))
    const discovery = discoveryOf({ issuer: server.origin, type: 'oidc' })
    await discovery.ready()
    server.routes.set(place, { body: { issuer: server.origin, jwks_uri: `${server.origin}/new-keys` } })
    pass(3_601)
    await expect(discovery.endpoints()).resolves.toMatchObject({ jwksUri: `${server.origin}/jwks` })
    await eventually(async () => (await discovery.endpoints()).jwksUri === `${server.origin}/new-keys`)
  })

  it('does not follow a document that turned wrong', async () => {
    server.routes.set(place, metadataOf(server.origin))
    const discovery = discoveryOf({ issuer: server.origin, type: 'oidc' })
    await discovery.ready()
    let asked = false
    server.routes.set(place, () => {
      asked = true
      return metadataOf('https://evil.test')
    })
    pass(3_600)
    await eventually(async () => {
      await expect(discovery.endpoints()).resolves.toMatchObject({ jwksUri: `${server.origin}/jwks` })
      return asked
    })
    // The next attempt comes after the cool-down, and by then the last one has been judged.
    asked = false
    pass(30)
    await eventually(async () => {
      await expect(discovery.endpoints()).resolves.toMatchObject({ jwksUri: `${server.origin}/jwks` })
      return asked
    })
  })

  it('asks an issuer that is down less and less often', async () => {
    const issuer = 'https://issuer.test'
    let isDown = false
    let asked = 0
    const discovery = discoveryOf({
      issuer,
      type: 'oauth',
      fetch: async () => {
        asked += 1
        if (isDown) throw new Error('down')
        return Response.json({ issuer, jwks_uri: `${issuer}/jwks` })
      },
    })
    await discovery.ready()
    isDown = true
    pass(3_600)
    const attempts = []
    for (let second = 0; second < 600; second += 10) {
      const before = asked
      await expect(discovery.endpoints()).resolves.toEqual({ jwksUri: `${issuer}/jwks` })
      // The attempt behind it fails without anything to wait for.
      await new Promise((resolve) => setImmediate(resolve))
      if (asked > before) attempts.push(second)
      pass(10)
    }
    expect(attempts).toEqual([0, 30, 90, 210, 450])
  })
})
