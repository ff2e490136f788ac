/** Which operations a token may use, and what it meets that may not: tables over the pure rules. */
import { describe, expect, it } from '@jest/globals'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { type AccessToken, filterListResponse, type OperationRules } from '../../src/resource-server/index.js'
import { filterLists } from '../../src/resource-server/operation-lists.js'
import { createOperations } from '../../src/resource-server/operations.js'

const metadataUrl = 'https://mcp.example/.well-known/oauth-protected-resource/mcp'

const rules: OperationRules = {
  hierarchy: { 'notes:write': ['notes:read'] },
  tools: {
    read: { scopes: ['notes:read'], readOnly: true },
    move: { scopes: ['notes:write', 'folders:write'] },
    export: { scopes: { anyOf: [['admin'], ['notes:read', 'export']] } },
    open: { scopes: [], readOnly: true },
    secret: { scopes: ['admin'], whenMissing: 'hide' },
  },
  prompts: { summary: { scopes: ['notes:read'] }, inside: { scopes: ['admin'], whenMissing: 'hide' } },
  resources: {
    'notes://all': { scopes: ['notes:read'] },
    'notes://public/{id}': { scopes: [] },
    'notes://private/{id}': { scopes: ['notes:read'] },
    'notes://tree/{+path}': { scopes: ['notes:read'] },
    'notes://private/diary': { scopes: ['admin'], whenMissing: 'hide' },
  },
  methods: { 'logging/setLevel': { scopes: ['admin'] }, 'debug/dump': { scopes: ['admin'], whenMissing: 'hide' } },
}
const operations = createOperations(rules)

function token(scope: string): AccessToken {
  const scopes = scope === '' ? [] : scope.split(' ')
  return { clientId: 'c', scopes, expiresAt: 0, audience: [], issuer: 'https://as.example', claims: {} }
}

function message(method: string, params: object = {}, id = 1) {
  return { jsonrpc: '2.0', id, method, params }
}
const notification = (method: string, params: object = {}) => ({ jsonrpc: '2.0', method, params })
const call = (name: string, id = 1) => message('tools/call', { name }, id)
const read = (uri: string) => message('resources/read', { uri })
const prompt = (name: string) => message('prompts/get', { name })

/** `allow`, `hide`, or the scopes that are asked for. */
function judge(scope: string, json: unknown, of = operations): string {
  const judgement = of.judge(token(scope), json, metadataUrl)
  if (judgement.outcome !== 'challenge') return judgement.outcome
  expect(judgement.refusal.status).toBe(403)
  return parseChallenge(judgement.refusal.headers['www-authenticate'] ?? '')?.parameters['scope'] ?? ''
}

