/**
 * One framework in a process of its own: the same answer behind each of its guards, each on a port of its own, so that only the
 * guard differs. Arguments: framework, issuer, resource, guards.
 */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type GuardName, guardExpress, guardNames, ownGuard, type Place } from './guards.js'

const [framework = '', issuer = '', resource = '', guards = ''] = process.argv.slice(2)
const place: Place = { issuer, resource }
const answer = { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'ok' }] } }

const listeners: Readonly<Record<string, (name: GuardName) => Promise<RequestListener>>> = {
  node: async (name) => {
    const { protect } = await import('../../../src/resource-server/node-http.js')
    const listener: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    }
    return name === 'none' ? listener : protect(ownGuard(name, place), listener)
  },
  express: async (name) => {
    const { default: express } = await import('express')
    const app = express()
    await guardExpress(app, name, place)
    app.post('/mcp', (_request, response) => void response.json(answer))
    return app
  },
  koa: async (name) => {
    const { default: Koa } = await import('koa')
    const { protect } = await import('../../../src/resource-server/koa.js')
    const app = new Koa()
    if (name !== 'none') app.use(protect(ownGuard(name, place)))
    app.use((ctx) => {
      ctx.body = answer
    })
    return app.callback()
  },
  fastify: async (name) => {
    const { default: Fastify } = await import('fastify')
    const { protect } = await import('../../../src/resource-server/fastify.js')
    const app = Fastify()
    if (name !== 'none') await app.register(protect(ownGuard(name, place)))
    app.post('/mcp', async () => answer)
    await app.ready()
    return (request, response) => app.routing(request, response)
  },
  hono: async (name) => {
    const { getRequestListener } = await import('@hono/node-server')
    const { Hono } = await import('hono')
    const { protect } = await import('../../../src/resource-server/hono.js')
    const app = new Hono()
    if (name !== 'none') app.use(protect(ownGuard(name, place)))
    app.post('/mcp', (c) => c.json(answer))
    return getRequestListener(app.fetch)
  },
}

const listenerOf = listeners[framework]
if (listenerOf === undefined) throw new Error(`there is no framework ${framework}`)
const origins: Record<string, string> = {}
for (const name of guards
  .split(',')
  .filter((guard): guard is GuardName => guardNames.some((known) => known === guard))) {
  const server = createServer(await listenerOf(name))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origins[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuMs: (user + system) / 1000 })
})
process.send?.({ origins })
process.once('disconnect', () => process.exit(0))
