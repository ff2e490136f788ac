import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import { createLogger } from '../../src/base/log.js'
import { addressSet, forwarderHeader } from '../../src/http/client-address.js'
import type { HttpMiddleware } from '../../src/http/context.js'
import { createHttpBase, type HttpBaseOptions, type ListeningServer, seeOther } from '../../src/http/http.js'
import { OAuthError } from '../../src/oauth/errors.js'
import { listen } from '../support/opened.js'
import { sendRaw } from './raw-request.js'

const origin = 'https://auth.example.com'
const running: ListeningServer[] = []
const lines: string[] = []
let database = async () => {}

afterEach(() => {
  lines.length = 0
  database = async () => {}
})
afterAll(() => Promise.all(running.map((server) => server.close(0))))

async function start(handler: HttpMiddleware, options: Partial<HttpBaseOptions> = {}): Promise<number> {
  const app = createHttpBase({
    log: createLogger('debug', { write: (line) => void lines.push(line) }),
    clock: { now: () => new Date() },
    origin,
    alsoAnswerHosts: ['auth:3000'],
    trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'],
    ready: () => database(),
    ...options,
  })
  app.use(handler)
  const server = await listen(app, '127.0.0.1', 0)
  running.push(server)
  return server.address.port
}

/** A handler that answers with a text. */
function say(text: string): HttpMiddleware {
  return (ctx) => {
    ctx.body = text
  }
}

const host = 'Host: auth.example.com'
const lastEvent = (): Record<string, unknown> => JSON.parse(lines.at(-1) ?? '{}')

