/** One MCP server behind the library in each framework, written as its users would, on real sockets. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { serve } from '@hono/node-server'
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer as OldMcpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { type AuthInfo, createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { protect as protectExpress, publishMetadata as publishExpress } from '../../src/resource-server/express.js'
import { protect as protectFastify, publishMetadata as publishFastify } from '../../src/resource-server/fastify.js'
import { protect as protectHono, publishMetadata as publishHono } from '../../src/resource-server/hono.js'
import { guardRequest, type ResourceServer } from '../../src/resource-server/index.js'
import { protect as protectKoa, publishMetadata as publishKoa } from '../../src/resource-server/koa.js'
import { protect as protectNode } from '../../src/resource-server/node-http.js'
import { listenOn, releaseAfterwards } from '../support/opened.js'

/** Listens on the port at /mcp; answers how to stop. */
export type StartFramework = (server: ResourceServer, port: number) => Promise<() => Promise<void>>

/** What a handler was told of its caller, as the tool `whoami` repeats it. */
export function describeAuth(auth: AuthInfo | undefined): Record<string, unknown> {
  const { clientId, scopes, expiresAt, resource, resourceMetadataUrl, extra } = auth ?? {}
  return {
    clientId,
    scopes,
    lives: typeof expiresAt,
    resource: resource?.href,
    resourceMetadataUrl,
    sub: extra?.['sub'],
  }
}

const mcp = createMcpHandler(({ authInfo }) => {
  const server = new McpServer({ name: 'framework', version: '1.0.0' })
  const tell = async () => ({ content: [{ type: 'text' as const, text: JSON.stringify(describeAuth(authInfo)) }] })
  for (const name of ['whoami', 'read', 'write', 'delete']) server.registerTool(name, { description: name }, tell)
  return server
})
const nodeHandler = toNodeHandler(mcp)
/** The SDK's type and Node's differ about `undefined` under exactOptionalPropertyTypes. */
const nodeMcp = (request: IncomingMessage, response: ServerResponse, body: unknown) =>
  nodeHandler(request as NodeIncomingMessageLike, response, body)

async function listening(server: Server, port: number): Promise<() => Promise<void>> {
  if (server.listening) releaseAfterwards(() => server.close())
  else await listenOn(server, port)
  return async () => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}

/** Answers of 500 would hide what a test is about. */
const fail = (error: unknown) => {
  throw error
}

export const frameworks: Readonly<Record<string, StartFramework>> = {
  'node:http': async (server, port) => {
    const listener = protectNode(server, (request, response) => nodeMcp(request, response, request.body), {
      onError: fail,
    })
    return listening(createServer(listener), port)
  },
  Express: async (server, port) => {
    const app = express()
    app.use(protectExpress(server))
    app.all('/mcp', (request, response) => void nodeMcp(request, response, request.body))
    return listening(createServer(app), port)
  },
  Koa: async (server, port) => {
    const app = new Koa()
    app.use(protectKoa(server))
    app.use(async (ctx) => {
      ctx.respond = false
      await nodeMcp(ctx.req, ctx.res, ctx.state.body)
    })
    return listening(createServer(app.callback()), port)
  },
  Fastify: async (server, port) => {
    const app = fastify()
    await app.register(protectFastify(server))
    app.all('/mcp', async (request, reply) => {
      reply.hijack()
      await nodeMcp(request.raw, reply.raw, request.body)
    })
    releaseAfterwards(() => app.close())
    await app.listen({ port, host: '127.0.0.1' })
    return async () => {
      app.server.closeAllConnections()
      await app.close()
    }
  },
  Hono: async (server, port) => {
    const app = new Hono()
    const routes = app.use(protectHono(server))
    routes.all('/mcp', (c) => mcp.fetch(c.req.raw, { authInfo: c.get('auth') }))
    const started = serve({ fetch: app.fetch, port, hostname: '127.0.0.1', overrideGlobalObjects: false })
    return listening(started as Server, port)
  },
  'fetch handler': async (server, port) => {
    const handler = async (request: Request) => {
      const caller = await guardRequest(server, request)
      if (!('accessToken' in caller)) return caller
      const response = await mcp.fetch(request, { authInfo: caller.authInfo })
      for (const [name, value] of Object.entries(caller.headers)) response.headers.set(name, value)
      return response
    }
    const started = serve({ fetch: handler, port, hostname: '127.0.0.1', overrideGlobalObjects: false })
    return listening(started as Server, port)
  },
}

/** The metadata published on the whole app, a part of it open, the rest protected: /open and /inner/mcp. */
export const partlyProtected: Readonly<Record<string, StartFramework>> = {
  Express: async (server, port) => {
    const inner = express.Router()
    inner.use(protectExpress(server), express.json({ type: () => true }))
    inner.all('/mcp', (request, response) => void nodeMcp(request, response, request.body))
    const app = express()
    app.use(publishExpress(server))
    app.get('/open', (_request, response) => void response.send('open'))
    app.use('/inner', inner)
    return listening(createServer(app), port)
  },
  Koa: async (server, port) => {
    const app = new Koa()
    app.use(publishKoa(server))
    app.use(async (ctx, next) => {
      if (ctx.path !== '/open') return next()
      ctx.body = 'open'
    })
    app.use(protectKoa(server))
    app.use(async (ctx) => {
      ctx.respond = false
      await nodeMcp(ctx.req, ctx.res, ctx.state.body)
    })
    return listening(createServer(app.callback()), port)
  },
  Fastify: async (server, port) => {
    const app = fastify()
    await app.register(publishFastify(server))
    app.get('/open', async () => 'open')
    await app.register(async (inner) => {
      // A parser that reads nothing, as for handlers that take the raw request.
      inner.addContentTypeParser('*', (_request, _payload, done) => done(null))
      await inner.register(protectFastify(server))
      inner.all('/inner/mcp', async (request, reply) => {
        reply.hijack()
        await nodeMcp(request.raw, reply.raw, request.body)
      })
    })
    releaseAfterwards(() => app.close())
    await app.listen({ port, host: '127.0.0.1' })
    return async () => {
      app.server.closeAllConnections()
      await app.close()
    }
  },
  Hono: async (server, port) => {
    const inner = new Hono()
      .use(protectHono(server))
      .all('/mcp', (c) => mcp.fetch(c.req.raw, { authInfo: c.get('auth') }))
    const app = new Hono()
      .use(publishHono(server))
      .get('/open', (c) => c.text('open'))
      .route('/inner', inner)
    const started = serve({ fetch: app.fetch, port, hostname: '127.0.0.1', overrideGlobalObjects: false })
    return listening(started as Server, port)
  },
}

/** A server on SDK 1.x as it stood before it was protected: one line of it is ours. */
export const existingServer: StartFramework = async (server, port) => {
  const app = express()
  app.use(express.json())
  app.use(protectExpress(server))
  app.post('/mcp', async (request, response) => {
    const old = new OldMcpServer({ name: 'existing', version: '1.0.0' })
    old.registerTool('whoami', { description: 'whoami' }, async ({ authInfo }) => ({
      content: [{ type: 'text', text: JSON.stringify(describeAuth(authInfo)) }],
    }))
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
    // The SDK's own types disagree about `undefined` here under exactOptionalPropertyTypes.
    await old.connect(transport as Parameters<OldMcpServer['connect']>[0])
    await transport.handleRequest(request, response, request.body)
  })
  return listening(createServer(app), port)
}
