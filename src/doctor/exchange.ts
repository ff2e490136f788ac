/** Reads responses. */
import type { Answer, Exchange, ProbeRequest } from './diagnostic-network.js'

export type JsonObject = Readonly<Record<string, unknown>>

/** Why an address gave no JSON object. */
export type DocumentFlaw =
  | 'silence'
  | 'redirect'
  | 'absent'
  | 'forbidden'
  | 'server-error'
  | 'html'
  | 'not-json'
  | 'too-long'

export type Reading = { readonly document: JsonObject } | { readonly flaw: DocumentFlaw }

export function isAnswer(exchange: Exchange | undefined): exchange is Answer {
  return exchange !== undefined && 'status' in exchange
}

/** The answer, when there is one. */
export function answerOf(exchange: Exchange | undefined): Answer | undefined {
  return isAnswer(exchange) ? exchange : undefined
}

export function isRedirect({ status }: Answer): boolean {
  return status >= 300 && status < 400 && status !== 304
}

export function isHtml(answer: Answer): boolean {
  return /html/i.test(answer.headers.get('content-type') ?? '') || /^\s*<(!doctype|html)/i.test(answer.body)
}

/** Text nested too deeply to be serialised again counts as invalid JSON. */
function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    JSON.stringify(value)
    return value
  } catch {
    return undefined
  }
}

/** The body as a JSON object, whatever its status and type. */
export function jsonOf({ body }: Answer): JsonObject | undefined {
  const value = parse(body)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
}

/** Reads a published document as clients do: 200, not redirected, one JSON object. */
export function readDocument(exchange: Exchange): Reading {
  if (!isAnswer(exchange)) return { flaw: 'silence' }
  const { status } = exchange
  if (isRedirect(exchange)) return { flaw: 'redirect' }
  if (status >= 500) return { flaw: 'server-error' }
  if (status === 401 || status === 403) return { flaw: 'forbidden' }
  if (status !== 200) return { flaw: 'absent' }
  if (!exchange.isWhole) return { flaw: 'too-long' }
  const document = jsonOf(exchange)
  if (document !== undefined) return { document }
  return { flaw: isHtml(exchange) ? 'html' : 'not-json' }
}

/** `error` of an OAuth error answer (RFC 6749 §5.2): a string in a JSON object. */
export function oauthErrorOf(answer: Answer): string | undefined {
  const error = jsonOf(answer)?.['error']
  return typeof error === 'string' ? error : undefined
}

function nameRequest({ method, url }: ProbeRequest): string {
  return `${method} ${url}`
}

/** The answer when it is an OAuth endpoint's refusal: 404 and 500 come from something else, whatever their body says. */
export function oauthRefusalOf(exchange: Exchange | undefined): Answer | undefined {
  const answer = answerOf(exchange)
  if (answer === undefined || (answer.status !== 400 && answer.status !== 401)) return undefined
  return oauthErrorOf(answer) === undefined ? undefined : answer
}

/** One line with the request and the response. */
export function describeExchange(exchange: Exchange): string {
  const asked = nameRequest(exchange.request)
  if (!isAnswer(exchange)) return `${asked}: ${exchange.detail}`
  const location = exchange.headers.get('location')
  const type = exchange.headers.get('content-type')
  return `${asked}: ${exchange.status}${location === null ? '' : ` to ${location}`}${type === null ? '' : ` (${type})`}`
}

/** The same with the beginning of the body. */
export function describeBody(answer: Answer): string {
  return `${describeExchange(answer)}: ${answer.body.slice(0, 160)}`
}

export function stringIn(document: JsonObject, name: string): string | undefined {
  const value = document[name]
  return typeof value === 'string' ? value : undefined
}

/** The strings of a list; `undefined` when the member is absent or no list. */
export function stringsIn(document: JsonObject, name: string): readonly string[] | undefined {
  const value = document[name]
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : undefined
}
