/** `gatehouse resources discover`, against little servers on this machine. */

import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { freePort } from '../support/free-port.js'
import { listenOn } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'
import { stackSettings } from '../support/settings.js'
import { runCli, typing } from './terminal.js'

let settings: Record<string, string>
const folder = temporaryFolder('discover')
beforeAll(async () => {
  const env = { RESOURCE_URL: '', MCP_PORT: String(await freePort()) }
  settings = await stackSettings({ database: 'embedded', env })
})

type Message = { readonly id?: number; readonly method?: string; readonly params?: Record<string, unknown> }

interface Asked {
  readonly path: string
  readonly method: string
  readonly headers: IncomingMessage['headers']
  readonly message: Message
}

interface Said {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

const well = '/.well-known/oauth-protected-resource'

/** `undefined` is 404; `hang` never answers further. */
async function startServer(answer: (asked: Asked, url: string) => Said | undefined | ((out: ServerResponse) => void)) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString()
      const one = {
        path: request.url ?? '',
        method: request.method ?? '',
        headers: request.headers,
        message: text === '' ? {} : (JSON.parse(text) as Message),
      }
      asked.push(one)
      const said = answer(one, url)
      if (typeof said === 'function') return said(response)
      const { status = 200, headers = {}, body = {} } = said ?? { status: 404 }
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(typeof body === 'string' ? body : JSON.stringify(body))
    })
  })
  const address = await listenOn(server).then(() => server.address())
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const url = `http://localhost:${port}/mcp`
  return { url, asked }
}

const metadata = (url: string, more: Record<string, unknown> = {}) => ({
  resource: url,
  authorization_servers: [settings['ISSUER_URL']],
  resource_name: 'Acme Tickets',
  scopes_supported: ['openid', 'tickets:read', 'tickets:write'],
  ...more,
})

const challenge = (url: string) => ({
  status: 401,
  headers: { 'www-authenticate': `Bearer resource_metadata="${new URL(url).origin}/document", scope="tickets:delete"` },
})

/** Its document is where the challenge says. */
const described = (more: Record<string, unknown> = {}) =>
  startServer(({ path }, url) => {
    if (path === '/mcp') return challenge(url)
    return path === '/document' ? { body: metadata(url, more) } : undefined
  })

const discover = (url: string, ...flags: readonly string[]) =>
  runCli(['resources', 'discover', url, ...flags], { ...settings, TICKETS_TOKEN: 'secret-token' })

async function planOf(yaml: string) {
  const path = join(folder, 'found.yaml')
  writeFileSync(path, yaml)
  return runCli(['plan', path], settings)
}

