import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { systemClock } from '../../src/base/clock.js'
import { createLogger } from '../../src/base/log.js'
import { forwarderHeader } from '../../src/http/client-address.js'
import { createHttpBase, type HttpBaseOptions, type ListeningServer } from '../../src/http/http.js'
import { answerAhead } from '../../src/http/prepared-answers.js'
import { listen } from '../support/opened.js'
import { sendRaw } from './raw-request.js'

const lines: string[] = []
let passedOn = 0

const options: HttpBaseOptions = {
  log: createLogger('info', { write: (line) => void lines.push(line) }),
  clock: systemClock,
  origin: 'https://auth.example',
  alsoPublicOrigins: ['https://former.example'],
  alsoAnswerHosts: ['Auth:4000'],
  trustedProxies: ['127.0.0.1'],
  forwarderSecret: 'known to this process alone',
  ready: async () => undefined,
}

/** Two documents: one that is there, one that nobody has asked for yet. */
async function serve(more: Partial<HttpBaseOptions> = {}): Promise<ListeningServer> {
  const base = { ...options, ...more }
  const app = createHttpBase(base)
  app.use(async (ctx) => {
    passedOn += 1
    ctx.set({ 'x-from': 'app', etag: '"1"' })
    ctx.body = 'document'
    if (ctx.fresh) ctx.status = 304
  })
  const headers = ['x-from', 'prepared', 'content-length', '8']
  const prepared = { path: '/document', headers, body: 'document' }
  return listen(
    answerAhead(app, base, (target) => (target === '/below/document' ? prepared : undefined)),
    '127.0.0.1',
    0,
  )
}

let server: ListeningServer
beforeAll(async () => {
  server = await serve()
})
afterAll(() => server.close(0))

const own = 'Host: auth.example'

describe('A prepared answer', () => {
  it('is given without the app, with an id and one log line that say what the app’s would', async () => {
    const before = passedOn
    lines.length = 0
    const forwarded = 'X-Forwarded-For: 192.0.2.1, 198.51.100.7'
    const { status, headers, body } = await sendRaw(server.address.port, [own, forwarded], '/below/document')
    expect([status, body, headers.get('x-from'), passedOn]).toEqual([200, 'document', 'prepared', before])
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        ...{ level: 'info', time: expect.any(String), msg: 'request', requestId: headers.get('x-request-id') },
        ...{ method: 'GET', path: '/document', status: 200, address: '198.51.100.7', durationMs: expect.any(Number) },
      },
    ])
  })

  it.each([
    ['a further public origin', ['Host: former.example']],
    ['an internal host, in any case', ['host: auth:4000']],
    ['the port that goes without saying', ['Host: auth.example:443']],
    ['headers that decide nothing', [own, 'Origin: https://elsewhere.example', 'Cookie: a=b', 'Accept: text/html']],
  ])('is given for %s', async (_name, head) => {
    const { headers } = await sendRaw(server.address.port, head, '/below/document')
    expect(headers.get('x-from')).toBe('prepared')
  })

  it.each([
    ['another host', ['Host: evil.example'], 421],
    ['no host', [], 400],
    ['two hosts', [own, own], 400],
    ['two hosts, one of them strange', [own, 'host: evil.example'], 400],
    ['two authorizations', [own, 'Authorization: Bearer a', 'authorization: Bearer b'], 400],
    ['one authorization', [own, 'Authorization: Bearer a'], 200],
    ['what was kept and is still good', [own, 'If-None-Match: "1"'], 304],
    ['a part', [own, 'Range: bytes=0-3'], 200],
    ['a body', [own, 'Content-Length: 0'], 200],
    ['our own forwarder, whoever says so', [own, `${forwarderHeader}: guessed`], 200],
  ])('is not for %s: the app decides', async (_name, head, status) => {
    const answer = await sendRaw(server.address.port, head, '/below/document')
    expect([answer.status, answer.headers.get('x-from')]).not.toEqual([200, 'prepared'])
    expect(answer.status).toBe(status)
  })

  it.each(['/below/document?', '/below/document?x=1', '/Below/document', '/below/document/', '/document'])(
    'is for its own target, not for %s',
    async (target) => {
      const before = passedOn
      expect((await sendRaw(server.address.port, [own], target)).headers.get('x-from')).toBe('app')
      expect(passedOn).toBe(before + 1)
    },
  )

  it('is for GET alone', async () => {
    const posted = await sendRaw(server.address.port, [own], '/below/document', '')
    expect(posted.headers.get('x-from')).toBe('app')
  })

  it('leaves every request to the app where requests are watched', async () => {
    let watched = 0
    const other = await serve({
      observer: async (_ctx, next) => {
        watched += 1
        await next()
      },
    })
    expect((await sendRaw(other.address.port, [own], '/below/document')).headers.get('x-from')).toBe('app')
    expect(watched).toBe(1)
    await other.close(0)
  })
})
