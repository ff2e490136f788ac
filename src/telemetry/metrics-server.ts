/** The port that Prometheus scrapes: `GET /metrics` and nothing else, without authentication. It must not be on a public network. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ListeningServer, listen } from '../http/http.js'
import type { Metrics } from './metrics.js'

type Scraped = Pick<Metrics, 'exposition'>

async function answer(metrics: Scraped, { method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
  if (url?.split('?', 1)[0] !== '/metrics') return void response.writeHead(404).end()
  if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
  const { contentType, text } = await metrics.exposition()
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(text)
}

/** Listens on its own port. Rejects with a one-line error if the port is taken. */
export function serveMetrics(metrics: Scraped, host: string, port: number): Promise<ListeningServer> {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(metrics, request, response).catch(() => response.writeHead(500).end())
  }
  return listen({ callback: () => listener }, host, port)
}
