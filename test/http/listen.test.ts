import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from '@jest/globals'
import { createLogger } from '../../src/base/log.js'
import type { ConnectionLimits } from '../../src/http/bounded-server.js'
import type { HttpMiddleware } from '../../src/http/context.js'
import { readBody } from '../../src/http/form.js'
import { createHttpBase, type ListeningServer } from '../../src/http/http.js'
import { listen } from '../support/opened.js'
import { sendRaw } from './raw-request.js'

const origin = 'https://auth.example.com'
const host = 'Host: auth.example.com'
const noop = {
  log: createLogger('silent'),
  clock: { now: () => new Date() },
  trustedProxies: [],
  ready: async () => {},
}

const running: ListeningServer[] = []
afterAll(() => Promise.all(running.map((server) => server.close(0))))

async function start(handler: HttpMiddleware, limits: Partial<ConnectionLimits> = {}): Promise<number> {
  const app = createHttpBase({ ...noop, origin })
  app.use(handler)
  const server = await listen(app, '127.0.0.1', 0, limits)
  running.push(server)
  return server.address.port
}

describe('Listening', () => {
  it('says in one line that a port is taken', async () => {
    const port = await start((ctx) => {
      ctx.body = 'x'
    })
    await expect(listen(createHttpBase({ ...noop, origin }), '127.0.0.1', port)).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: the port is taken`,
    )
  })

  it('lets requests in flight end before it closes', async () => {
    const app = createHttpBase({ ...noop, origin })
    let arrived = () => {}
    const inFlight = new Promise<void>((resolve) => {
      arrived = resolve
    })
    app.use(async (ctx) => {
      arrived()
      await sleep(150)
      ctx.body = 'finished'
    })
    const server = await listen(app, '127.0.0.1', 0)
    const answer = sendRaw(server.address.port, [host])
    await inFlight
    await server.close()
    expect((await answer).body).toBe('finished')
    await expect(sendRaw(server.address.port, [host])).rejects.toThrow()
  })

  it('closes as soon as the last request was answered, though its connection was to be kept', async () => {
    const app = createHttpBase({ ...noop, origin })
    let answer = () => {}
    const asked = new Promise<void>((begun) => {
      app.use(async (ctx) => {
        begun()
        await new Promise<void>((resolve) => {
          answer = resolve
        })
        ctx.body = 'finished'
      })
    })
    const server = await listen(app, '127.0.0.1', 0)
    const socket = connect(server.address.port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.write(`GET / HTTP/1.1\r\n${host}\r\n\r\n`)
    await asked
    const received = once(socket, 'end')
    // Nobody is cut off: only the end of the connection lets it close.
    const closed = server.close(600_000)
    answer()
    await Promise.all([closed, received])
    expect(text).toMatch(/^connection: close\r$/im)
    expect(text).toMatch(/finished$/)
  })

  it('cuts requests that outlast the grace', async () => {
    const app = createHttpBase({ ...noop, origin })
    let arrived = () => {}
    const inFlight = new Promise<void>((resolve) => {
      arrived = resolve
    })
    app.use(() => {
      arrived()
      return new Promise(() => {})
    })
    const server = await listen(app, '127.0.0.1', 0)
    const answer = sendRaw(server.address.port, [host]).catch(() => ({ status: 0 }))
    await inFlight
    // Without the cut it would never end.
    await server.close(100)
    expect(Number.isNaN((await answer).status) || (await answer).status === 0).toBe(true)
  })
})

describe('A body that is refused half-way', () => {
  it('ends the connection, so that the next request does not wait behind it', async () => {
    const hour = 3_600_000
    // No other limit ends the connection while the test runs.
    const limits = { headMs: hour, requestMs: hour, unreadMs: hour, idleMs: hour }
    const port = await start(async (ctx) => {
      await readBody(ctx.req, 1_000)
      ctx.body = 'read'
    }, limits)
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    let text = ''
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.write(`POST / HTTP/1.1\r\n${host}\r\nContent-Length: 2000000\r\n\r\n`)
    socket.write('x'.repeat(2_000_000))
    await closed
    expect(text).toMatch(/^HTTP\/1\.1 413 /)
  })
})
