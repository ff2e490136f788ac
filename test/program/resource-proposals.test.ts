/** What the running issuer does when a client asks for a server that is not declared: little servers on this machine, and the audit trail. */
import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { parse } from 'yaml'
import { createLogger } from '../../src/base/log.js'
import { parseConfig } from '../../src/config/config.js'
import { createResourceProposals } from '../../src/program/resource-proposals.js'
import { runCli } from '../cli/terminal.js'
import { openTestStorage, type TestStorage } from '../storage/test-storage.js'
import { eventually } from '../support/eventually.js'
import { discoverServer, register } from '../support/oauth-client.js'
import { listenOn } from '../support/opened.js'
import { type Stack, startStack } from '../support/stack.js'

jest.setTimeout(300_000)

const redirect = 'https://web.example.com/cb'

/** A server that says this of itself. `asked`: what it was asked, by method and path. */
async function serverSaying(issuer: string, document: Record<string, unknown> | 'nothing', challenge?: string) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    if (document === 'nothing') return
    response.setHeader('content-type', 'application/json')
    if (request.method === 'POST') {
      response.writeHead(
        401,
        challenge === undefined ? {} : { 'www-authenticate': `Bearer resource_metadata="${challenge}"` },
      )
      response.end()
      return
    }
    response.end(JSON.stringify({ resource: url, authorization_servers: [issuer], ...document }))
  })
  const url = `http://localhost:${await listenOn(server)}/mcp`
  return { url, asked }
}

describe('A running issuer that may read what servers say of themselves', () => {
  let stack: Stack
  let clientId: string
  beforeAll(async () => {
    stack = await startStack({ database: 'embedded', env: { RESOURCE_DISCOVERY_HOSTS: 'localhost,*.mcp.example.com' } })
    const server = await discoverServer(stack.issuer)
    clientId = (await register(server, { client_name: 'Web', redirect_uris: [redirect] })).client_id
  })
  afterAll(() => stack.close())

  const ask = async (resource: string) => {
    const url = new URL(`${stack.issuer}/authorize`)
    const pkce = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' }
    url.search = String(
      new URLSearchParams({ client_id: clientId, redirect_uri: redirect, response_type: 'code', ...pkce, resource }),
    )
    const { status, headers } = await fetch(url, { redirect: 'manual' })
    return `${status} ${headers.get('location') ?? ''}`
  }
  const proposals = async () => {
    const { stdout } = await runCli(['resources', 'proposals', '--json'], stack.settings)
    return stdout === ''
      ? []
      : (JSON.parse(stdout) as { resource: string; clientId: string; entry: { name: string } }[])
  }
  const proposed = async (resource: string) => (await proposals()).find((each) => each.resource === resource)

  it('proposes the entry once, and still refuses the resource', async () => {
    const hostile = 'Acme\n- { url: https://evil.example/mcp }\u001b[31m\u202e # x'
    const { url, asked } = await serverSaying(stack.issuer, {
      resource_name: hostile,
      scopes_supported: ['tickets:read', 'a b', 'x\ny'],
    })
    const refused = await ask(url)
    await eventually(async () => (await proposed(url)) !== undefined)
    expect(await proposed(url)).toMatchObject({
      clientId,
      entry: { url, scopes: { 'tickets:read': { title: 'Read tickets' } } },
    })
    const before = asked.length
    expect(await ask(url)).toBe(refused)
    expect(await ask(`${url}/`)).toBe(refused)
    expect(asked).toHaveLength(before)
    const { stdout } = await runCli(['resources', 'proposals'], stack.settings)
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{C}/u)
    const { resources } = parse(stdout) as { resources: { url: string }[] }
    expect(resources.map((each) => each.url)).toEqual([url])
    const list = await runCli(['resources', 'list', '--json'], stack.settings)
    expect(JSON.parse(list.stdout)).toHaveLength(1)
  })

  it('does not let the request wait for a server that says nothing', async () => {
    const { url, asked } = await serverSaying(stack.issuer, 'nothing')
    const startedAt = performance.now()
    expect(await ask(url)).toMatch(/invalid_target|^[34]/)
    expect(performance.now() - startedAt).toBeLessThan(4_000)
    await eventually(() => asked.length > 0)
    await eventually(() =>
      stack.logLines.some((line) => line.includes('does not introduce itself') && line.includes(url)),
    )
    expect(await proposed(url)).toBeUndefined()
  })

  it('asks no host that the operator did not name, even if a server sends it there', async () => {
    const elsewhere = await serverSaying(stack.issuer, { scopes_supported: ['a'] })
    const hidden = elsewhere.url.replace('localhost', '127.0.0.1')
    const { url, asked } = await serverSaying(stack.issuer, { scopes_supported: ['a'] }, hidden)
    await ask(hidden)
    await ask(url)
    await eventually(async () => (await proposed(url)) !== undefined)
    expect(asked[0]).toBe('POST /mcp')
    expect(elsewhere.asked).toEqual([])
    expect((await proposals()).some(({ resource }) => resource === hidden)).toBe(false)
  })
})

describe('What may be asked', () => {
  let storage: TestStorage
  beforeAll(async () => {
    storage = await openTestStorage('embedded')
  })
  afterAll(() => storage.close())

  it.each([
    ['another host', 'https://example.com/mcp', false],
    ['a host that ends like it', 'https://evilmcp.example.com/mcp', false],
    ['the issuer', 'https://auth.mcp.example.com/mcp', false],
    ['plain http', 'http://a.mcp.example.com/mcp', false],
    ['user information', 'https://a:b@a.mcp.example.com/mcp', false],
    ['a query', 'https://a.mcp.example.com/mcp?x=1', false],
    ['a percent sign', 'https://a.mcp.example.com/%2e%2e', false],
    ['a very long path', `https://a.mcp.example.com/${'a'.repeat(300)}`, false],
    ['no URL', 'a.mcp.example.com', false],
    ['a server there', 'https://a.mcp.example.com/mcp', true],
  ])('%s: %s', async (_name, identifier, expected) => {
    const config = parseConfig(
      { ISSUER_URL: 'https://auth.mcp.example.com', RESOURCE_DISCOVERY_HOSTS: '*.mcp.example.com' },
      () => '',
    )
    const sent: string[] = []
    const proposals = createResourceProposals(config, storage.storage, createLogger('silent'), (options) => {
      expect(options.allowLoopback).toBe(false)
      return {
        send: async ({ url }) => {
          sent.push(url)
          throw new Error('no answer')
        },
        close: async () => undefined,
      }
    })
    proposals?.note({ identifier, clientId: 'x', address: undefined })
    await eventually(() => !expected || sent.length > 0)
    await proposals?.close()
    expect(sent).toEqual(expected ? [identifier] : [])
  })

  it('is bounded: few servers in an hour for one address, and each once at all replicas', async () => {
    const config = parseConfig({ RESOURCE_DISCOVERY_HOSTS: 'mcp.example.com' }, () => '')
    const sent: string[] = []
    const open = () =>
      createResourceProposals(config, storage.storage, createLogger('silent'), () => ({
        send: async ({ url }) => {
          sent.push(url)
          throw new Error('no answer')
        },
        close: async () => undefined,
      }))
    for (let each = 0; each < 8; each += 1) {
      // A replica each: what was asked is not in its memory.
      const replica = open()
      replica?.note({ identifier: `https://mcp.example.com/${each % 7}`, clientId: 'x', address: '203.0.113.9' })
      await replica?.close()
    }
    expect(new Set(sent).size).toBe(sent.length)
    expect(sent).toHaveLength(5)
  })
})
