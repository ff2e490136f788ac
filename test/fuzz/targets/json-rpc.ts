/**
 * The judge of JSON-RPC bodies against the MCP SDK that serves them. Whatever the SDK runs for a body, the judge must have seen in it: a
 * difference is a tool call that needed no scope.
 */
import { createMcpHandler, McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import type { AccessToken } from '../../../src/resource-server/access-token.js'
import { auditedOperations } from '../../../src/resource-server/audit.js'
import { readJsonBody } from '../../../src/resource-server/json-body.js'
import { operationsOf } from '../../../src/resource-server/json-rpc.js'
import { createOperations } from '../../../src/resource-server/operations.js'
import { type FuzzTarget, insist, insistEqual, jsonOf } from '../target.js'

const revisions = ['', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const

/** Everything that the server has, each with a scope of its own. */
const scopes = ['tool', 'other-tool', 'prompt', 'note', 'any-note', 'completion'] as const
type Scope = (typeof scopes)[number]

const operations = createOperations({
  tools: { read_note: { scopes: ['tool'] }, delete_note: { scopes: ['other-tool'] } },
  prompts: { summary: { scopes: ['prompt'] } },
  resources: { 'note://first': { scopes: ['note'] }, 'notes://{id}': { scopes: ['any-note'] } },
  methods: { 'completion/complete': { scopes: ['completion'] } },
})

/** What the SDK ran for the body at hand. */
let ran = new Set<Scope>()

function createServer(): McpServer {
  const server = new McpServer(
    { name: 'fuzz', version: '1' },
    { capabilities: { resources: { subscribe: true }, completions: {} } },
  )
  const run =
    <T>(scope: Scope, result: T) =>
    () => {
      ran.add(scope)
      return result
    }
  server.registerTool('read_note', {}, run('tool', { content: [] }))
  server.registerTool('delete_note', {}, run('other-tool', { content: [] }))
  server.registerPrompt('summary', {}, run('prompt', { messages: [] }))
  server.registerResource('first', 'note://first', {}, run('note', { contents: [] }))
  const template = new ResourceTemplate('notes://{id}', { list: undefined, complete: { id: run('completion', ['1']) } })
  server.registerResource('any', template, {}, run('any-note', { contents: [] }))
  return server
}

const handler = createMcpHandler(createServer)

function tokenWith(granted: readonly string[]): AccessToken {
  return { clientId: 'fuzz', scopes: granted, expiresAt: 0, audience: [], issuer: 'https://auth.example', claims: {} }
}

/** An answer that stays open, to a subscription, is read for so long. */
const openMs = 20

async function readAll(body: ReadableStream<Uint8Array> | null, isOpen: boolean): Promise<void> {
  if (body === null) return
  const reader = body.getReader()
  const timer = isOpen ? setTimeout(() => void reader.cancel(), openMs) : undefined
  while (!(await reader.read()).done);
  clearTimeout(timer)
}

/** Serves the body as the MCP server does behind the guard, until everything that it asks for has run. */
async function serve(json: unknown, revision: string): Promise<void> {
  const request = new Request('https://notes.example/mcp', {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...(revision !== '' && { 'mcp-protocol-version': revision }),
      ...namesIn(json, revision),
    },
  })
  const response = await handler.fetch(request, { parsedBody: json })
  const isOpen = operationsOf(json).some(({ name }) => name === 'subscriptions/listen')
  await readAll(response.body, isOpen)
}

/** Since 2026-07-28 a client repeats method and name in headers (SEP-2243); the SDK refuses requests that do not. */
function namesIn(json: unknown, revision: string): Record<string, string> {
  const [operation, subject] = revision === '2026-07-28' ? operationsOf(json) : []
  const isHeader = (name: string | undefined): name is string => name !== undefined && /^[\x21-\x7e]+$/.test(name)
  return {
    ...(isHeader(operation?.name) && { 'mcp-method': operation.name }),
    ...(isHeader(subject?.name) && { 'mcp-name': subject.name }),
  }
}

function checkJudgement(json: unknown): void {
  for (const scope of ran) {
    const without = operations.judge(tokenWith(scopes.filter((one) => one !== scope)), json, 'https://notes.example/md')
    insistEqual(without.outcome, 'challenge', 'what the SDK ran, the judge saw', scope, json)
  }
  const audited = Object.values(auditedOperations(json, operations)).flat()
  const isKnown = (name: string) => name === 'unknown' || /^[a-z]+(?:[/_:{}][a-zA-Z_/:{}]*)*$/.test(name)
  insist(audited.every(isKnown), 'the record holds no word of the client', audited)
}

async function* chunksOf(input: Buffer): AsyncGenerator<Uint8Array> {
  yield input
}

export const jsonRpc: FuzzTarget = {
  name: 'json-rpc',
  surface: 'JSON-RPC bodies: the judge of scopes against the MCP SDK behind it',
  maxBytes: 16_384,
  dictionary: [
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_note"}}',
    '"method":',
    '"params":',
    '"name":',
    '"uri":',
    'tools/call',
    'prompts/get',
    'resources/read',
    'resources/subscribe',
    'completion/complete',
    'subscriptions/listen',
    'ref/resource',
    'read_note',
    'delete_note',
    'note://first',
    'notes://1',
    '\\u006e',
    '__proto__',
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}',
    '\ufeff',
  ],
  check: async (input) => {
    const revision = revisions[(input[0] ?? 0) % revisions.length] ?? ''
    const bytes = input.subarray(1)
    const body = await readJsonBody(chunksOf(bytes), String(bytes.length))
    if ('malformed' in body) return
    const { json } = body
    insistEqual(json, jsonOf(bytes.toString('utf8').replace(/^\ufeff/, '')), 'what is judged is what was sent')
    ran = new Set()
    await serve(json, revision)
    checkJudgement(json)
  },
}
