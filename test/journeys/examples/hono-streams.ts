/** Hono, on web streams. The manual quotes this file. */
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { Hono } from 'hono'
import { protect } from '../../../src/resource-server/hono.js'
import type { ProtectedResourceSettings, ResourceServer } from '../../../src/resource-server/index.js'

export const settings: ProtectedResourceSettings = {
  resource: 'https://notes.example.com/mcp',
  authorizationServers: 'https://login.example.com',
}

const mcp = createMcpHandler(({ authInfo }) => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Who is calling' }, async () => ({
    content: [{ type: 'text', text: String(authInfo?.extra?.['sub']) }],
  }))
  return server
})

/** `guard`: `createResourceServer(settings)`. */
export function createApp(guard: ResourceServer) {
  return new Hono().use(protect(guard)).all('/mcp', (c) => mcp.fetch(c.req.raw, { authInfo: c.get('auth') }))
}