describe('The scopes of an operation', () => {
  it.each<[string, string, unknown, string]>([
    ['a tool and its scope', 'notes:read', call('read'), 'allow'],
    ['a broader scope', 'notes:write', call('read'), 'allow'],
    ['a missing one', '', call('read'), 'notes:read'],
    // For handlers that look a name up without asking whether it is text.
    ['a list of one name', '', message('tools/call', { name: ['read'] }), 'notes:read'],
    ['a list of one method', '', { ...call('read'), method: [['tools/call']] }, 'notes:read'],
    ['one of two: the granted is repeated', 'notes:write', call('move'), 'notes:write folders:write'],
    ['the first of two combinations', 'admin', call('export'), 'allow'],
    ['the second of two, by hierarchy', 'notes:write export', call('export'), 'allow'],
    ['neither of two: the nearer is asked for', 'export', call('export'), 'export notes:read'],
    ['neither of two, none nearer: the shorter', '', call('export'), 'admin'],
    ['halves of two combinations', 'export other', call('export'), 'export other notes:read'],
    ['a tool that is open', '', call('open'), 'allow'],
    ['a tool that is not declared', '', call('elsewhere'), 'allow'],
    ['a name of Object.prototype', '', call('__proto__'), 'allow'],
    ['a prompt', '', prompt('summary'), 'notes:read'],
    [
      'completions of a prompt',
      '',
      message('completion/complete', { ref: { type: 'ref/prompt', name: 'summary' } }),
      'notes:read',
    ],
    ['a resource', '', read('notes://all'), 'notes:read'],
    ['a resource of an open template', '', read('notes://public/1'), 'allow'],
    ['a resource of a template', '', read('notes://private/1'), 'notes:read'],
    ['a resource of a template over segments', '', read('notes://tree/a/b'), 'notes:read'],
    ['a resource spelled through another', '', read('notes://public/../private/1'), 'allow'],
    ['a resource in another case of its scheme', '', read('NOTES://private/1'), 'notes:read'],
    ['a resource with dot segments', '', read('notes://tree/x/../a'), 'notes:read'],
    ['a resource with encoded dot segments', '', read('notes://tree/%2e%2e/tree/a'), 'notes:read'],
    ['a resource with a tab that parsers drop', '', read('notes://pri\tvate/1'), 'notes:read'],
    ['a resource beyond any length', '', read(`notes://public/${'x'.repeat(5_000)}`), 'notes:read'],
    [
      'completions of a template',
      '',
      message('completion/complete', { ref: { type: 'ref/resource', uri: 'notes://private/{id}' } }),
      'notes:read',
    ],
    ['a subscription of 2025', '', message('resources/subscribe', { uri: 'notes://all' }), 'notes:read'],
    [
      'a subscription of 2026',
      '',
      message('subscriptions/listen', {
        notifications: { resourceSubscriptions: ['notes://public/1', 'notes://all'] },
      }),
      'notes:read',
    ],
    ['a method', '', message('logging/setLevel', { level: 'info' }), 'admin'],
    ['a notification is no way around', '', notification('tools/call', { name: 'read' }), 'notes:read'],
    [
      'a batch: everything together',
      'x',
      [call('read'), call('open', 2), call('move', 3)],
      'x notes:read notes:write folders:write',
    ],
    ['a batch that is covered', 'notes:write folders:write', [call('read'), call('move', 2)], 'allow'],
    ['a hidden tool', 'notes:write', call('secret'), 'hide'],
    ['a hidden tool and its scope', 'admin', call('secret'), 'allow'],
    ['a hidden prompt', '', prompt('inside'), 'hide'],
    ['a hidden resource that a template matches', 'notes:read', read('notes://private/diary'), 'hide'],
    ['a hidden resource in another spelling', 'notes:read', read('notes://private/x/../diary'), 'hide'],
    ['a hidden method', '', message('debug/dump'), 'hide'],
    ['a batch of a missing and a hidden one', '', [call('read'), call('secret', 2)], 'notes:read'],
    ['what is no message', '', 'text', 'allow'],
    ['a batch of nothing', '', [null, 1, []], 'allow'],
    ['parameters that are none', '', { method: 'tools/call', params: null }, 'allow'],
  ])('%s', (_case, scope, json, outcome) => expect(judge(scope, json)).toBe(outcome))

  it('are told in words where several combinations would do, and never in words of the client', () => {
    const refusal = operations.refuse(token(''), [call('export'), call('<script>', 2)], metadataUrl)
    expect(refusal?.body).toEqual({
      error: 'insufficient_scope',
      error_description: 'this operation needs permissions that were not granted: admin, or notes:read and export',
    })
  })

  it('falls back to what is said for everything else', () => {
    const strict = createOperations({
      ...rules,
      otherwise: { tool: { scopes: ['use'] }, method: { scopes: ['connect'] } },
    })
    expect(judge('connect', call('elsewhere'), strict)).toBe('connect use')
    expect(judge('', message('tools/list'), strict)).toBe('connect')
    expect(judge('connect', read('other://x'), strict)).toBe('allow')
    // A hidden tool is met like one that does not exist, here too.
    expect(judge('connect', call('secret'), strict)).toBe(judge('connect', call('elsewhere'), strict))
    expect(judge('connect use', call('secret'), strict)).toBe('hide')
  })

  it('refuses a rule that nobody could meet', () => {
    expect(() => createOperations({ tools: { x: { scopes: { anyOf: [] } } } })).toThrow('no caller could use it')
  })
})

describe('Read-only mode', () => {
  const readOnly = createOperations({ ...rules, readOnly: true })
  it.each([
    ['read', 'allow'],
    ['open', 'allow'],
    ['move', 'hide'],
    ['secret', 'hide'],
    ['elsewhere', 'hide'],
  ])('judges %s: %s, whatever the token may', (name, outcome) => {
    expect(judge('admin notes:write folders:write', call(name), readOnly)).toBe(outcome)
  })
})

