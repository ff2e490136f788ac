/** Group H: an authorization server of somebody else's that misbehaves towards the library, with the `fetch` of Node itself. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from '@jest/globals'
import { systemClock as clock } from '../../src/base/clock.js'
import { randomSecret } from '../../src/base/secrets.js'
import { createIssuerFront } from '../../src/issuer-front/index.js'
import { createIssuerDiscovery, followRevocations } from '../../src/resource-server/index.js'
import { createIntrospectionVerifier } from '../../src/resource-server/introspection.js'
import { eventually } from '../support/eventually.js'
import { listenOn } from '../support/opened.js'
import type { Row } from './resource-world.js'

async function opened(listener: RequestListener): Promise<{ readonly server: Server; readonly origin: string }> {
  const server = createServer(listener)
  await listenOn(server, 0, 'localhost')
  return { server, origin: `http://localhost:${(server.address() as AddressInfo).port}` }
}

interface Foreign {
  readonly issuer: string
  /** How many POSTs came so far. */
  posts(): number
  close(): void
}

/** Its documents are in order, and so is the first registration; `conduct` answers everything posted after that. */
async function startForeign(conduct: RequestListener): Promise<Foreign> {
  let posts = 0
  const { server, origin: issuer } = await opened((request, response) => {
    const { method, url } = request
    if (method === 'POST') posts += 1
    const document = {
      issuer,
      jwks_uri: `${issuer}/jwks`,
      code_challenge_methods_supported: ['S256'],
      ...Object.fromEntries(
        ['authorization', 'token', 'revocation', 'introspection'].map((name) => [
          `${name}_endpoint`,
          `${issuer}/${name}`,
        ]),
      ),
    }
    if (method === 'GET') response.setHeader('content-type', 'application/json').end(JSON.stringify(document))
    else if (url === '/clients' && posts === 1) response.writeHead(201).end('{"client_id":"made"}')
    else conduct(request, response)
  })
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { issuer, posts: () => posts, close }
}

/** All that the library posts to such a server, each with what came of it. */
async function everythingPosted({ issuer, posts }: Foreign): Promise<readonly (readonly [string, unknown])[]> {
  const reach = { fetch, clock }
  const front = createIssuerFront({
    issuer: 'http://localhost:1',
    upstream: createIssuerDiscovery({ issuer, ...reach }),
    registration: { url: `${issuer}/clients`, headers: { 'x-api-key': 'operators-key' } },
    secret: randomSecret(),
    ...reach,
  })
  const send = async (path: string, body: string, type = 'application/x-www-form-urlencoded') => {
    const headers = { 'content-type': type }
    const answer = await front.handle(new Request(`http://localhost:1${path}`, { method: 'POST', headers, body }))
    return { status: answer?.status, body: (await answer?.json()) as Record<string, unknown> }
  }
  const metadata = JSON.stringify({ redirect_uris: ['http://127.0.0.1/cb'], token_endpoint_auth_method: 'none' })
  const { client_id: clientId } = (await send('/register', metadata, 'application/json')).body
  const client = { client_id: String(clientId), client_secret: 'clients-secret' }
  const form = (fields: Readonly<Record<string, string>>) => new URLSearchParams({ ...client, ...fields }).toString()
  const credentials = { clientId: 'resource-server', clientSecret: 'resource-servers-secret' }
  const verify = createIntrospectionVerifier({
    endpoint: async () => `${issuer}/introspection`,
    audience: 'http://localhost:1/mcp',
    issuer,
    ...credentials,
    ...reach,
  })
  const before = posts()
  const feed = followRevocations({ issuer, feed: `${issuer}/revocations`, credentials, waitSeconds: 0, ...reach })
  await eventually(async () => posts() > before + 1)
  feed.close()
  return [
    ['registration', (await send('/register', metadata, 'application/json')).status],
    ['token', (await send('/token', form({ grant_type: 'authorization_code', code: 'c', code_verifier: 'v' }))).status],
    ['revocation', (await send('/revoke', form({ token: 't' }))).status],
    ['introspection', await verify('opaque-token').catch(({ status }: { status: number }) => status)],
  ]
}

const unavailable = ['registration', 'token', 'revocation', 'introspection'].map((name) => [name, 503])

export const attacks: readonly Row[] = [
  {
    id: 'H133',
    name: 'a foreign authorization server that sends codes, tokens and secrets on: nobody else hears of them',
    source: 'RFC 9700 §4.12, RFC 9110 §15.4',
    run: async () => {
      for (const status of [301, 302, 303, 307, 308]) {
        const heard: string[] = []
        const thief = await opened((request, response) => {
          heard.push(`${request.method} ${request.url}`)
          response.setHeader('content-type', 'application/json').end('{"active":true,"revocations":[]}')
        })
        const foreign = await startForeign((_request, response) => {
          response.writeHead(status, { location: `${thief.origin}/stolen` }).end()
        })
        const answers = await everythingPosted(foreign).finally(() => {
          foreign.close()
          thief.server.close()
        })
        expect([status, answers, heard]).toEqual([status, unavailable, []])
      }
    },
  },
  {
    id: 'H133',
    name: 'a foreign authorization server whose answers never end: the front does not keep them',
    source: 'OWASP API Security 2023 API10, ASVS 13.1.3',
    run: async () => {
      let written = 0
      const foreign = await startForeign((request, response) => {
        if (request.url !== '/token') {
          response.writeHead(500).end()
          return
        }
        response.setHeader('content-type', 'application/json')
        const more = () => {
          while (!response.destroyed && written < 200_000_000) {
            written += 65_536
            if (!response.write(' '.repeat(65_536))) return response.once('drain', more)
          }
          return response.end()
        }
        more()
      })
      expect(await everythingPosted(foreign).finally(foreign.close)).toEqual(unavailable)
      expect(written).toBeLessThan(50_000_000)
    },
  },
]
