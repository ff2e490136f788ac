/** What a client's document is worth over time: HTTP caching, its host being down, other processes, hosts nobody wants. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { UntrustedFetchBusyError } from '../../src/outbound/untrusted-fetch-error.js'
import { isSignInPage } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { type Answer, clientDocument, type DocumentHost, startDocumentHost } from '../support/document-host.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import {
  discoverServer,
  type Grant,
  obtainTokens,
  refresh,
  requestTokens,
  type ServerMetadata,
  startAuthorization,
} from '../support/oauth-client.js'
import { resource, startServer, type TestServer } from './server.js'

const failureMs = 1_300
const redirectUri = 'http://127.0.0.1:53682/callback'
const down: Answer = { status: 500 }
const minutes = 60
const days = 86_400

let host: DocumentHost
let server: TestServer
let metadata: ServerMetadata
let replicaTokens: string
/** Takes the host's place in one test. */
let unreachableFetch: typeof fetch | undefined

beforeAll(async () => {
  host = await startDocumentHost()
  server = await startServer('embedded', {
    untrustedFetch: (url, init) => {
      const fetchOf = String(url).includes('/silent-') ? host.impatientFetch : host.untrustedFetch
      return (unreachableFetch ?? fetchOf)(url, init)
    },
    clientFailureMs: failureMs,
    clientHosts: { allowed: [], denied: ['denied.example', '*.denied.example'] },
  })
  metadata = await discoverServer(server.issuer)
  replicaTokens = await server.startReplica()
})
afterAll(() => Promise.all([server.close(), host.close()]))

let paths = 0
let path = ''
let clientId = ''
beforeEach(() => {
  paths += 1
  path = `/cached-${paths}.json`
  clientId = `${host.origin}${path}`
})
afterEach(() => {
  host.breakDown(undefined)
  unreachableFetch = undefined
})

function publish(answer: Answer = {}, changes: Readonly<Record<string, unknown>> = {}): void {
  host.publish(path, { body: clientDocument(clientId, changes), ...answer })
}

async function open(id = clientId, to = redirectUri) {
  const { url } = startAuthorization(metadata, { clientId: id, redirectUri: to, scope: 'notes:read', resource })
  return pageOf(await server.newBrowser().open(url))
}

const grant = (): Grant => ({ server: metadata, clientId, redirectUri, resource })
const atReplica = (): Grant => ({ ...grant(), server: { ...metadata, token_endpoint: replicaTokens } })

async function refreshToken(): Promise<string> {
  const tokens = await obtainTokens(grant(), server.newBrowser(), { account: server.account }, 'notes:read')
  return tokens.refresh_token ?? ''
}

const fetches = () => host.requests(path).length

/** Waits for what happens behind an answer that was given already. */
async function untilFetched(count: number): Promise<void> {
  await eventually(() => fetches() >= count)
  expect(fetches()).toBe(count)
}

describe('A document of a client is cached (CIMD draft §5.2, RFC 9111)', () => {
  it('as long as its host says, then asked for by its entity tag', async () => {
    publish({ headers: { 'cache-control': 'max-age=3600', etag: '"one"' } })
    expect(isSignInPage(await open())).toBe(true)
    server.advance(59 * minutes)
    expect(isSignInPage(await open())).toBe(true)
    expect(fetches()).toBe(1)
    server.advance(2 * minutes)
    expect(isSignInPage(await open())).toBe(true)
    expect(fetches()).toBe(2)
    expect(host.requests(path)[1]).toMatchObject({ 'if-none-match': '"one"' })
    // Unchanged, it is good for another hour.
    server.advance(59 * minutes)
    expect(isSignInPage(await open())).toBe(true)
    expect(fetches()).toBe(2)
  })

  it.each([
    ['no-store', 59, 61],
    ['max-age=1', 59, 61],
    ['max-age=31536000', days - 60, days + 60],
    ['public', 299, 301],
  ])('within bounds, whatever its host says: %s', async (cacheControl, stillFresh, staleAgain) => {
    publish({ headers: { 'cache-control': cacheControl } })
    expect(isSignInPage(await open())).toBe(true)
    server.advance(stillFresh)
    expect(isSignInPage(await open())).toBe(true)
    expect(fetches()).toBe(1)
    server.advance(staleAgain - stillFresh)
    expect(isSignInPage(await open())).toBe(true)
    expect(fetches()).toBe(2)
    expect(host.requests(path)[1]).not.toHaveProperty('if-none-match')
  })

  it('but a person is sent on by the current one only', async () => {
    publish()
    expect(isSignInPage(await open())).toBe(true)
    publish({}, { redirect_uris: ['http://127.0.0.1/elsewhere'] })
    server.advance(10 * minutes)
    expect((await open()).status).toBe(400)
    expect(isSignInPage(await open(clientId, 'http://127.0.0.1:53682/elsewhere'))).toBe(true)
  })

  it('and a client does not wait for it when it wants its tokens', async () => {
    publish()
    const token = await refreshToken()
    server.advance(10 * minutes)
    const { tokens } = await refresh(grant(), token)
    expect(tokens?.access_token).toBeDefined()
    // The host was asked behind that answer, and never twice at once.
    await untilFetched(2)
    expect((await refresh(grant(), tokens?.refresh_token ?? '')).status).toBe(200)
    expect(fetches()).toBe(2)
  })
})

