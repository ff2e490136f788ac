import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Resolve } from '../../src/outbound/name-resolver.js'
import { createUntrustedFetch, type UntrustedFetchOptions } from '../../src/outbound/untrusted-fetch.js'
import { UntrustedFetchBusyError, UntrustedFetchError } from '../../src/outbound/untrusted-fetch-error.js'
import { listenOn } from '../support/opened.js'
import { type Certificate, createAuthority } from './certificates.js'

const authority = createAuthority()
const limits = { timeoutMs: 120_000, maxBytes: 5_000, maxConcurrent: 3, maxConcurrentPerHost: 3 }
const toLoopback: Resolve = async () => [{ address: '127.0.0.1', family: 4 }]
async function serve(listener: RequestListener, certificate: Certificate = authority.issue('client.example')) {
  const seen = { connections: 0, requests: 0 }
  const server = createServer(certificate, (request, response) => {
    seen.requests += 1
    listener(request, response)
  })
  server.on('connection', () => (seen.connections += 1))
  const port = await listenOn(server)
  return { url: `https://client.example:${port}/metadata`, port, seen }
}

/** What the development switch allows: loopback, with our own authority. */
function fetchLoopback(options: Partial<UntrustedFetchOptions> = {}): typeof fetch {
  return createUntrustedFetch({ ...limits, allowLoopback: true, ca: authority.cert, resolve: toLoopback, ...options })
}

/** One row per word, for long tables. */
function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

/** Every message of an error and its causes. */
function reasons(error: unknown): string {
  return error instanceof Error ? `${error.message} / ${reasons(error.cause)}` : ''
}

async function refusal(fetching: Promise<Response>): Promise<string> {
  const outcome = await fetching.then(
    (response) => `answered ${response.status}`,
    (error: unknown) => {
      expect(error).toBeInstanceOf(UntrustedFetchError)
      return reasons(error)
    },
  )
  return outcome
}

