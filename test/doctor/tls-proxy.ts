/** A reverse proxy as operators run it: ends TLS for several hosts on one port and passes everything on, Host as it came. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:https'
import type { Certificate } from '../outbound/certificates.js'
import { listenOn } from '../support/opened.js'

export interface TlsProxy {
  close(): Promise<void>
}

/** What a proxy sends on; `localAddress`: where it connects from. */
export interface SentOn {
  readonly headers: IncomingHttpHeaders
  readonly localAddress?: string
}

function asItShould(headers: IncomingHttpHeaders): SentOn {
  return { headers: { ...headers, 'x-forwarded-host': headers.host, 'x-forwarded-proto': 'https' } }
}

/** `backends`: host name → port on loopback. */
export async function startTlsProxy(
  port: number,
  certificate: Certificate,
  backends: Readonly<Record<string, number>>,
  sendOn: (headers: IncomingHttpHeaders) => SentOn = asItShould,
): Promise<TlsProxy> {
  const server = createServer(certificate, (incoming, outgoing) => {
    const backend = backends[(incoming.headers.host ?? '').split(':')[0] ?? '']
    const target = { host: '127.0.0.1', port: backend, method: incoming.method, path: incoming.url }
    const options = { ...target, ...sendOn(incoming.headers) }
    const forwarded = httpRequest(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    forwarded.once('error', () => outgoing.writeHead(502).end())
    incoming.pipe(forwarded)
  })
  await listenOn(server, port)
  return {
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