describe('The origin of a server (RFC 9110 §15.5.20)', () => {
  const echo: HttpMiddleware = (ctx) => {
    ctx.body = { href: ctx.href, host: ctx.host, protocol: ctx.protocol, secure: ctx.secure }
  }

  it.each([
    [['Host: auth.example.com']],
    [['Host: AUTH.example.com']],
    [['Host: auth:3000']],
    [[host, 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: http', 'Forwarded: host=evil.example;proto=http']],
  ])('is the configured one whatever comes along: %j', async (head) => {
    const { status, body } = await sendRaw(await start(echo), head, '/a?b=c')
    expect(status).toBe(200)
    expect(JSON.parse(body)).toEqual({
      href: `${origin}/a?b=c`,
      host: 'auth.example.com',
      protocol: 'https',
      secure: true,
    })
  })

  it('may be asked for with the port that its scheme implies (RFC 9110 §4.2.3)', async () => {
    const { body } = await sendRaw(await start(echo), ['Host: Auth.Example.com:443'])
    expect(JSON.parse(body)).toMatchObject({ host: 'auth.example.com', protocol: 'https' })
    expect((await sendRaw(await start(echo), ['Host: auth.example.com:80'])).status).toBe(421)
  })

  it('is one of several when there are several, and never a mixture', async () => {
    const origins: HttpMiddleware = (ctx) => {
      ctx.body = `${ctx.state.origin} ${ctx.protocol}://${ctx.host}`
    }
    const alsoPublicOrigins = ['https://old.example.com', 'http://localhost:4000', 'http://auth.example.com']
    const port = await start(origins, { alsoPublicOrigins })
    const seen = async (name: string) => (await sendRaw(port, [`Host: ${name}`, 'Origin: https://evil.example'])).body
    expect(await seen('old.example.com')).toBe('https://old.example.com https://old.example.com')
    expect(await seen('localhost:4000')).toBe('http://localhost:4000 http://localhost:4000')
    expect(await seen('auth.example.com')).toBe(`${origin} ${origin}`)
    expect(await seen('auth.example.com:80')).toBe('http://auth.example.com http://auth.example.com')
    expect(await seen('auth:3000')).toBe(`${origin} ${origin}`)
  })

  it.each([
    ['evil.example'],
    ['auth.example.com.evil.example'],
    ['auth.example.com:8443'],
    ['auth.example.com@evil.example'],
    ['127.0.0.1'],
    [''],
  ])('is not %j', async (name) => {
    const { status, body } = await sendRaw(await start(echo), [`Host: ${name}`])
    expect(status).toBe(421)
    expect(body).not.toContain('evil')
  })

  it('is that of an absolute request target, which must be one we answer for', async () => {
    const port = await start(echo)
    expect((await sendRaw(port, [host], 'http://evil.example/a')).status).toBe(421)
    expect((await sendRaw(port, ['Host: evil.example'], 'http://auth.example.com/a?b=c')).body).toContain(
      `"href":"${origin}/a?b=c"`,
    )
  })

  it('is not asked of health probes', async () => {
    expect((await sendRaw(await start(echo), ['Host: 10.1.2.3:3000'], '/health/live')).status).toBe(200)
  })
})

describe('The address that our own forwarder names', () => {
  const seen: HttpMiddleware = (ctx) => {
    ctx.body = { address: ctx.state.clientAddress, proof: ctx.get(forwarderHeader) }
  }
  const options = { trustedProxies: ['203.0.113.0/24'], forwarderSecret: 'known to this process' }
  const forwardedFor = 'X-Forwarded-For: 203.0.113.9'

  it('is believed with the proof, which goes no further', async () => {
    const { body } = await sendRaw(await start(seen, options), [
      host,
      forwardedFor,
      `${forwarderHeader}: known to this process`,
    ])
    // It has looked behind the proxies already.
    expect(JSON.parse(body)).toEqual({ address: '203.0.113.9', proof: '' })
  })

  it.each([
    ['none', []],
    ['a wrong one', [`${forwarderHeader}: guess`]],
    ['two', [`${forwarderHeader}: known to this process`, `${forwarderHeader}: known to this process`]],
  ])('is not believed with %s', async (_what, head) => {
    const { body } = await sendRaw(await start(seen, options), [host, forwardedFor, ...head])
    expect(JSON.parse(body)).toEqual({ address: '127.0.0.1', proof: '' })
  })

  it('needs a secret to compare with', async () => {
    const head = [host, forwardedFor, `${forwarderHeader}: undefined`]
    expect(JSON.parse((await sendRaw(await start(seen, { trustedProxies: [] }), head)).body).address).toBe('127.0.0.1')
  })
})

describe('The address of a client behind proxies', () => {
  const echo: HttpMiddleware = (ctx) => {
    ctx.body = ctx.state.clientAddress
  }

  it.each([
    [undefined, '127.0.0.1'],
    ['203.0.113.9', '203.0.113.9'],
    ['198.51.100.66, 203.0.113.9', '203.0.113.9'],
    ['198.51.100.66, 203.0.113.9, 10.0.0.7', '203.0.113.9'],
    ['198.51.100.66, unknown, 10.0.0.7', '10.0.0.7'],
    ['not an address', '127.0.0.1'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8::1', '2001:db8::1'],
    ['198.51.100.66, 203.0.113.9:51234', '203.0.113.9'],
    ['[2001:db8::1]:443, 10.0.0.7:80', '2001:db8::1'],
    ['203.0.113.9:', '127.0.0.1'],
    ['10.0.0.1, 10.0.0.2', '10.0.0.1'],
    [', ,', '127.0.0.1'],
  ])('with X-Forwarded-For %j is %s', async (forwarded, expected) => {
    const head = [host, ...(forwarded === undefined ? [] : [`X-Forwarded-For: ${forwarded}`])]
    expect((await sendRaw(await start(echo), head)).body).toBe(expected)
    expect(lastEvent()).toMatchObject({ address: expected })
  })

  it('is the socket’s when nobody is trusted', async () => {
    const port = await start(echo, { trustedProxies: [] })
    expect((await sendRaw(port, [host, 'X-Forwarded-For: 203.0.113.9'])).body).toBe('127.0.0.1')
  })

  it('is asked of sets that hold addresses and ranges, and nothing else', () => {
    expect(addressSet(['10.0.0.0/8', '::1']).check('10.2.3.4')).toBe(true)
    expect(() => addressSet(['proxy.example.com'])).toThrow(/neither an address nor a CIDR range/)
  })
})

describe('Errors', () => {
  it.each([
    [
      'an expected one',
      new OAuthError('invalid_target', 'unknown resource', { detail: 'the secret detail' }),
      400,
      'invalid_target',
    ],
    ['a framework’s 4xx', Object.assign(new Error('secret detail'), { status: 413 }), 413, 'invalid_request'],
    ['a bug', new TypeError('secret detail in a stack'), 500, 'server_error'],
    ['a thrown string', 'secret detail', 500, 'server_error'],
    ['a database’s error', Object.assign(new Error('secret detail'), { code: '42P01' }), 500, 'server_error'],
  ])('%s is JSON with a registered code and no detail', async (_name, error, status, code) => {
    const answer = await sendRaw(await start(() => Promise.reject(error)), [host, 'Accept: text/html'])
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(JSON.parse(answer.body)).toEqual({ error: code, error_description: expect.any(String) })
    expect(answer.body).not.toMatch(/secret|stack/)
  })

  it('are pages for browsers, where there is a page', async () => {
    const port = await start(() => Promise.reject(new Error('bug')), {
      renderErrorPage: async (ctx, error) => {
        ctx.type = 'html'
        ctx.body = `<h1>${error.code}</h1>`
      },
    })
    expect((await sendRaw(port, [host, 'Accept: text/html,*/*;q=0.8'])).body).toBe('<h1>server_error</h1>')
    expect((await sendRaw(port, [host, 'Accept: application/json'])).body).toMatch(/^\{"error":"server_error"/)
    expect((await sendRaw(port, [host])).body).toMatch(/^\{"error":"server_error"/)
  })

  it('keep the server alive, and their cause goes to the log with the request’s id', async () => {
    const port = await start(() => Promise.reject(new TypeError('the cause')))
    const { headers } = await sendRaw(port, [host])
    const failure = lines.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'request failed')
    expect(failure).toMatchObject({ requestId: headers.get('x-request-id'), err: { message: 'the cause' } })
    expect((await sendRaw(port, [host])).status).toBe(500)
  })
})

describe('The log line of a request', () => {
  it('keeps a bounded part of what a stranger wrote', async () => {
    const port = await start((ctx) => {
      ctx.state.event.clientId = 'c'.repeat(5_000)
      Object.assign(ctx.state.event, { rpc: Array.from({ length: 900 }, () => 'tools/call') })
      ctx.status = 404
    })
    await sendRaw(port, [host], `/${'a'.repeat(15_000)}`)
    expect(lines.at(-1)?.length).toBeLessThan(3_000)
    expect(lastEvent()).toMatchObject({
      method: 'GET',
      status: 404,
      path: expect.stringMatching(/^\/a{199}… \(15001 characters\)$/),
    })
  })

  it('is one, has an id that the answer names, and no query', async () => {
    const port = await start((ctx) => {
      ctx.state.event.clientId = 'client-1'
      seeOther(ctx, '/next?code=in-the-location')
    })
    const { headers, status } = await sendRaw(
      port,
      [host, 'Cookie: session=in-a-cookie', 'Authorization: Bearer in-a-header'],
      '/cb?code=in-the-query',
    )
    expect(status).toBe(303)
    expect(lines).toHaveLength(1)
    expect(lastEvent()).toMatchObject({
      level: 'info',
      msg: 'request',
      method: 'GET',
      path: '/cb',
      status: 303,
      clientId: 'client-1',
      durationMs: expect.any(Number),
      requestId: headers.get('x-request-id'),
    })
    expect(lines.join()).not.toMatch(/in-(the|a)-/)
  })

  it.each(['/interaction/uid-is-a-cookie/consent', '/authorize/uid-is-a-cookie'])(
    'leaves out the id of a sign-in in progress: %s',
    async (path) => {
      await sendRaw(await start(say('x')), [host], path)
      expect(lines.join()).not.toContain('uid-is-a-cookie')
    },
  )

  it('cannot be split by what a stranger sends', async () => {
    await sendRaw(await start(say('x')), [host], '/%0a{"level":"info"}%0d%1b[31m')
    expect(lines).toHaveLength(1)
    expect(lines[0]?.trim()).not.toMatch(/[\n\r]/)
  })
})

describe('Health', () => {
  it('is live whatever the database does, and ready only when it answers', async () => {
    const port = await start(say('x'))
    expect((await sendRaw(port, [host], '/health/ready')).status).toBe(200)
    database = () => Promise.reject(new Error('connect ECONNREFUSED db.internal:5432'))
    const down = await sendRaw(port, [host], '/health/ready')
    expect(down.status).toBe(503)
    expect(down.body).not.toContain('db.internal')
    expect(down.headers.get('cache-control')).toBe('no-store')
    expect((await sendRaw(port, [host], '/health/live')).status).toBe(200)
  })

  it('is logged at debug while all is well: a health check asks every few seconds', async () => {
    const port = await start(say('x'))
    for (const path of ['/health/ready', '/health/live']) {
      await sendRaw(port, [host], path)
      expect(lastEvent()).toMatchObject({ level: 'debug', path })
    }
    database = () => Promise.reject(new Error('connect ECONNREFUSED'))
    await sendRaw(port, [host], '/health/ready')
    expect(lastEvent()).toMatchObject({ level: 'info', path: '/health/ready', status: 503 })
  })
})
