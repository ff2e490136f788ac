/** A stop behind a proxy that has not noticed it yet: it still sends requests on the connections that it keeps. */
import { Agent, request } from 'node:http'
import { expect, it } from '@jest/globals'
import { createLogger } from '../../src/base/log.js'
import { createHttpBase } from '../../src/http/http.js'
import { listen } from '../support/opened.js'

const clock = { now: () => new Date() }

it('ends no connection that idles until the delay is over, and each one that is used', async () => {
  const origin = 'http://localhost'
  const app = createHttpBase({ log: createLogger('silent'), clock, trustedProxies: [], ready: async () => {}, origin })
  app.use((ctx) => {
    ctx.body = 'answered'
  })
  const server = await listen(app, '127.0.0.1', 0)
  const proxies = Array.from({ length: 5 }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
  const ended: boolean[] = []
  const send = (agent: Agent, place: number) =>
    new Promise<readonly [number | undefined, string | undefined, boolean]>((resolve, reject) => {
      const options = { agent, host: '127.0.0.1', port: server.address.port, headers: { host: 'localhost' } }
      const asked = request(options, (response) => {
        response.resume()
        response.once('end', () => resolve([response.statusCode, response.headers.connection, asked.reusedSocket]))
      })
      asked.once('socket', (socket) => socket.once('close', () => (ended[place] = true)))
      asked.once('error', reject).end()
    })
  try {
    for (const [place, agent] of proxies.entries()) expect(await send(agent, place)).toEqual([200, 'keep-alive', false])
    const drained = server.drain(500)
    // One after the other: what the end of one answer does to the other connections has happened when the next one is used.
    for (const [place, agent] of proxies.entries()) {
      expect(ended[place]).toBeUndefined()
      expect(await send(agent, place)).toEqual([200, 'close', true])
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await drained
  } finally {
    for (const agent of proxies) agent.destroy()
    await server.close()
  }
})
