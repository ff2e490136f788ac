/** The MCP server on loopback, on an in-memory database, with a stand-in issuer: real HTTP and real signatures. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { z } from 'zod'
import { systemClock } from '../../src/base/clock.js'
import { createLogger } from '../../src/base/log.js'
import { type ConnectViews, connectScripts } from '../../src/connect-page/connect-page.js'
import type { Database } from '../../src/database/database.js'
import type { ListeningServer } from '../../src/http/http.js'
import { createMcpApp, type McpAppOptions } from '../../src/mcp-host/app.js'
import { createProofReplayStore } from '../../src/mcp-host/proof-replays.js'
import { createTokenVerifier } from '../../src/mcp-host/token-verifier.js'
import { notesServer } from '../../src/notes/notes-server.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { createPages, viewsFolder } from '../../src/pages/pages.js'
import { openTestDatabase } from '../support/databases.js'
import { freePort } from '../support/free-port.js'
import { keepLines } from '../support/known-problems.js'
import { listen, releaseAfterwards } from '../support/opened.js'
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js'

export interface McpTestServer {
  readonly url: string
  readonly origin: string
  readonly issuer: TokenIssuer
  readonly database: Database
  /** Log lines so far. */
  readonly logLines: readonly string[]
  /** A token of this user with these scopes. */
  token(scope?: string, user?: string, claims?: Record<string, unknown>): Promise<string>
  post(body: unknown, token?: string, headers?: Record<string, string>): Promise<Response>
  close(): Promise<void>
}

export async function startMcpTestServer(
  options: Partial<McpAppOptions> = {},
  { dpopRequired = false, define = notesServer }: { dpopRequired?: boolean; define?: typeof notesServer } = {},
): Promise<McpTestServer> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const url = `${origin}/mcp`
  const issuer = await startTokenIssuer(url)
  const database = await openTestDatabase('embedded', 'notes')
  const logLines: string[] = []
  const { app, close } = createMcpApp({
    definition: define(url, database, systemClock),
    issuer: issuer.issuer,
    verify: createTokenVerifier({
      issuer: issuer.issuer,
      audience: url,
      fetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }),
      clock: systemClock,
    }),
    pages: createPages<ConnectViews>({
      viewsFolder,
      productName: 'Gatehouse',
      accentColor: '#0b5cad',
      scripts: connectScripts,
    }),
    version: '0.0.0',
    log: createLogger('debug', keepLines(logLines)),
    clock: systemClock,
    trustedProxies: [],
    dpop: { replays: createProofReplayStore(database.sql), clock: systemClock, required: dpopRequired },
    ...options,
  })
  releaseAfterwards(close)
  const server: ListeningServer = await listen(app, '127.0.0.1', port)
  return {
    url,
    origin,
    issuer,
    database,
    logLines,
    token: (scope = 'notes:read notes:write notes:delete', user = 'user-1', claims = {}) =>
      issuer.sign({ scope, sub: user, ...claims }),
    post: (body, token, headers = {}) =>
      fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    close: async () => {
      await close()
      await server.close(0)
      await database.close()
      await issuer.close()
    },
  }
}

export type Era = 'legacy' | '2026-07-28'
export const eras: readonly Era[] = ['legacy', '2026-07-28']

/** The official client, speaking that era, with a fixed token. */
export async function connect(server: McpTestServer, token: string, era: Era = '2026-07-28'): Promise<Client> {
  const mode = era === 'legacy' ? 'legacy' : { pin: era }
  const client = new Client({ name: 'test', version: '0.0.0' }, { versionNegotiation: { mode } })
  const transport = new StreamableHTTPClientTransport(new URL(server.url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  })
  await client.connect(transport)
  return client
}

const toolResult = z.object({
  isError: z.boolean().optional(),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
})

export interface ToolResult {
  readonly data: Record<string, unknown>
  readonly problem: string | undefined
}

/** Calls a tool; `problem` is its text when it says it failed. */
export async function callTool(client: Client, name: string, input: Record<string, unknown> = {}): Promise<ToolResult> {
  const result = toolResult.parse(await client.callTool({ name, arguments: input }))
  const text = result.content.map((block) => block.text).join('\n')
  return { data: result.structuredContent ?? {}, problem: result.isError === true ? text : undefined }
}

/** A call as revision 2025 sends it, without a handshake: the server is stateless. */
export function toolCall(name: string, input: Record<string, unknown> = {}, id = 1): object {
  return { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: input } }
}