describe('When the host of a client is down', () => {
  it.each<[string, Answer]>([
    ['answers errors', down],
    ['serves a page', { body: '<html>', headers: { 'content-type': 'text/html' } }],
    ['lost the document', { status: 404 }],
    ['redirects', { status: 302, headers: { location: 'https://client.example/' } }],
    ['serves somebody else', { body: clientDocument('https://other.example/client.json') }],
  ])('and %s, the last good copy stands in, here and elsewhere, for a week', async (_how, answer) => {
    publish()
    const first = await refreshToken()
    host.breakDown(answer)
    server.advance(3_600)
    const second = (await refresh(grant(), first)).tokens?.refresh_token ?? ''
    // A process that starts now knows the client only from the database.
    const third = (await refresh(atReplica(), second)).tokens?.refresh_token ?? ''
    expect(isSignInPage(await open())).toBe(true)
    server.advance(5 * days)
    const fourth = (await refresh(atReplica(), third)).tokens?.refresh_token ?? ''
    expect(fourth).not.toBe('')
    server.advance(2 * days)
    const refused = await refresh(grant(), fourth)
    expect([refused.status, refused.error]).toEqual([503, 'temporarily_unavailable'])
    expect(refused.headers.get('retry-after')).toBe('30')
    expect((await open()).text).toContain('We could not check this program')
    // Nothing was lost: back again, the client goes on where it was.
    host.breakDown(undefined)
    server.advance(31)
    expect((await refresh(grant(), fourth)).status).toBe(200)
  })

  it('it is left alone for half a minute', async () => {
    publish()
    const token = await refreshToken()
    host.breakDown(down)
    server.advance(10 * minutes)
    for (let tries = 0; tries < 5; tries += 1) expect(isSignInPage(await open())).toBe(true)
    expect((await refresh(grant(), token)).status).toBe(200)
    expect(fetches()).toBe(2)
    server.advance(31)
    expect(isSignInPage(await open())).toBe(true)
    expect(fetches()).toBe(3)
  })

  it('a client that nobody has allowed yet leaves nothing in the database', async () => {
    publish()
    expect(isSignInPage(await open())).toBe(true)
    const count = () => server.storage.prisma.clientDocument.count({ where: { url: clientId } })
    expect(await count()).toBe(0)
    await refreshToken()
    expect(await count()).toBe(1)
  })

  it('a changed document is written down for those who run this', async () => {
    publish()
    await refreshToken()
    publish({}, { client_name: 'Another name' })
    server.advance(10 * minutes)
    expect(isSignInPage(await open())).toBe(true)
    const events = await server.storage.prisma.auditEvent.findMany({ where: { type: 'client.changed', clientId } })
    expect(events).toHaveLength(1)
  })
})

