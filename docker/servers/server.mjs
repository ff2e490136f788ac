// An MCP server with one tool, behind the guard: docker-compose.servers.yml runs it twice, each time as another resource.
// In a project of your own, import from 'gatehouse-guard' and 'gatehouse-guard/node': see docs/guard/your-server.md.
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { createResourceServer } from '../../dist/resource-server/index.js'
import { protect } from '../../dist/resource-server/node-http.js'

const { RESOURCE = '', SCOPE = '', ISSUER_URL = '', ISSUER_INTERNAL_URL = ISSUER_URL } = process.env

const mcp = createMcpHandler(({ authInfo }) => {
  const server = new McpServer({ name: new URL(RESOURCE).host, version: '1.0.0' })
  server.registerTool('whoami', { description: 'Who is calling' }, async () => ({
    content: [{ type: 'text', text: String(authInfo?.extra?.['sub']) }],
  }))
  return server
})

const guard = createResourceServer({
  resource: RESOURCE,
  authorizationServers: { issuer: ISSUER_URL, internalUrl: ISSUER_INTERNAL_URL },
  scopes: [SCOPE],
  requiredScopes: [SCOPE],
})

createServer(
  protect(guard, async (request, response) => {
    const { method, headers, auth } = request
    const body = method === 'POST' ? { body: Readable.toWeb(request), duplex: 'half' } : {}
    const answer = await mcp.fetch(new Request(RESOURCE, { method, headers, ...body }), { authInfo: auth })
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    for await (const bytes of answer.body ?? []) response.write(bytes)
    response.end()
  }),
).listen(Number(new URL(RESOURCE).port), process.env.HOST)
