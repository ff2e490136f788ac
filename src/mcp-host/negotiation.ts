/**
 * Negotiates the format of a JSON-RPC response: JSON or an event stream, by the Accept header (RFC 9110 §12.5.1). The SDK accepts only
 * requests that name both literally; many clients send a wildcard, one of the two, or nothing.
 */
import type { HttpContext } from '../http/context.js'

export interface AcceptedForms {
  readonly json: boolean
  readonly eventStream: boolean
}

const eventStream = 'text/event-stream'

/**
 * The formats that the client accepts. If it names neither, the header is ignored: RFC 9110 §12.5.1 leaves that to the server, and a
 * refusal would help nobody.
 */
export function acceptedForms(ctx: HttpContext): AcceptedForms {
  // A media range with a charset matches only a type with that charset.
  const accepts = (type: string) => ctx.accepts(type, `${type};charset=utf-8`) !== false
  const forms = { json: accepts('application/json'), eventStream: accepts(eventStream) }
  return forms.json || forms.eventStream ? forms : { json: true, eventStream: true }
}

/** The request as the SDK sees it, with replaced headers. Its body is already parsed. */
export const sdkHeaders = { accept: `application/json, ${eventStream}` } as const

function isResponse(message: unknown): boolean {
  return typeof message === 'object' && message !== null && ('result' in message || 'error' in message)
}

/** The JSON of each event of a whole stream (HTML standard, "server-sent events"). */
function messagesIn(stream: string): unknown[] {
  return stream.split(/\r?\n\r?\n/).flatMap((event) => {
    const data = event
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice('data:'.length).replace(/^ /, ''))
      .join('\n')
    return data === '' ? [] : [JSON.parse(data) as unknown]
  })
}

function withBody({ status, headers }: Response, type: string, body: string): Response {
  const kept = new Headers(headers)
  kept.set('content-type', type)
  kept.delete('content-length')
  return new Response(body, { status, headers: kept })
}

/**
 * The response in a format that the client accepts. An event stream becomes JSON once it has ended; its progress notifications are lost.
 * `isBatch`: the request was a batch, and so is its response.
 */
export async function inAcceptedForm(response: Response, accepted: AcceptedForms, isBatch: boolean): Promise<Response> {
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith(eventStream) && !accepted.eventStream) {
    const answers = messagesIn(await response.text()).filter(isResponse)
    return withBody(response, 'application/json', JSON.stringify(isBatch ? answers : answers[0]))
  }
  if (type.startsWith('application/json') && !accepted.json && response.status === 200) {
    return withBody(response, eventStream, `event: message\ndata: ${await response.text()}\n\n`)
  }
  return response
}
