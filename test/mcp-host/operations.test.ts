/**
 * Scope rules of tools, prompts and resources over HTTP, in both protocol eras: challenged or hidden as each declares, and hidden
 * means that nothing tells it from what does not exist.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ResourceTemplate } from '@modelcontextprotocol/server'
import type { ServerDefinition } from '../../src/mcp-host/server-definition.js'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { type Era, eras, type McpTestServer, startMcpTestServer } from './mcp-test-server.js'

const scope = (name: string, includes: readonly string[] = []) => ({
  name,
  title: name,
  description: '',
  includes,
  destructive: false,
})
const tool = { title: '', destructive: false }

/** Shared by all requests, as a program may do. Its own list names what is hidden, too. */
const entries = new ResourceTemplate('entries://{id}', {
  list: async () => ({ resources: ['entries://1', 'entries://secret'].map((uri) => ({ uri, name: uri })) }),
})

/** What ran, so that a refusal can be shown to come before it. */
const ran: string[] = []

function journal(resource: string): ServerDefinition {
  return {
    resource: {
      resource,
      aliases: [],
      name: 'Journal',
      description: 'Entries and their tags.',
      scopes: [scope('entries:read'), scope('entries:write', ['entries:read']), scope('export'), scope('admin')],
      tools: [
        { ...tool, name: 'list_entries', scopes: ['entries:read'], readOnly: true },
        { ...tool, name: 'export_entries', scopes: { anyOf: [['admin'], ['entries:read', 'export']] } },
        { ...tool, name: 'purge', scopes: ['admin'], whenMissing: 'hide' },
      ],
      prompts: [
        { name: 'summary', scopes: ['entries:read'] },
        { name: 'moderate', scopes: ['admin'], whenMissing: 'hide' },
      ],
      contents: [
        { name: 'entries://{id}', scopes: ['entries:read'] },
        { name: 'entries://secret', scopes: ['admin'], whenMissing: 'hide' },
        { name: 'audit://{day}', scopes: ['admin'], whenMissing: 'hide' },
      ],
      defaultScopes: ['entries:read'],
    },
    name: 'journal',
    options: {
      capabilities: { completions: {} },
      cacheHints: { 'tools/list': { ttlMs: 1_000, cacheScope: 'private' } },
    },
    register: (server) => {
      const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] })
      for (const name of ['list_entries', 'export_entries', 'purge']) {
        server.registerTool(name, { description: name }, async () => {
          ran.push(name)
          return text(name)
        })
      }
      for (const name of ['summary', 'moderate']) {
        server.registerPrompt(name, {}, async () => {
          ran.push(name)
          return { messages: [{ role: 'user', content: { type: 'text', text: name } }] }
        })
      }
      const contents = async (uri: URL) => {
        ran.push(uri.href)
        return { contents: [{ uri: uri.href, text: uri.href }] }
      }
      server.registerResource('secret', 'entries://secret', {}, contents)
      server.registerResource('entry', entries, {}, contents)
      server.registerResource('audit', new ResourceTemplate('audit://{day}', { list: undefined }), {}, contents)
    },
    ready: async () => undefined,
  }
}

let server: McpTestServer
let readOnlyServer: McpTestServer
beforeAll(async () => {
  server = await startMcpTestServer({}, { define: journal })
  readOnlyServer = await startMcpTestServer({ readOnly: true }, { define: journal })
})
afterAll(() => Promise.all([server.close(), readOnlyServer.close()]))

type Params = Readonly<Record<string, unknown>>

/** A request as that era sends it. */
async function ask(era: Era, method: string, params: Params, scopes: string, at = server) {
  const meta = { 'io.modelcontextprotocol/protocolVersion': era, 'io.modelcontextprotocol/clientCapabilities': {} }
  const message = { jsonrpc: '2.0', id: 1, method, params: era === 'legacy' ? params : { ...params, _meta: meta } }
  const name = params['name'] ?? params['uri']
  const headers: Record<string, string> =
    era === 'legacy'
      ? {}
      : { 'mcp-protocol-version': era, 'mcp-method': method, ...(name !== undefined && { 'mcp-name': String(name) }) }
  const response = await at.post(message, await at.token(scopes), headers)
  const body = (await response.text()).replace(/^event: message\ndata: /, '').trim()
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    challenge: response.headers.get('www-authenticate'),
    body,
  }
}

const asked = (challenge: string | null) => parseChallenge(challenge ?? '')?.parameters

