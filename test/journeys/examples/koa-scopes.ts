/** Koa, with scopes for each tool. The manual quotes this file. */
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import Koa from 'koa'
import type { ProtectedResourceSettings, ResourceServer } from '../../../src/resource-server/index.js'
import { protect } from '../../../src/resource-server/koa.js'

export const settings: ProtectedResourceSettings = {
  resource: 'https://notes.example.com/mcp',
  authorizationServers: 'https://login.example.com',
  scopes: { 'notes:read': [], 'notes:write': ['notes:read'], 'notes:admin': [] },
  advertisedScopes: ['notes:read'],
  operations: {
    tools: {
      list: { scopes: ['notes:read'] },
      add: { scopes: ['notes:write'] }, // without it: a 403 that names it, and clients ask for more
    },
    // Tools that are not named above.
    otherwise: { tool: { scopes: ['notes:admin'] } },
  },
}

const mcp = createMcpHandler(() => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  for (const name of ['list', 'add', 'wipe']) {
    server.registerTool(name, { description: name }, async () => ({ content: [{ type: 'text', text: `did ${name}` }] }))
  }
  return server
})
const handler = toNodeHandler(mcp)

/** `guard`: `createResourceServer(settings)`. */
export function createApp(guard: ResourceServer): Koa {
  return new Koa().use(protect(guard)).use(async (ctx) => {
    ctx.respond = false // the handler answers
    await handler(ctx.req as NodeIncomingMessageLike, ctx.res, ctx.state.body)
  })
}
