/** Issuer and MCP endpoint on one origin and one port: what even a client of 2025-03-26 that compares the issuer gets along with. */
import { createServer, request, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { pageOf } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { callTool, structured } from '../support/mcp-request.js'
import { discover, newGrant, obtainTokens } from '../support/oauth-client.js'
import { discoverAsOldClient, signInAsOldClient, withoutResourceMetadata } from '../support/old-client.js'
import { listenOn } from '../support/opened.js'
import { callThroughSdkV1, SdkV1Provider } from '../support/sdk-v1-client.js'
import { callThroughSdkV2, connectSdkV2, SdkV2Provider } from '../support/sdk-v2-client.js'
import { type Stack, startStack } from '../support/stack.js'

const issuerPaths = ['', '/auth'] as const
const stacks = new Map<string, Stack>()
beforeAll(async () => {
  for (const path of issuerPaths) {
    const origin = `http://localhost:${await freePort()}`
    const env = { ISSUER_URL: `${origin}${path}`, RESOURCE_URL: `${origin}/mcp` }
    stacks.set(path, await startStack({ database: 'embedded', env }))
  }
})
afterAll(() => Promise.all([...stacks.values()].map((stack) => stack.close())))

function stackAt(issuerPath: string): Stack {
  const stack = stacks.get(issuerPath)
  if (stack === undefined) throw new Error(`no stack with the issuer at ${issuerPath}`)
  return stack
}

describe.each(issuerPaths)('one port, issuer path %j', (issuerPath) => {
  let stack: Stack
  let origin: string
  beforeAll(() => {
    stack = stackAt(issuerPath)
    origin = new URL(stack.resource).origin
  })

  it('takes a client from the bare MCP URL to a tool call', async () => {
    const { resourceMetadata } = await discover(stack.resource)
    expect(resourceMetadata).toMatchObject({ resource: `${origin}/mcp`, authorization_servers: [stack.issuer] })
    const grant = await newGrant(stack)
    const tokens = await obtainTokens(grant, stack.newBrowser(), { account: stack.account }, 'notes:read')
    expect(decodeJwt(tokens.access_token)).toMatchObject({ iss: stack.issuer, aud: stack.resource })
    structured(await callTool(stack.resource, tokens.access_token, 'list_notes'))
  })

  it('has one owner for every path', async () => {
    const browser = stack.newBrowser()
    expect(pageOf(await browser.open(`${stack.issuer}/`)).text).toContain('Gatehouse Notes')
    const connect = pageOf(await browser.open(stack.resource))
    expect(connect.text).toContain(stack.resource)
    for (const [, link = ''] of connect.html.matchAll(/(?:href|src)="(\/[^"]*)"/g))
      expect((await fetch(origin + link)).status).toBe(200)
    const status = async (path: string) => (await fetch(origin + path, { redirect: 'manual' })).status
    expect(await Promise.all(['/health/ready', '/mcp', '/mcp/', '/mcp/x', '/nothing'].map(status))).toEqual([
      200, 401, 401, 404, 404,
    ])
    expect((await fetch(`${stack.issuer}/jwks`)).status).toBe(200)
  })

  it('lets clients of 2025-03-26 in, with metadata and without', async () => {
    for (const usesMetadata of [true, false]) {
      const server = await discoverAsOldClient(stack.resource, usesMetadata)
      const { tokens } = await signInAsOldClient(server, stack.newBrowser(), { account: stack.account })
      structured(await callTool(stack.resource, tokens.access_token, 'list_notes'))
    }
  })
})

describe('one port, issuer at the root: SDK clients', () => {
  let stack: Stack
  beforeAll(() => {
    stack = stackAt('')
  })

  it.each([
    ['of today', fetch],
    ['that do not know RFC 9728, and compare the issuer with the origin', withoutResourceMetadata],
  ])('2.x %s', async (_name, fetchFunction) => {
    const provider = new SdkV2Provider(stack.newBrowser(), { account: stack.account })
    const connection = await connectSdkV2(stack.resource, provider, 'auto', fetchFunction)
    expect((await callThroughSdkV2(connection, provider, 'list_notes')).isError).not.toBe(true)
    expect(provider.requests).toHaveLength(1)
    await connection.client.close()
  })

  it.each([
    ['of today', fetch],
    ['that do not know RFC 9728', withoutResourceMetadata],
  ])('1.x %s', async (_name, fetchFunction) => {
    const provider = new SdkV1Provider(stack.newBrowser(), { account: stack.account })
    await callThroughSdkV1(stack.resource, provider, 'list_notes', {}, fetchFunction)
    expect(provider.requests).toHaveLength(1)
  })

  it('an old client finds the very origin as issuer', async () => {
    const server = await discoverAsOldClient(stack.resource)
    expect(server.issuer).toBe(new URL(stack.resource).origin)
  })
})

/** The manual's Caddyfile in a few lines: the MCP server's paths, everything else to the issuer, Host untouched. */
async function startProxy(port: number, mcpPort: number, authPort: number): Promise<Server> {
  const isMcp = (path: string) => /^\/(?:mcp\/?$|\.well-known\/oauth-protected-resource(?:\/|$))/.test(path)
  const proxy = createServer((incoming, outgoing) => {
    const [path = ''] = (incoming.url ?? '').split('?')
    const { method, url: target, headers } = incoming
    const options = { host: '127.0.0.1', port: isMcp(path) ? mcpPort : authPort, method, path: target, headers }
    const passed = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(passed)
  })
  await listenOn(proxy, port)
  return proxy
}

describe('one origin, two servers behind a proxy', () => {
  const running: Stack[] = []
  let proxy: Server
  let mcp: Stack
  beforeAll(async () => {
    const [port, authPort, mcpPort] = [await freePort(), await freePort(), await freePort()]
    const env = {
      ISSUER_URL: `http://localhost:${port}`,
      RESOURCE_URL: `http://localhost:${port}/mcp`,
      AUTH_PORT: String(authPort),
      MCP_PORT: String(mcpPort),
    }
    proxy = await startProxy(port, mcpPort, authPort)
    running.push(await startStack({ database: 'embedded', env, overrides: { only: 'auth' } }))
    mcp = await startStack({ database: 'embedded', env, overrides: { only: 'mcp' } })
    running.push(mcp)
  })
  afterAll(async () => {
    await Promise.all(running.map((stack) => stack.close()))
    proxy.closeAllConnections()
    await new Promise<void>((resolve) => proxy.close(() => resolve()))
  })

  it('lets in a client of today and one of 2025-03-26 that compares the issuer', async () => {
    for (const fetchFunction of [fetch, withoutResourceMetadata]) {
      const provider = new SdkV2Provider(mcp.newBrowser(), { account: mcp.account })
      const connection = await connectSdkV2(mcp.resource, provider, 'auto', fetchFunction)
      expect((await callThroughSdkV2(connection, provider, 'list_notes')).isError).not.toBe(true)
      await connection.client.close()
    }
  })
})

describe('two servers that would listen on one port', () => {
  it('are refused in one clear line when their origins differ', async () => {
    const port = await freePort()
    const env = { ISSUER_URL: `http://localhost:${port}`, RESOURCE_URL: `http://127.0.0.1:${port}/mcp` }
    await expect(startStack({ database: 'embedded', env })).rejects.toThrow(
      `both servers would listen on port ${port}: set AUTH_PORT and MCP_PORT, or give ISSUER_URL and RESOURCE_URL the same origin`,
    )
  })
})
