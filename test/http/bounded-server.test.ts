import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createLogger } from '../../src/base/log.js'
import { connectionLimits } from '../../src/http/bounded-server.js'
import { createHttpBase, type ListeningServer } from '../../src/http/http.js'
import { eventually } from '../support/eventually.js'
import { listen } from '../support/opened.js'
import { sendRaw } from './raw-request.js'

const origin = 'https://auth.example.com'
const hostName = 'auth.example.com'
const host = `Host: ${hostName}`

/** What came on a connection until the other side ended it. */
function outcome(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  socket.on('error', () => undefined)
  return new Promise((resolve) => socket.once('close', () => resolve(text)))
}

describe('Connections of strangers', () => {
  let app: ReturnType<typeof createHttpBase>
  let server: ListeningServer
  /** Its times are those in service. */
  let patient: ListeningServer
  let begun = 0
  let openAnswers = 0
  /** Much shorter than in service, so that the test need not wait; what is measured is that they end at all. */
  const short = { headMs: 200, requestMs: 400, noticedMs: 50, unreadMs: 300, idleMs: 300 }

  beforeAll(async () => {
    app = createHttpBase({
      log: createLogger('silent'),
      clock: { now: () => new Date() },
      trustedProxies: [],
      ready: async () => {},
      origin,
    })
    app.use(async (ctx) => {
      if (ctx.path === '/') {
        for await (const _chunk of ctx.req);
        ctx.body = 'answered'
        return
      }
      begun += 1
      openAnswers += 1
      ctx.res.once('close', () => {
        openAnswers -= 1
      })
      if (ctx.path === '/large') ctx.body = Buffer.alloc(64 * 1024 * 1024)
      else {
        ctx.respond = false
        ctx.res.writeHead(200, { 'content-type': 'text/event-stream' })
        ctx.res.write('data: first\n\n')
      }
    })
    server = await listen(app, '127.0.0.1', 0, short)
    patient = await listen(app, '127.0.0.1', 0, { connections: 20 })
  })
  afterAll(() => Promise.all([server.close(0), patient.close(0)]))

  const open = ({ address } = server) => connect(address.port, '127.0.0.1')

  /** The status, 0 if the connection was closed. All of 127.0.0.0/8 is this machine. */
  const askFrom = ({ address }: ListeningServer, localAddress: string): Promise<number> =>
    new Promise((resolve) => {
      const asked = request(
        { host: '127.0.0.1', port: address.port, localAddress, agent: false, headers: { host: hostName } },
        (answer) => {
          answer.resume()
          answer.once('end', () => resolve(answer.statusCode ?? 0))
        },
      )
      asked.once('error', () => resolve(0))
      asked.end()
    })

  /** A connection whose answer has begun and is not read. On a busy machine the short limits may end one before its request is read. */
  const openAnswer = async (path: string): Promise<Socket> => {
    for (;;) {
      const before = begun
      const socket = open()
      let isEnded = false
      void outcome(socket).then(() => (isEnded = true))
      socket.pause()
      socket.write(`GET ${path} HTTP/1.1\r\n${host}\r\n\r\n`)
      await eventually(() => begun > before || isEnded)
      if (begun > before) return socket
    }
  }

  it('are ended within 15 seconds in service', () => {
    const { headMs, requestMs, noticedMs, unreadMs } = connectionLimits
    expect(Math.max(headMs + noticedMs, requestMs + noticedMs, unreadMs)).toBeLessThanOrEqual(15_000)
  })

  it.each<[string, readonly string[]]>([
    ['that never say anything', []],
    ['whose head never ends', [`GET / HTTP/1.1\r\n${host}\r\nX-`]],
    ['whose body never ends', [`POST / HTTP/1.1\r\n${host}\r\nContent-Length: 10\r\n\r\nhalf`]],
    ['whose chunks never end', [`POST / HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`]],
    ['that say nothing after an answer', [`GET / HTTP/1.1\r\n${host}\r\n\r\n`]],
  ])('%s are ended', async (_name, bytes) => {
    const socket = open()
    for (const part of bytes) socket.write(part)
    const text = await outcome(socket)
    expect(text === '' || /^HTTP\/1\.1 (?:408|200) /.test(text)).toBe(true)
  })

  it('that drip one byte after the other are ended all the same', async () => {
    const socket = open()
    socket.write(`GET / HTTP/1.1\r\n${host}\r\n`)
    const drip = setInterval(() => socket.write('x'), 20)
    await outcome(socket)
    clearInterval(drip)
  })

  it('that do not read their answer are ended, and what was to be sent is let go', async () => {
    const socket = await openAnswer('/large')
    await eventually(() => openAnswers === 0)
    socket.destroy()
  })

  it('keep an answer that is still being made, for as long as it takes', async () => {
    const asked = await openAnswer('/stream')
    const others = ['that never say anything', 'twice'].map(() => outcome(open()))
    await Promise.all(others)
    const socket = open()
    socket.write(`GET / HTTP/1.1\r\n${host}\r\n\r\n`)
    await outcome(socket)
    expect(openAnswers).toBe(1)
    asked.destroy()
    await eventually(() => openAnswers === 0)
  })

  it('with more header lines than anybody has are refused, none of them left out', async () => {
    const lines = (count: number) => Array.from({ length: count }, (_, index) => `x${index}: y`)
    // `Connection: close` comes along.
    expect((await sendRaw(patient.address.port, [host, ...lines(198)])).status).toBe(200)
    expect((await sendRaw(patient.address.port, [host, ...lines(199)])).status).toBe(431)
    expect((await sendRaw(patient.address.port, [...lines(1_500), host])).status).toBeGreaterThanOrEqual(400)
  })

  it.each<[string, string]>([
    ['that never say anything', ''],
    ['whose head never ends', `GET / HTTP/1.1\r\n${host}\r\nX-`],
    ['whose body never ends', `POST / HTTP/1.1\r\n${host}\r\nContent-Length: 10\r\n\r\nhalf`],
    ['that idle after an answer', `GET / HTTP/1.1\r\n${host}\r\n\r\n`],
  ])('%s, of one network, keep nobody else out', async (_what, bytes) => {
    const crowded = await listen(app, '127.0.0.1', 0, { connections: 20 })
    let left = 0
    const greedy = Array.from({ length: 20 }, () => open(crowded))
    for (const socket of greedy) {
      void outcome(socket).then(() => (left += 1))
      socket.write(bytes)
    }
    await eventually(() => greedy.every((socket) => !socket.connecting && socket.bytesWritten === bytes.length))
    const others = [2, 3, 4].map((last) => askFrom(crowded, `127.0.0.${last}`))
    expect(await Promise.all(others)).toEqual([200, 200, 200])
    // Each gave way to one at most.
    await eventually(() => left > 0)
    expect(left).toBeLessThanOrEqual(3)
    await crowded.close(0)
  })

  it('whose answer is being made are not given up for others', async () => {
    const crowded = await listen(app, '127.0.0.1', 0, { connections: 20 })
    let left = 0
    for (const socket of Array.from({ length: 20 }, () => open(crowded))) {
      void outcome(socket).then(() => (left += 1))
      socket.write(`GET /stream HTTP/1.1\r\n${host}\r\n\r\n`)
    }
    await eventually(() => openAnswers === 20)
    expect(await askFrom(crowded, '127.0.0.2')).toBe(0)
    expect(left).toBe(0)
    await crowded.close(0)
    await eventually(() => openAnswers === 0)
  })

  it('whose requests are not whole share a bounded memory: the network with the most gives some up', async () => {
    const bounded = await listen(app, '127.0.0.1', 0, { unfinishedBytes: 220_000 })
    const half = `POST / HTTP/1.1\r\n${host}\r\nConnection: close\r\nContent-Length: 60000\r\n\r\n${'x'.repeat(50_000)}`
    let left = 0
    for (const socket of Array.from({ length: 10 }, () => open(bounded))) {
      void outcome(socket).then(() => (left += 1))
      socket.write(half)
    }
    const honest = connect({ port: bounded.address.port, host: '127.0.0.1', localAddress: '127.0.0.2' })
    honest.write(half)
    await eventually(() => left >= 7)
    // Of what is kept the honest one is a part, and it can still be finished.
    expect(left).toBe(7)
    honest.write('x'.repeat(10_000))
    expect(await outcome(honest)).toContain('answered')
    await bounded.close(0)
  })

  it('beyond the number that may be open are closed as they come, and the next ones are served again', async () => {
    const many = Array.from({ length: 40 }, () => open(patient))
    let closed = 0
    for (const socket of many) void outcome(socket).then(() => (closed += 1))
    await eventually(async () => closed >= 20)
    for (const socket of many) socket.destroy()
    const ask = () => sendRaw(patient.address.port, [host]).catch(() => ({ status: 0 }))
    await eventually(async () => (await ask()).status === 200)
  })
})