describe('Fetching what strangers name: addresses', () => {
  let port = 0
  let connections = 0
  const resolved: string[] = []
  const special: Resolve = async (hostname) => {
    resolved.push(hostname)
    return [{ address: hostname.includes('six') ? '::1' : '127.0.0.1', family: hostname.includes('six') ? 6 : 4 }]
  }

  beforeAll(async () => {
    port = await listenOn(
      createTcpServer(() => (connections += 1)),
      0,
      null,
    )
  })
  beforeEach(() => {
    connections = 0
    resolved.length = 0
  })

  it.each(
    words(`
    127.0.0.1 127.1 127.0.1 2130706433 0x7f.1 0x7f000001 0177.0.0.1 017700000001 0.0.0.0 0 127.0.0.1.
    127.127.127.127 [::] [::1] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1]
    [64:ff9b::7f00:1] １２７.0.0.1 127。0。0。1 %31%32%37.0.0.1 localhost LOCALHOST localhost. four.example
    six.example`),
  )('%s is refused before anything is dialled', async (host) => {
    const fetchUntrusted = createUntrustedFetch({ ...limits, resolve: special })
    expect(await refusal(fetchUntrusted(`https://${host}:${port}/`))).toMatch(/not public/)
    expect(connections).toBe(0)
  })

  it('refuses localhost by the system’s resolver as well', async () => {
    expect(await refusal(createUntrustedFetch(limits)(`https://localhost:${port}/`))).toMatch(/not public/)
    expect(connections).toBe(0)
  })

  it.each(['10.1.2.3', '169.254.169.254', '192.168.0.1', 'fd00::1', '::ffff:10.0.0.1'])(
    'refuses a name that leads to %s, also for who may reach loopback',
    async (address) => {
      const resolve: Resolve = async () => [{ address, family: address.includes(':') ? 6 : 4 }]
      expect(await refusal(fetchLoopback({ resolve })('https://client.example/'))).toMatch(/not public/)
    },
  )

  it('refuses a name of which only some addresses are public', async () => {
    const resolve: Resolve = async () => [
      { address: '127.0.0.1', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ]
    expect(await refusal(fetchLoopback({ resolve })(`https://client.example:${port}/`))).toMatch(/not public/)
    expect(connections).toBe(0)
  })

  it('refuses a name without addresses, and one that does not resolve', async () => {
    expect(await refusal(fetchLoopback({ resolve: async () => [] })('https://client.example/'))).toMatch(/not public/)
    const resolve: Resolve = async () => {
      throw new Error('ENOTFOUND')
    }
    expect(await refusal(fetchLoopback({ resolve })('https://client.example/'))).toMatch(/does not resolve/)
  })

  it('dials only the address it has checked, when a name changes its mind (DNS rebinding)', async () => {
    const { url, seen } = await serve((_request, response) => response.end('{}'))
    let calls = 0
    const resolve: Resolve = async () => {
      calls += 1
      return [{ address: calls === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]
    }
    const fetchUntrusted = fetchLoopback({ resolve })
    expect((await fetchUntrusted(url)).status).toBe(200)
    expect(calls).toBe(1)
    expect(await refusal(fetchUntrusted(url))).toMatch(/not public/)
    expect(seen.connections).toBe(1)
  })
})

describe('Fetching what strangers name: the exchange', () => {
  it('gets a document over HTTPS and asks for JSON', async () => {
    const { url } = await serve((request, response) => {
      response.setHeader('cache-control', 'max-age=60')
      response.end(JSON.stringify({ method: request.method, ...request.headers }))
    })
    const response = await fetchLoopback()(url, {
      method: 'POST',
      body: 'x',
      headers: { accept: 'application/json', authorization: 'Bearer secret', cookie: 'a=b', 'if-none-match': '"one"' },
    })
    expect(response.headers.get('cache-control')).toBe('max-age=60')
    const echoed: unknown = await response.json()
    expect(echoed).toMatchObject({ method: 'GET', accept: 'application/json', 'if-none-match': '"one"' })
    expect(echoed).not.toHaveProperty('authorization')
    expect(echoed).not.toHaveProperty('cookie')
  })

  it.each(['http://client.example/', 'ftp://client.example/', 'file:///etc/passwd', 'data:application/json,{}'])(
    'refuses %s',
    async (url) => expect(await refusal(fetchLoopback()(url))).toMatch(/only https/),
  )

  it('refuses a URL with a user in it', async () => {
    const { port, seen } = await serve((_request, response) => response.end('{}'))
    expect(await refusal(fetchLoopback()(`https://ada:secret@client.example:${port}/`))).not.toMatch(/answered/)
    expect(seen.connections).toBe(0)
  })

  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    const { url, seen } = await serve((request, response) => {
      response.writeHead(request.url === '/metadata' ? status : 200, { location: '/elsewhere' }).end('{}')
    })
    const response = await fetchLoopback()(url)
    expect(response.status).toBe(status)
    expect(seen.requests).toBe(1)
  })

  it.each([201, 204, 205, 304, 404, 500])('hands over status %i as it is', async (status) => {
    const { url } = await serve((_request, response) => response.writeHead(status).end())
    expect((await fetchLoopback()(url)).status).toBe(status)
  })

  it('refuses an answer that is too large, announced or not', async () => {
    const announced = await serve((_request, response) => response.end('x'.repeat(5_001)))
    const chunked = await serve((_request, response) => {
      for (let sent = 0; sent < 10; sent += 1) response.write('x'.repeat(1_000))
      response.end()
    })
    expect(await refusal(fetchLoopback()(announced.url))).toMatch(/too large/)
    expect(await refusal(fetchLoopback()(chunked.url))).toMatch(/too large/)
    const fits = await serve((_request, response) => response.end('x'.repeat(5_000)))
    expect((await (await fetchLoopback()(fits.url)).text()).length).toBe(5_000)
  })

  it('stops reading an answer that never ends', async () => {
    let sent = 0
    const { url } = await serve((_request, response) => {
      const more = () => {
        sent += 65_536
        if (sent < 500_000_000 && !response.destroyed) response.write(Buffer.alloc(65_536), more)
      }
      more()
    })
    expect(await refusal(fetchLoopback()(url))).toMatch(/too large/)
    expect(sent).toBeLessThan(50_000_000)
  })

  it.each(['gzip', 'br', Array.from({ length: 200 }, () => 'gzip').join(', ')])(
    'refuses a compressed answer (%.20s)',
    async (encoding) => {
      const { url } = await serve((_request, response) => {
        response.writeHead(200, { 'content-encoding': encoding }).end(gzipSync(Buffer.alloc(1_000_000)))
      })
      expect(await refusal(fetchLoopback()(url))).not.toMatch(/answered/)
    },
  )

  it.each([
    ['says nothing', () => undefined],
    ['stops after the headers', (response: Parameters<RequestListener>[1]) => void response.write('{')],
    [
      'sends a byte at a time',
      (response: Parameters<RequestListener>[1]) => {
        const timer = setInterval(() => response.write('x'), 50)
        response.on('close', () => clearInterval(timer))
      },
    ],
  ])('gives up on a host that %s, in the one time allowed', async (_name, answer) => {
    const { url } = await serve((_request, response) => answer(response))
    // None of these hosts ever ends by itself: without the one time-out for everything the test would not end either.
    expect(await refusal(fetchLoopback({ timeoutMs: 600 })(url))).not.toMatch(/answered/)
  })

  it('gives up on a host that accepts and never speaks TLS', async () => {
    const port = await listenOn(createTcpServer())
    const fetchUntrusted = fetchLoopback({ timeoutMs: 600 })
    expect(await refusal(fetchUntrusted(`https://client.example:${port}/`))).not.toMatch(/answered/)
  })

  it('runs fewer at one host than in all', async () => {
    const waiting: (() => void)[] = []
    const hanging: RequestListener = (_request, response) => void waiting.push(() => response.end('{}'))
    const [busy, other] = [await serve(hanging), await serve(hanging, authority.issue('other.example'))]
    const fetchUntrusted = fetchLoopback({ maxConcurrentPerHost: 1 })
    const running = [fetchUntrusted(busy.url), fetchUntrusted(`https://other.example:${other.port}/`)]
    // Another port is the same host: ports are free to name.
    for (const url of [`${busy.url}?another`, 'https://client.example/', 'https://CLIENT.example:8443/']) {
      const refused = fetchUntrusted(url)
      await expect(refused).rejects.toBeInstanceOf(UntrustedFetchBusyError)
      await expect(refused).rejects.toThrow(/at this host/)
    }
    while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const finish of waiting.splice(0)) finish()
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200])
    const again = fetchUntrusted(busy.url)
    while (waiting.length < 1) await new Promise((resolve) => setTimeout(resolve, 5))
    waiting.pop()?.()
    expect((await again).status).toBe(200)
  })

  it('asks the operator before it resolves or dials anything', async () => {
    const { url, seen } = await serve((_request, response) => response.end('{}'))
    let resolved = 0
    const resolve: Resolve = async () => {
      resolved += 1
      return [{ address: '127.0.0.1', family: 4 }]
    }
    const allowsHost = (host: string) => host !== 'client.example'
    expect(await refusal(fetchLoopback({ resolve, allowsHost })(url))).toMatch(/operator/)
    expect([resolved, seen.connections]).toEqual([0, 0])
  })

  it('runs no more than it may at once, and recovers', async () => {
    const waiting: (() => void)[] = []
    const { url, seen } = await serve((_request, response) => waiting.push(() => response.end('{}')))
    const fetchUntrusted = fetchLoopback()
    const running = [fetchUntrusted(url), fetchUntrusted(url), fetchUntrusted(url)]
    expect(await refusal(fetchUntrusted(url))).toMatch(/too many/)
    while (waiting.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const finish of waiting.splice(0)) finish()
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200, 200])
    const again = fetchUntrusted(url)
    while (waiting.length < 1) await new Promise((resolve) => setTimeout(resolve, 5))
    waiting.pop()?.()
    expect((await again).status).toBe(200)
    expect(seen.requests).toBe(4)
  })
})

describe('Fetching what strangers name: certificates', () => {
  const hour = 3_600_000
  const ok: RequestListener = (_request, response) => response.end('{}')

  it.each([
    ['of another name', () => authority.issue('other.example')],
    [
      'that has expired',
      () => authority.issue('client.example', { from: new Date(0), to: new Date(Date.now() - hour) }),
    ],
    ['of an unknown authority', () => createAuthority().issue('client.example')],
    ['that it signed itself', () => createAuthority('client.example')],
  ])('refuses a certificate %s', async (_name, certificate) => {
    const { url, seen } = await serve(ok, certificate())
    expect(await refusal(fetchLoopback()(url))).not.toMatch(/answered/)
    expect(seen.requests).toBe(0)
  })

  it('does not trust our own authority unless told to', async () => {
    const { url, seen } = await serve(ok)
    const fetchUntrusted = createUntrustedFetch({ ...limits, allowLoopback: true, resolve: toLoopback })
    expect(await refusal(fetchUntrusted(url))).not.toMatch(/answered/)
    expect(seen.requests).toBe(0)
  })
})
