/** The load generator's own HTTP: what it takes apart wrongly would be measured wrongly. */
import net, { type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connectTo } from './bench/connection.js'
import { listenOn } from './support/opened.js'

/** Answers as the path names, in the given pieces. */
const answers: Readonly<Record<string, readonly string[]>> = {
  '/length': ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\r\nh\u00e9l', 'l'],
  '/pieces': ['HTTP/1.1 4', '04 Not Found\r\ncontent-length: 2\r', '\n\r\nn', 'o'],
  '/chunked': ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nab\r\n\r\n', '1;x=y\r\nc\r\n0\r\n', '\r\n'],
  '/nothing': ['HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n'],
  '/moved': ['HTTP/1.1 303 See Other\r\nLocation: /there\r\ncontent-length: 0\r\n\r\n'],
  '/lengthless': ['HTTP/1.1 200 OK\r\n\r\nabc'],
  '/twice': ['HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
  '/other': ['SSH-2.0-nothing\r\n\r\n'],
  '/cut': ['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'],
}

const asked: string[] = []
const server = net.createServer((socket) => {
  let seen = ''
  socket.on('error', () => undefined)
  socket.on('data', async (data) => {
    seen += data.toString()
    const [head = '', body = ''] = seen.split('\r\n\r\n')
    const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0)
    if (Buffer.byteLength(body) < length) return
    asked.push(seen)
    seen = ''
    const path = head.split(' ')[1] ?? ''
    for (const piece of answers[path] ?? []) {
      socket.write(piece)
      await new Promise(setImmediate)
    }
    if (path === '/cut') socket.end()
  })
})
let origin = ''
beforeAll(async () => {
  await listenOn(server)
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

describe("the load generator's connection", () => {
  it('takes answers apart however they arrive, one after the other on one connection', async () => {
    const connection = connectTo(origin)
    const length = await connection.ask({ method: 'GET', path: '/length' })
    expect([length.status, length.body]).toEqual([200, 'h\u00e9ll'])
    expect(length.headers('set-cookie')).toEqual(['a=1', 'b=2'])
    const pieces = await connection.ask({ method: 'GET', path: '/pieces' })
    expect([pieces.status, pieces.body]).toEqual([404, 'no'])
    expect((await connection.ask({ method: 'GET', path: '/chunked' })).body).toBe('ab\r\nc')
    expect((await connection.ask({ method: 'GET', path: '/nothing' })).status).toBe(304)
    expect((await connection.ask({ method: 'GET', path: '/moved' })).headers('location')).toEqual(['/there'])
    await connection.close()
  })

  it('sends what it was given, and the length of a body in bytes', async () => {
    const connection = connectTo(origin, { '/moved': '/length' })
    asked.length = 0
    await connection.ask({ method: 'POST', path: '/moved', headers: { 'content-type': 'text/plain' }, body: 'é' })
    expect(asked).toEqual([
      `POST /length HTTP/1.1\r\nhost: ${new URL(origin).host}\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\né`,
    ])
    asked.length = 0
    await connection.ask({ method: 'GET', path: '/length', headers: { host: 'another.example' } })
    expect(asked).toEqual(['GET /length HTTP/1.1\r\nhost: another.example\r\n\r\n'])
    await connection.close()
  })

  it.each([
    ['/lengthless', 'an answer without its length'],
    ['/twice', 'more than one answer'],
    ['/other', 'not HTTP'],
    ['/cut', 'closed the connection'],
  ])('takes %s for no answer, and goes on with a connection of its own', async (path, message) => {
    const connection = connectTo(origin)
    await expect(connection.ask({ method: 'GET', path })).rejects.toThrow(message)
    expect((await connection.ask({ method: 'GET', path: '/length' })).status).toBe(200)
    await connection.close()
  })
})
