/**
 * The product as it is set up by itself, its own fetch and resolver included: whatever a stranger names, no connection reaches
 * this machine or its network. A listener on every interface counts.
 */
import { type AddressInfo, createServer, type Server } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { pageOf } from '../support/browser.js'
import { newClientKey, signClientAssertion } from '../support/client-assertion.js'
import { discoverServer, register, requestTokens, startAuthorization } from '../support/oauth-client.js'
import { listenOn } from '../support/opened.js'
import { type Stack, startStack } from '../support/stack.js'

/** Those of private networks: a machine on the Internet may be asked at its public ones. */
const ownAddresses = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address))
  .filter((address) => /^(?:10\.|127\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|\[f[cd])/.test(address))

const [ownName = ''] = hostname().split('.')

/** This machine, as it may be spelled and as its network may call it. */
const hosts = [
  ...new Set([
    ...['127.0.0.1', '127.1', '2130706433', '0x7f.1', '0177.0.0.1', '0', '0.0.0.0', '127.255.255.254'],
    ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '127.0.0.1.'],
    ...['localhost', 'LOCALHOST', 'localhost.', 'auth.localhost', 'auth', ownName, `${ownName}.local`],
    ...['metadata.google.internal', ...ownAddresses],
  ]),
]

let listener: Server
let port: number
let connections = 0
let stack: Stack

beforeAll(async () => {
  listener = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await listenOn(listener, 0, null)
  port = (listener.address() as AddressInfo).port
  stack = await startStack({ database: 'embedded' })
})
afterAll(async () => {
  await stack.close()
  await new Promise((resolve) => listener.close(resolve))
})
beforeEach(() => {
  connections = 0
})

async function authorizeAs(clientId: string, at = stack) {
  const server = await discoverServer(at.issuer)
  const redirectUri = 'http://127.0.0.1:41573/callback'
  const { url } = startAuthorization(server, { clientId, redirectUri, scope: 'notes:read' })
  return pageOf(await at.newBrowser().open(url))
}

describe('A stranger who names a host of ours', () => {
  it('as a client, reaches nothing and gets a page, or an error at the token endpoint', async () => {
    const server = await discoverServer(stack.issuer)
    const seen = await Promise.all(
      hosts.map(async (host) => {
        const clientId = `https://${host}:${port}/client.json`
        const parameters = { grant_type: 'refresh_token', refresh_token: 'x', client_id: clientId }
        const [page, answer] = await Promise.all([authorizeAs(clientId), requestTokens(server, parameters)])
        return { host, page: page.status, isRefused: [401, 503].includes(answer.status) }
      }),
    )
    expect(seen).toEqual(hosts.map((host) => ({ host, page: 400, isRefused: true })))
    expect(connections).toBe(0)
  })

  it('as the place of a registered client’s keys, reaches nothing and gets no token', async () => {
    const server = await discoverServer(stack.issuer)
    const key = await newClientKey('one', 'ES256')
    const seen = await Promise.all(
      hosts.map(async (host) => {
        const { client_id: clientId } = await register(server, {
          token_endpoint_auth_method: 'private_key_jwt',
          jwks_uri: `https://${host}:${port}/keys.json`,
        })
        const { status } = await requestTokens(server, {
          grant_type: 'refresh_token',
          refresh_token: 'x',
          client_id: clientId,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await signClientAssertion(key, { clientId, audience: server.issuer }),
        })
        return { host, status }
      }),
    )
    expect(seen).toEqual(hosts.map((host) => ({ host, status: 503 })))
    expect(connections).toBe(0)
  })

  it('would be counted: with the switch for development, this machine is asked', async () => {
    const open = await startStack({ database: 'embedded', env: { dangerouslyAllowLoopbackClientMetadata: 'true' } })
    expect((await authorizeAs(`https://localhost:${port}/client.json`, open)).status).toBe(400)
    expect(connections).toBeGreaterThan(0)
    await open.close()
  })
})