describe('resources discover', () => {
  it('prints the entry of a server that the challenge leads to, and plan accepts it', async () => {
    const { url, asked } = await described()
    const { exitCode, stdout, stderr } = await discover(url)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringMatching(/^note: the titles of scopes/) })
    expect(parse(stdout)).toEqual({
      resources: [
        {
          url,
          name: 'Acme Tickets',
          scopes: {
            'tickets:read': { title: 'Read tickets' },
            'tickets:write': { title: 'Write tickets' },
            'tickets:delete': { title: 'Delete tickets' },
          },
        },
      ],
    })
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined])
    expect(await planOf(stdout)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('+ resource acme-tickets'),
    })
  })

  it.each([`${well}/mcp`, well])('finds the document at %s without a challenge', async (place) => {
    const { url } = await startServer(({ path }, own) => {
      if (path === '/mcp') return { status: 401 }
      return path === place ? { body: metadata(own) } : undefined
    })
    const { stdout } = await discover(url, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      resource: { url, name: 'Acme Tickets' },
      metadata: `${new URL(url).origin}${place}`,
    })
  })

  const tools = [
    { name: 'list', title: 'List tickets', annotations: { readOnlyHint: true } },
    { name: 'purge', annotations: { title: 'Purge all', destructiveHint: true } },
    { name: 'answer', securitySchemes: [{ type: 'oauth2', scopes: ['tickets:write', 'unknown'] }] },
  ]
  const expected = {
    list: { title: 'List tickets', scopes: [], read_only: true },
    purge: { title: 'Purge all', scopes: [], destructive: true },
    answer: { scopes: ['tickets:write'] },
  }
  /** With a token it is this MCP server. */
  const serving = (mcp: (asked: Asked) => Said | undefined | ((out: ServerResponse) => void)) =>
    startServer((asked, url) => {
      if (asked.path === '/document') return { body: metadata(url) }
      if (asked.path !== '/mcp') return undefined
      return asked.headers.authorization === 'Bearer secret-token' ? mcp(asked) : challenge(url)
    })
  const result = (id: number | undefined, body: unknown) => ({ jsonrpc: '2.0', id, result: body })

  it('asks for tools with a token, over a session and pages, in streams that do not end', async () => {
    const server = await serving(({ method, message: { id, method: name, params } }) => {
      if (method === 'DELETE' || name === 'notifications/initialized') return { status: 202, body: '' }
      if (name === 'initialize') {
        const body = result(id, { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'x' } })
        return { headers: { 'mcp-session-id': 'one' }, body }
      }
      const page =
        params?.['cursor'] === 'next' ? { tools: tools.slice(2) } : { tools: tools.slice(0, 2), nextCursor: 'next' }
      return (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(`: hello\n\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\n\n`)
        const text = `event: message\r\ndata: ${JSON.stringify(result(id, page))}\r\n\r\n`
        response.write(text.slice(0, 40))
        setTimeout(() => response.write(text.slice(40)), 20)
      }
    })
    const { exitCode, stdout, stderr } = await discover(server.url, '--token-env', 'TICKETS_TOKEN')
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
    expect(parse(stdout).resources[0].tools).toEqual(expected)
    const told = server.asked.filter(({ headers }) => headers.authorization !== undefined)
    expect(told.every(({ path }) => path === '/mcp')).toBe(true)
    expect(told.slice(1).map(({ headers }) => [headers['mcp-protocol-version'], headers['mcp-session-id']])).toEqual(
      Array.from({ length: 4 }, () => ['2025-06-18', 'one']),
    )
    expect(told.at(-1)?.method).toBe('DELETE')
    expect(await planOf(stdout)).toMatchObject({ exitCode: 0 })
  })

  it('asks a server of 2026-07-28 without a handshake', async () => {
    const server = await serving(({ headers, message: { id, method: name, params } }) => {
      const isModern =
        headers['mcp-protocol-version'] === '2026-07-28' &&
        headers['mcp-method'] === name &&
        JSON.stringify(params).includes('"io.modelcontextprotocol/protocolVersion":"2026-07-28"')
      const error = { code: -32601, message: 'Method not found' }
      return isModern && name === 'tools/list'
        ? { body: result(id, { tools }) }
        : { status: 400, body: { jsonrpc: '2.0', id, error } }
    })
    const file = join(folder, 'token')
    writeFileSync(file, 'secret-token\n')
    const { stdout } = await discover(server.url, '--token-file', file)
    expect(parse(stdout).resources[0].tools).toEqual(expected)
  })

  it('says when the token is refused, and does not print it', async () => {
    const { url } = await described()
    const { exitCode, stdout, stderr } = await discover(url, '--token-env', 'TICKETS_TOKEN')
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(/refuses the token with status 401/)
    expect(stderr).not.toContain('secret-token')
    expect(await discover(url, '--token-env', 'NO_SUCH')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no token in NO_SUCH'),
    })
  })

  it('takes over nothing from a hostile server that steers a terminal or breaks the file', async () => {
    const evil = '\u001b[2J\u202e<b>Ev\u0007il</b>: \u009b31m [x]\n  - url: y # '
    const long = Array.from({ length: 500 }, (_, index) => `s:${index}`)
    const hostile = [
      { name: '__proto__' },
      { name: 'a\u001b[2J' },
      { name: 'x'.repeat(200) },
      { name: 'ok', title: evil.repeat(50), annotations: 'none' },
      { name: 'yes: {', title: 'null' },
    ]
    const server = await startServer((asked, url) => {
      if (asked.path === '/document') {
        const scopes_supported = ['__proto__', 'a"b', evil, 7, 'true', '#', '&a', '- x', ...long]
        return { body: metadata(url, { resource_name: evil.repeat(50), scopes_supported }) }
      }
      if (asked.headers.authorization === undefined) return challenge(url)
      const { id, method } = asked.message
      if (method === 'tools/list') return { body: result(id, { tools: hostile, nextCursor: 'again' }) }
      return { body: result(id, { protocolVersion: evil, serverInfo: { description: evil } }) }
    })
    const { exitCode, stdout, stderr } = await discover(server.url, '--token-env', 'TICKETS_TOKEN')
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
    expect(`${stdout}${stderr}`).not.toMatch(/[^\P{C}\n]/u)
    const [entry] = parse(stdout).resources
    expect(Object.keys(entry.scopes)).toHaveLength(100)
    expect(Object.keys(entry.tools)).toEqual(['ok'])
    expect(stderr).toMatch(/scopes are left out[\s\S]*tools are left out[\s\S]*more tools/)
    expect(await planOf(stdout)).toMatchObject({ exitCode: 0, stderr: '' })
  })

  it.each<readonly [string, RegExp, (asked: Asked, url: string) => Said | undefined]>([
    ['no metadata', /publishes no protected resource metadata \(RFC 9728\): tried .*\(status 404\)/, () => undefined],
    [
      'a document that is far too long',
      /tried .*\(the answer is too large\)/,
      ({ path }) => (path === `${well}/mcp` ? { body: 'x'.repeat(2_000_000) } : undefined),
    ],
    [
      'a redirect',
      /tried .*\(status 302\)/,
      ({ path }) => (path === `${well}/mcp` ? { status: 302, headers: { location: well } } : undefined),
    ],
    [
      'the document of another resource',
      /is that of https:\/\/other\.example\.com\/mcp, not of http:\/\/localhost:\d+\/mcp/,
      (_, url) => ({ body: metadata(url, { resource: 'https://other.example.com/mcp' }) }),
    ],
    ['a document without "resource"', /has no "resource"/, () => ({ body: {} })],
    [
      'the document of another issuer',
      /names https:\/\/their\.example\.com: the server must name http:\/\/localhost:\d+ in "authorization_servers"/,
      (_, url) => ({ body: metadata(url, { authorization_servers: ['https://their.example.com'] }) }),
    ],
    [
      'no scope of its own',
      /names no scope of its own: .*--scope/,
      (_, url) => ({ body: metadata(url, { scopes_supported: ['openid'] }) }),
    ],
  ])('says what is wrong: %s', async (_name, said, answer) => {
    const { url } = await startServer((asked, own) => (asked.path === '/mcp' ? { status: 401 } : answer(asked, own)))
    expect(await discover(url)).toEqual({ exitCode: 1, stdout: '', stderr: expect.stringMatching(said) })
  })

  it('says what is wrong with an address', async () => {
    const port = await freePort()
    expect((await discover(`http://localhost:${port}/mcp`)).stderr).toMatch(/no answer from .*: nothing listens there/)
    expect((await discover('http://mcp.example.com/mcp')).stderr).toMatch(/must be https unless its host is localhost/)
    expect((await discover('https://10.0.0.1/mcp')).stderr).toMatch(/no answer from .*: the address is not public/)
    const elsewhere = { ...settings, ISSUER_URL: 'https://auth.example.com' }
    const args = ['resources', 'discover', `http://localhost:${port}/mcp`]
    expect((await runCli(args, elsewhere)).stderr).toMatch(/must be https: only an issuer on localhost/)
  })

  it('adds after one yes, or --yes', async () => {
    const { url } = await described()
    expect(await discover(url, '--add')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--yes') })
    const ask = (answer: string) => runCli(['resources', 'discover', url, '--add'], settings, typing(answer))
    expect(await ask('no\r')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('nothing was added') })
    expect((await runCli(['resources', 'list'], settings)).stdout).not.toContain('acme-tickets')
    expect(await ask('yes\r')).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('Added acme-tickets.') })
    const { stdout } = await runCli(['resources', 'list'], settings)
    expect(stdout).toMatch(/^acme-tickets +http:\/\/localhost:\d+\/mcp +Acme Tickets +command/m)
    const { stdout: shown } = await runCli(['resources', 'show', 'acme-tickets'], settings)
    expect(shown).toContain('title: Delete tickets')
    const flags = ['--add', '--yes', '--name', 'Other', '--scope', 'own=Mine']
    expect(await discover(url, ...flags)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('already') })
    const other = await described()
    expect(await discover(other.url, ...flags)).toMatchObject({ exitCode: 0 })
    expect((await runCli(['resources', 'show', 'other'], settings)).stdout).toMatch(/own:\n +title: Mine/)
  })
})
