/**
 * The website of a client: a real HTTPS server on loopback with a certificate of our own authority, whose documents a test
 * publishes, changes and breaks. Counts what reaches it.
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createUntrustedFetch } from '../../src/outbound/untrusted-fetch.js'
import { createAuthority } from '../outbound/certificates.js'
import { listenOn } from './opened.js'

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Text and bytes as they are, anything else as JSON. */
  readonly body?: unknown
  /** Never answers. */
  readonly hangs?: boolean
}

export interface DocumentHost {
  /** `https://client.example:PORT`. */
  readonly origin: string
  /** Sets what a path answers with from now on; `undefined`: nothing is there. Returns the URL. */
  publish(path: string, answer: Answer | undefined): string
  /** While set, every path answers with it. */
  breakDown(answer: Answer | undefined): void
  /** Ends what hangs. */
  release(): void
  /** Headers of the requests to a path, oldest first. */
  requests(path: string): readonly IncomingHttpHeaders[]
  /** Certificate of the authority that issued the host's, in PEM. */
  readonly ca: string
  /** TCP connections so far. */
  connections(): number
  /** The product's own fetch, trusting this host. Every name leads to loopback, `private.example` to 10.0.0.1. Waits for slow machines. */
  readonly untrustedFetch: typeof fetch
  /** The same, but gives up after one second: for answers that never come. */
  readonly impatientFetch: typeof fetch
  close(): Promise<void>
}

export async function startDocumentHost(): Promise<DocumentHost> {
  const authority = createAuthority()
  const answers = new Map<string, Answer>()
  const seen = new Map<string, IncomingHttpHeaders[]>()
  let broken: Answer | undefined
  const hanging: ServerResponse[] = []
  let connections = 0
  const server = createServer(authority.issue('client.example'), (request, response) => {
    const path = request.url ?? ''
    seen.set(path, [...(seen.get(path) ?? []), request.headers])
    const { status = 200, headers = {}, body = '', hangs = false } = broken ?? answers.get(path) ?? { status: 404 }
    if (hangs) {
      hanging.push(response)
      return
    }
    const isUnchanged =
      status === 200 && headers['etag'] !== undefined && request.headers['if-none-match'] === headers['etag']
    response.writeHead(isUnchanged ? 304 : status, { 'content-type': 'application/json', ...headers })
    const isRaw = typeof body === 'string' || body instanceof Uint8Array
    response.end(isUnchanged ? undefined : isRaw ? body : JSON.stringify(body))
  })
  server.on('connection', () => {
    connections += 1
  })
  await listenOn(server)
  const fetchWithin = (timeoutMs: number) =>
    createUntrustedFetch({
      timeoutMs,
      maxBytes: 65_536,
      maxConcurrent: 20,
      maxConcurrentPerHost: 10,
      allowLoopback: true,
      ca: authority.cert,
      resolve: async (name) => [{ address: name === 'private.example' ? '10.0.0.1' : '127.0.0.1', family: 4 }],
    })
  const origin = `https://client.example:${(server.address() as AddressInfo).port}`
  return {
    origin,
    publish: (path, answer) => {
      if (answer === undefined) answers.delete(path)
      else answers.set(path, answer)
      return `${origin}${path}`
    },
    breakDown: (answer) => {
      broken = answer
    },
    release: () => {
      for (const response of hanging.splice(0)) response.destroy()
    },
    requests: (path) => seen.get(path) ?? [],
    ca: authority.cert,
    connections: () => connections,
    untrustedFetch: fetchWithin(60_000),
    impatientFetch: fetchWithin(1_000),
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

/** A document as Claude Code and Zed have it: loopback redirects without a port, no application_type, no more than needed. */
export function clientDocument(
  clientId: string,
  changes: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    client_id: clientId,
    client_name: 'Command line client',
    client_uri: 'https://client.example',
    redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    scope: 'notes:read offline_access',
    ...changes,
  }
}