describe('The answer to what is hidden', () => {
  const refuse = (json: unknown) => operations.refuse(token(''), json, metadataUrl)
  const modern = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }

  it.each<[string, unknown, number, object]>([
    [
      'a tool',
      call('secret', 7),
      200,
      { jsonrpc: '2.0', id: 7, error: { code: -32602, message: 'Tool secret not found' } },
    ],
    [
      'a prompt',
      prompt('inside'),
      200,
      { jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'Prompt inside not found' } },
    ],
    [
      'a resource',
      read('notes://private/diary'),
      200,
      {
        jsonrpc: '2.0',
        id: 1,
        error: {
          code: -32602,
          message: 'Resource not found: notes://private/diary',
          data: { uri: 'notes://private/diary' },
        },
      },
    ],
    [
      'a method',
      message('debug/dump'),
      200,
      { jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'Method not found' } },
    ],
    [
      'a method of 2026-07-28',
      message('debug/dump', { _meta: modern }),
      404,
      { jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'Method not found' } },
    ],
    [
      'one of a batch',
      [call('open'), call('secret', 2)],
      400,
      {
        jsonrpc: '2.0',
        id: null,
        error: { code: -32600, message: 'Invalid Request: it names something that does not exist' },
      },
    ],
    [
      'a notification',
      notification('debug/dump'),
      400,
      {
        jsonrpc: '2.0',
        id: null,
        error: { code: -32600, message: 'Invalid Request: it names something that does not exist' },
      },
    ],
  ])('%s', (_case, json, status, body) => expect(refuse(json)).toMatchObject({ status, body }))
})

describe('Lists', () => {
  const names = (...list: string[]) => list.map((name) => ({ name }))
  const viewer = (scope: string, of = operations) => ({ operations: of, accessToken: token(scope) })
  const tools = { jsonrpc: '2.0', id: 1, result: { tools: names('read', 'secret'), ttlMs: 5, cacheScope: 'public' } }

  it('leave out what is hidden, keep what is challenged, and become private', () => {
    const request = message('tools/list')
    const result = { tools: names('read'), ttlMs: 5, cacheScope: 'private' }
    expect(filterLists(request, tools, viewer(''))).toEqual({ ...tools, result })
    // Private for those who see all of it, too: it is another list than that of others.
    expect(filterLists(request, tools, viewer('admin'))).toEqual({
      ...tools,
      result: { ...tools.result, cacheScope: 'private' },
    })
  })

  it.each<[string, object, object]>([
    ['prompts/list', { prompts: names('summary', 'inside') }, { prompts: names('summary') }],
    [
      'resources/list',
      { resources: [{ uri: 'notes://all' }, { uri: 'notes://private/diary' }] },
      { resources: [{ uri: 'notes://all' }] },
    ],
    [
      'resources/templates/list',
      { resourceTemplates: [{ uriTemplate: 'notes://private/{id}' }] },
      { resourceTemplates: [{ uriTemplate: 'notes://private/{id}' }] },
    ],
    ['tools/list', { tools: [...names('read'), { title: 'nameless' }, null] }, { tools: names('read') }],
  ])('of %s, without a cache member in revisions that have none', (method, result, filtered) => {
    expect(filterLists(message(method), { jsonrpc: '2.0', id: 1, result }, viewer(''))).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: filtered,
    })
  })

  it('of a batch are told apart by their ids, and by none that two share', () => {
    const other = { jsonrpc: '2.0', id: 2, result: { tools: names('secret') } }
    const request = [message('tools/list'), message('ping', {}, 2)]
    expect(filterLists(request, [tools, other], viewer(''))).toEqual([filterLists(request, tools, viewer('')), other])
    const shared = [message('tools/list'), message('prompts/list')]
    expect(JSON.stringify(filterLists(shared, [tools], viewer('')))).not.toContain('secret')
  })

  it('stay as they are where nothing is hidden, and when the answer is an error', () => {
    const plain = createOperations({ tools: { read: { scopes: ['x'] } } })
    expect(filterLists(message('tools/list'), tools, viewer('', plain))).toBe(tools)
    const error = { jsonrpc: '2.0', id: 1, error: { code: -32603 } }
    expect(filterLists(message('tools/list'), error, viewer(''))).toEqual(error)
  })

  it.each([
    ['application/json', JSON.stringify(tools)],
    ['text/event-stream', `id: 1\nevent: message\ndata: ${JSON.stringify(tools)}\n\n`],
  ])('are filtered in a response of %s', async (type, body) => {
    const headers = { 'content-type': type, 'content-length': String(body.length), 'mcp-session-id': 's' }
    const response = await filterListResponse(message('tools/list'), new Response(body, { headers }), viewer(''))
    const text = await response.text()
    expect(text).toContain('"name":"read"')
    expect(text).not.toContain('secret')
    expect([response.headers.get('content-length'), response.headers.get('mcp-session-id')]).toEqual([null, 's'])
  })

  it('never come unfiltered when they cannot be read', async () => {
    const broken = new Response('{"tools": secret', { headers: { 'content-type': 'application/json' } })
    const response = await filterListResponse(message('tools/list'), broken, viewer(''))
    expect([response.status, (await response.text()).includes('secret')]).toEqual([502, false])
  })

  it('are the only answers that are touched', async () => {
    const response = new Response('anything')
    expect(await filterListResponse(call('read'), response, viewer(''))).toBe(response)
  })
})
