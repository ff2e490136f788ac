import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { systemClock } from '../../src/base/clock.js'
import { createDiagnosticNetwork, type DiagnosticNetworkOptions } from '../../src/doctor/diagnostic-network.js'
import type { ResolvedAddress } from '../../src/outbound/name-resolver.js'
import { freePort } from '../support/free-port.js'
import { listenOn } from '../support/opened.js'

let server: Server
let garbage: TcpServer
let origin: string
let garbageOrigin: string
let refusedOrigin: string
let connections = 0

function originOf(listening: Server | TcpServer): string {
  const address = listening.address()
  if (address === null || typeof address === 'string') throw new Error('not bound')
  return `http://127.0.0.1:${address.port}`
}

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/slow') return
    if (request.url === '/cut') return void request.socket.destroy()
    if (request.url === '/redirect') response.writeHead(302, { location: '/landed' })
    if (request.url === '/stream')
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': \n\n')
    response.end(request.url === '/long' ? 'x'.repeat(5_000) : request.headers['user-agent'])
  })
  server.on('connection', () => {
    connections += 1
  })
  garbage = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.write('what?\r\n\r\n', () => socket.destroy())
  })
  await Promise.all([server, garbage].map((one) => listenOn(one)))
  origin = originOf(server)
  garbageOrigin = originOf(garbage)
  refusedOrigin = `http://127.0.0.1:${await freePort()}`
})
afterAll(async () => {
  server.closeAllConnections()
  await Promise.all([server, garbage].map((one) => new Promise((resolve) => one.close(resolve))))
})

function networkTo(startUrl: string, options: Partial<DiagnosticNetworkOptions> = {}) {
  return createDiagnosticNetwork({
    startUrl,
    timeoutMs: 20_000,
    maxBytes: 1_000,
    clock: systemClock,
    userAgent: 'doctor/test',
    ...options,
  })
}

async function get(path: string, options: Partial<DiagnosticNetworkOptions> = {}, headers = {}) {
  const network = networkTo(origin, options)
  const exchange = await network.send({ method: 'GET', url: path.startsWith('/') ? origin + path : path, headers })
  await network.close()
  return exchange
}

describe('the network of the doctor', () => {
  it('reports what was answered, under the name it was told', async () => {
    expect(await get('/')).toMatchObject({ status: 200, body: 'doctor/test', isWhole: true })
    expect(await get('/', {}, { 'user-agent': '' })).toMatchObject({ body: '' })
  })

  it('follows no redirect', async () => {
    const exchange = await get('/redirect')
    expect(exchange).toMatchObject({ status: 302 })
    expect('headers' in exchange && exchange.headers.get('location')).toBe('/landed')
  })

  it('caps bodies and waits for no stream to end', async () => {
    const long = await get('/long')
    expect('body' in long && long.body.length).toBe(1_000)
    expect(long).toMatchObject({ isWhole: false })
    expect(await get('/stream')).toMatchObject({ status: 200, body: '' })
  })

  it.each([
    ['timeout', () => '/slow'],
    ['cut-off', () => '/cut'],
    ['no-http', () => `${garbageOrigin}/`],
    ['refused', () => refusedOrigin],
    ['no-tls', () => `${origin.replace('http:', 'https:')}/`],
  ])('reports %s instead of failing', async (silence, path) => {
    const limits = silence === 'timeout' ? { timeoutMs: 500 } : {}
    expect(await get(path(), limits)).toMatchObject({ silence })
  })

  it('reports a name without an address', async () => {
    const resolve = async (): Promise<readonly ResolvedAddress[]> => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
    }
    expect(await get('http://nowhere.example.com/', { resolve })).toMatchObject({ silence: 'unresolved' })
  })

  it('contacts no private address that a public deployment names, however it is spelled', async () => {
    const addresses: Readonly<Record<string, string>> = {
      'mcp.example.com': '93.184.215.14',
      'auth.example.com': '127.0.0.1',
    }
    const resolve = async (host: string) => [{ address: addresses[host] ?? '::1', family: addresses[host] ? 4 : 6 }]
    const network = networkTo('https://mcp.example.com/mcp', { resolve })
    const { port } = new URL(origin)
    const before = connections
    for (const host of [
      'auth.example.com',
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '[::ffff:127.0.0.1]',
      '[::1]',
      'localhost',
    ]) {
      const url = `http://${host}:${port}/`
      expect(await network.send({ method: 'GET', url, headers: {} })).toMatchObject({ silence: 'not-contacted' })
    }
    expect(await network.certificate(`https://auth.example.com:${port}`)).toBeUndefined()
    expect(connections).toBe(before)
    await network.close()
  })
})
