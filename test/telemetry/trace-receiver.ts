/** A collector of traces on loopback: takes OTLP over HTTP, keeps what comes. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { listenOn } from '../support/opened.js'

const attributeSchema = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })
const spanSchema = z.looseObject({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes: z.array(attributeSchema),
})
const exportSchema = z.object({
  resourceSpans: z.array(
    z.looseObject({
      resource: z.looseObject({ attributes: z.array(attributeSchema) }),
      scopeSpans: z.array(z.looseObject({ spans: z.array(spanSchema) })),
    }),
  ),
})
export type ReceivedSpan = z.infer<typeof spanSchema>

export interface TraceReceiver {
  readonly url: string
  /** Bodies as they came, with their content type. */
  readonly bodies: readonly { readonly contentType: string; readonly body: Buffer }[]
  /** Of all JSON bodies. */
  spans(): readonly ReceivedSpan[]
  resources(): readonly z.infer<typeof attributeSchema>[]
  close(): Promise<void>
}

export async function startTraceReceiver(): Promise<TraceReceiver> {
  const bodies: { contentType: string; body: Buffer }[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    bodies.push({ contentType: request.headers['content-type'] ?? '', body: Buffer.concat(chunks) })
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await listenOn(server)
  const { port } = server.address() as AddressInfo
  const exported = () => bodies.flatMap(({ body }) => exportSchema.parse(JSON.parse(body.toString())).resourceSpans)
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    bodies,
    spans: () => exported().flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    resources: () => exported().flatMap(({ resource }) => resource.attributes),
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
