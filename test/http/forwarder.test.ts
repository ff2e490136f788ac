import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createLogger } from '../../src/base/log.js'
import { forwarderHeader } from '../../src/http/client-address.js'
import { createForwarder } from '../../src/http/forwarder.js'
import { createHttpBase, type ListeningServer } from '../../src/http/http.js'
import { listen, listenOn } from '../support/opened.js'
import { sendRaw } from './raw-request.js'

let target: Server
let front: ListeningServer
let seen: { headers: IncomingHttpHeaders; body: string }[] = []

/** What the server behind does with each path. */
beforeAll(async () => {
  target = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    seen.push({ headers: request.headers, body })
    if (request.url === '/silent') return
    if (request.url === '/redirect') response.writeHead(307, { location: 'http://evil.example/' })
    if (request.url === '/refused')
      response.writeHead(401, { 'www-authenticate': 'Basic', 'set-cookie': 'a=b', 'cache-control': 'max-age=60' })
    response.end(request.url === '/large' ? 'x'.repeat(5_000) : JSON.stringify({ received: body.length }))
  })
  await listenOn(target)
  const address = target.address()
  if (address === null || typeof address === 'string') throw new Error('not bound')
  const options = { timeoutMs: 2_000, maxRequestBytes: 1_000, maxAnswerBytes: 2_000, secret: 'shared' }
  const forward = createForwarder(options)
  const app = createHttpBase({
    log: createLogger('silent'),
    clock: { now: () => new Date() },
    origin: 'http://front.example',
    trustedProxies: [],
    ready: async () => {},
  })
  app.use((ctx) => forward(ctx, `http://127.0.0.1:${address.port}${ctx.path}`))
  front = await listen(app, '127.0.0.1', 0)
})
afterAll(async () => {
  await front.close(0)
  target.closeAllConnections()
  await new Promise<void>((resolve) => target.close(() => resolve()))
})

/** One request as its bytes, so that every header is as written. */
function send(path: string, body: string, headers: readonly string[] = [`Content-Length: ${body.length}`]) {
  seen = []
  return sendRaw(front.address.port, ['Host: front.example', ...headers], path, body)
}

describe('the forwarder (RFC 9110 §7.6)', () => {
  it('passes the body and the few headers that an OAuth endpoint reads', async () => {
    const answer = await send('/plain', 'grant_type=x', [
      'Content-Length: 12',
      'Content-Type: application/x-www-form-urlencoded',
      'Authorization: Basic YTpi',
      'Cookie: session=stolen',
      'X-Forwarded-For: 203.0.113.9',
      'X-Forwarded-Host: evil.example',
      'Forwarded: for=203.0.113.9',
      'X-Gatehouse-Forwarder: guess',
      'Origin: https://client.example',
      'Te: trailers',
    ])
    expect(answer.status).toBe(200)
    expect(answer.body).toContain('{"received":12}')
    expect(seen[0]).toMatchObject({
      body: 'grant_type=x',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: 'Basic YTpi',
        // Which page asks: the target counts pages apart from programs.
        origin: 'https://client.example',
        'x-forwarded-for': '127.0.0.1',
        [forwarderHeader]: 'shared',
        via: expect.stringContaining('gatehouse'),
      },
    })
    for (const name of ['cookie', 'x-forwarded-host', 'forwarded', 'te'])
      expect(seen[0]?.headers).not.toHaveProperty(name)
  })

  it('drops what the Connection header names', async () => {
    await send('/plain', '', ['Content-Length: 0', 'Authorization: Basic YTpi', 'Connection: authorization'])
    expect(seen[0]?.headers).not.toHaveProperty('authorization')
  })

  it('passes status and challenge back, no cookie, and lets nobody keep the answer', async () => {
    const answer = await send('/refused', '')
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Basic')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('set-cookie')).toBeNull()
  })

  it.each([
    ['a redirect', '/redirect', 502],
    ['silence', '/silent', 504],
  ])('answers %s of the target with an error of its own', async (_what, path, status) => {
    const answer = await send(path, '')
    expect(answer.status).toBe(status)
    expect(answer.body).toContain('temporarily_unavailable')
    expect(answer.headers.get('location')).toBeNull()
  })

  it('cuts an answer that is too large, so that a part is not taken for the whole', async () => {
    const answer = await send('/large', '')
    expect(answer.body.length).toBeLessThan(4_000)
    // The last chunk never came.
    expect(answer.body.endsWith('0\r\n')).toBe(false)
  })

  it('refuses too large a body: by its length before anything is dialled, chunked as soon as it is', async () => {
    expect((await send('/plain', 'x'.repeat(1_001))).status).toBe(413)
    expect(seen).toEqual([])
    const chunked = `3e9\r\n${'x'.repeat(1_001)}\r\n0\r\n\r\n`
    expect((await send('/plain', chunked, ['Transfer-Encoding: chunked'])).status).toBe(413)
  })

  it('notices a request that went round in a circle', async () => {
    expect((await send('/plain', '', ['Content-Length: 0', 'Via: 1.1 gatehouse-forwarder'])).status).toBe(508)
    expect(seen).toEqual([])
  })
})