describe('A client that cannot be had', () => {
  let closedPort = 0
  beforeAll(async () => {
    closedPort = await freePort()
  })

  /** Each with what the log says of it. */
  const unreachable = (): { readonly reason: string; readonly id: string }[] => {
    const publishAt = (name: string, answer: Answer | undefined) => host.publish(`/${name}-${paths}.json`, answer)
    const plain = { 'content-type': 'text/plain' }
    const elsewhere = `/client-${paths}.json`
    return [
      { reason: 'status 404', id: publishAt('missing', undefined) },
      { reason: 'status 500', id: publishAt('broken', down) },
      { reason: 'not JSON by its type', id: publishAt('text', { body: 'root:x:0:0', headers: plain }) },
      { reason: 'not JSON"', id: publishAt('wrong', { body: 'root:x:0:0' }) },
      { reason: 'URL itself', id: publishAt('other', { body: clientDocument('https://other.example/client.json') }) },
      {
        reason: 'status 302',
        id: publishAt('moved', { status: 302, headers: { location: 'https://private.example/' } }),
      },
      { reason: 'timeout', id: publishAt('silent', { hangs: true }) },
      { reason: 'ECONNREFUSED', id: `https://client.example:${closedPort}${elsewhere}` },
      { reason: 'not public', id: `https://private.example${elsewhere}` },
      { reason: 'not public', id: `https://private.example:8443${elsewhere}` },
      { reason: 'altnames', id: `${host.origin.replace('client.example', 'unknown.example')}${elsewhere}` },
    ]
  }

  /** How long and with what a request was answered, without what differs from request to request. */
  async function timed<T>(ask: () => Promise<T>): Promise<{ readonly ms: number; readonly answer: T }> {
    const startedAt = performance.now()
    const answer = await ask()
    return { ms: performance.now() - startedAt, answer }
  }

  it('is the same page after the same time, whatever the reason (CVE-2026-1180)', async () => {
    const essence = (html: string) => html.replace(/[0-9a-f]{8}-[\w-]{27}/g, 'REQUEST')
    const before = server.logLines.length
    const all = unreachable()
    const reasons = all.map(({ reason }) => reason)
    const seen = await Promise.all(all.map(({ id }) => timed(() => open(id))))
    expect(new Set(seen.map(({ answer }) => `${answer.status}${essence(answer.html)}`)).size).toBe(1)
    expect(seen[0]?.answer.status).toBe(400)
    expect(seen[0]?.answer.html).not.toMatch(/root:x|ECONNREFUSED|not public|404/)
    // Never sooner; later only by what the answer itself takes, which on a busy machine is a lot.
    expect(Math.min(...seen.map(({ ms }) => ms))).toBeGreaterThanOrEqual(failureMs - 20)
    // The log says which it was.
    const log = () => server.logLines.slice(before).join('\n')
    await eventually(async () => reasons.every((reason) => log().includes(reason)))
    expect(log()).not.toContain('root:x')
  })

  it('is the same 503 at the token endpoint, and no reason to forget tokens', async () => {
    const parameters = { grant_type: 'refresh_token', refresh_token: 'x', resource }
    const answers = await Promise.all(
      unreachable().map(({ id }) => timed(() => requestTokens(metadata, { ...parameters, client_id: id }))),
    )
    for (const { answer, ms } of answers) {
      expect([answer.status, answer.error]).toEqual([503, 'temporarily_unavailable'])
      expect(answer.headers.get('retry-after')).toBe('30')
      expect(ms).toBeGreaterThanOrEqual(failureMs - 20)
    }
  })

  it('is waited for once in a request, though nothing is held against a host because we were busy', async () => {
    let fetched = 0
    unreachableFetch = async () => {
      fetched += 1
      throw new UntrustedFetchBusyError('too many fetches are running')
    }
    expect([(await open()).status, fetched]).toEqual([400, 1])
    const parameters = { grant_type: 'refresh_token', refresh_token: 'x', resource, client_id: clientId }
    expect([(await requestTokens(metadata, parameters)).status, fetched]).toEqual([503, 2])
  })

  it('is asked for once by many, and once more after half a minute', async () => {
    host.publish(path, { status: 404 })
    const pages = await Promise.all(Array.from({ length: 8 }, () => open()))
    expect(pages.every(({ status }) => status === 400)).toBe(true)
    expect((await open()).status).toBe(400)
    expect(fetches()).toBe(1)
    publish()
    server.advance(31)
    expect(isSignInPage(await open())).toBe(true)
    expect(fetches()).toBe(2)
  })

  it.each(['https://denied.example/client.json', 'https://a.b.denied.example/client.json'])(
    'is not even asked for when the operator does not want it: %s',
    async (id) => {
      const before = host.connections()
      const { port } = new URL(host.origin)
      const refused = id.replace('.example/', `.example:${port}/`)
      expect((await open(refused)).text).toContain('This server does not accept this program')
      const answer = await requestTokens(metadata, {
        grant_type: 'refresh_token',
        refresh_token: 'x',
        client_id: refused,
      })
      expect([answer.status, answer.error]).toEqual([401, 'invalid_client'])
      expect(host.connections()).toBe(before)
    },
  )

  it('is not asked for beyond the hosts that the operator lists, if there is a list', async () => {
    const clientHosts = { allowed: ['client.example', '*.partner.example'], denied: ['bad.partner.example'] }
    const choosy = await startServer('embedded', { untrustedFetch: host.untrustedFetch, clientHosts })
    const target = await discoverServer(choosy.issuer)
    const { port } = new URL(host.origin)
    const ask = async (hostname: string) => {
      const id = `https://${hostname}:${port}/client.json`
      const { url } = startAuthorization(target, { clientId: id, redirectUri, scope: 'notes:read', resource })
      return pageOf(await choosy.newBrowser().open(url)).text
    }
    const before = host.connections()
    for (const refused of ['other.example', 'www.client.example', 'partner.example', 'bad.partner.example'])
      expect(await ask(refused)).toContain('This server does not accept this program')
    expect(host.connections()).toBe(before)
    // Asked for, but not there under that name: its certificate is for another one.
    expect(await ask('good.partner.example')).toContain('We could not check this program')
    publish()
    const { url } = startAuthorization(target, { clientId, redirectUri, scope: 'notes:read', resource })
    expect(isSignInPage(pageOf(await choosy.newBrowser().open(url)))).toBe(true)
    await choosy.close()
  })
})