describe.each(eras)('Operations in the era %s', (era) => {
  it.each<[string, Params, string, string]>([
    ['tools/call', { name: 'list_entries' }, '', 'entries:read'],
    ['tools/call', { name: 'export_entries' }, 'entries:write', 'entries:write entries:read export'],
    ['prompts/get', { name: 'summary' }, 'export', 'export entries:read'],
    ['resources/read', { uri: 'entries://7' }, '', 'entries:read'],
  ])('%s of %j with "%s" is a 403 that asks for "%s", and runs nothing', async (method, params, granted, wanted) => {
    ran.length = 0
    const { status, challenge, body } = await ask(era, method, params, granted)
    expect([status, asked(challenge)?.['error'], asked(challenge)?.['scope']]).toEqual([
      403,
      'insufficient_scope',
      wanted,
    ])
    expect(JSON.parse(body)).toMatchObject({ error: 'insufficient_scope' })
    expect(ran).toEqual([])
  })

  it('lets a token do it that was asked for after the challenge', async () => {
    const { challenge } = await ask(era, 'tools/call', { name: 'export_entries' }, 'entries:read')
    const stepped = asked(challenge)?.['scope'] ?? ''
    const { status, body } = await ask(era, 'tools/call', { name: 'export_entries' }, stepped)
    expect([status, body.includes('"text":"export_entries"')]).toEqual([200, true])
  })

  it.each<[string, Params, Params]>([
    ['tools/call', { name: 'purge' }, { name: 'nosuch' }],
    ['prompts/get', { name: 'moderate' }, { name: 'nosuch' }],
    ['resources/read', { uri: 'entries://secret' }, { uri: 'nosuch://secret' }],
    ['resources/read', { uri: 'audit://today' }, { uri: 'nosuch://today' }],
  ])('%s of the hidden %j is answered as that of %j', async (method, hidden, unknown) => {
    ran.length = 0
    const [one, other] = [
      await ask(era, method, hidden, 'entries:write'),
      await ask(era, method, unknown, 'entries:write'),
    ]
    const name = (params: Params) => String(params['name'] ?? params['uri'])
    expect({ ...one, body: one.body.replaceAll(name(hidden), name(unknown)) }).toEqual(other)
    expect(one.body).toContain('not found')
    expect(ran).toEqual([])
    const { body } = await ask(era, method, hidden, 'admin entries:read')
    expect([body.includes('not found'), ran.length]).toEqual([false, 1])
  })

  it.each<[string, string, string[], string[]]>([
    ['tools/list', 'name', ['list_entries', 'export_entries'], ['purge']],
    ['prompts/list', 'name', ['summary'], ['moderate']],
    ['resources/list', 'uri', ['entries://1'], ['entries://secret', 'entries://secret']],
    ['resources/templates/list', 'uriTemplate', ['entries://{id}'], ['audit://{day}']],
  ])('%s shows what the token may know of', async (method, key, seen, hidden) => {
    const member = { 'resources/templates/list': 'resourceTemplates' }[method] ?? method.replace('/list', '')
    const listed = async (scopes: string) => {
      const { result } = JSON.parse((await ask(era, method, {}, scopes)).body)
      // A cache that is shared must not show one caller's list to another.
      if (era !== 'legacy') expect(result.cacheScope).toBe('private')
      return result[member].map((entry: Record<string, string>) => entry[key]).sort()
    }
    expect(await listed('')).toEqual([...seen].sort())
    expect(await listed('admin')).toEqual([...seen, ...hidden].sort())
  })

  it('leaves nothing but tools that change nothing in read-only mode', async () => {
    const everything = 'entries:write export admin'
    const { result } = JSON.parse((await ask(era, 'tools/list', {}, everything, readOnlyServer)).body)
    expect(result.tools.map(({ name }: { name: string }) => name)).toEqual(['list_entries'])
    ran.length = 0
    for (const name of ['export_entries', 'purge']) {
      const { body } = await ask(era, 'tools/call', { name }, everything, readOnlyServer)
      expect(body).toContain(`Tool ${name} not found`)
    }
    const { status } = await ask(era, 'tools/call', { name: 'list_entries' }, everything, readOnlyServer)
    expect([status, ran]).toEqual([200, ['list_entries']])
  })
})

it('shows nobody a tool of another mode: not on its page, nor in what clients are told to ask for', async () => {
  const page = await (await fetch(readOnlyServer.url, { headers: { accept: 'text/html' } })).text()
  expect([page.includes('list_entries'), page.includes('export_entries')]).toEqual([true, false])
})

it('lets nobody subscribe to a resource that is hidden from them', async () => {
  const listen = (uri: string) =>
    ask('2026-07-28', 'subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } }, 'entries:read')
  const { status, body } = await listen('entries://secret')
  expect([status, JSON.parse(body)]).toMatchObject([
    200,
    { error: { code: -32602, message: 'Resource not found: entries://secret' } },
  ])
})

describe('A batch of revision 2025-03-26', () => {
  const call = (name: string, id: number) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } })

  it('is one request: what any of it lacks is asked for, and nothing of it runs', async () => {
    ran.length = 0
    const batch = [call('list_entries', 1), call('export_entries', 2), call('purge', 3)]
    const response = await server.post(batch, await server.token('entries:read'))
    expect(response.status).toBe(403)
    expect(asked(response.headers.get('www-authenticate'))?.['scope']).toBe('entries:read export')
    expect(ran).toEqual([])
  })

  it('serves the rest of what holds something hidden', async () => {
    ran.length = 0
    const response = await server.post([call('list_entries', 1), call('purge', 2)], await server.token('entries:read'))
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('Tool purge not found')])
    expect(ran).toEqual(['list_entries'])
  })
})
