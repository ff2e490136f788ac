/**
 * The suite cannot send an Authorization header, so it talks to a proxy that adds one and changes nothing else. The MCP server's
 * canonical URL is the proxy's, as behind any reverse proxy, so Host and Origin go through untouched.
 */
import { createServer, request as httpRequest } from 'node:http'
import { pipeline } from 'node:stream'
import { listenOn } from '../../support/opened.js'

export interface TokenProxy {
  readonly origin: string
  /** Says where requests go and with which token; before that they are answered 503. */
  forwardTo(port: number, token: string): void
  close(): Promise<void>
}

export async function startTokenProxy(): Promise<TokenProxy> {
  let target: { readonly port: number; readonly token: string } | undefined
  const server = createServer((request, response) => {
    if (target === undefined) {
      response.writeHead(503).end()
      return
    }
    const { method, url: path } = request
    const headers = { ...request.headers, authorization: `Bearer ${target.token}` }
    const forwarded = httpRequest({ host: '127.0.0.1', port: target.port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      pipeline(answer, response, () => undefined)
    })
    forwarded.on('error', () => response.destroy())
    // A client that hangs up must be seen to hang up: closing the stream is how it cancels.
    response.once('close', () => forwarded.destroy())
    request.pipe(forwarded)
  })
  await listenOn(server)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    origin: `http://localhost:${address.port}`,
    forwardTo: (port, token) => {
      target = { port, token }
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
