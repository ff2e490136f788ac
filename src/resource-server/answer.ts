/** Complete HTTP responses, for adapters to copy. */
import type { OAuthError } from '../oauth/errors.js'
import type { Refusal } from './bearer.js'
import { corsHeaders, preflightHeaders } from './cors.js'
import { parseError } from './json-body.js'
import type { PublishedDocument } from './metadata.js'
import { headerOf, type RequestValues } from './request.js'

export interface Answer {
  readonly status: number
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Text to send unchanged; '' for none. Servers omit it for HEAD requests. */
  readonly body: string
  /** Why the request was refused, for the log: code, public message and `detail`. Absent if it only lacked a token. */
  readonly error?: OAuthError
}

export function answerOf({ status, headers, body, error }: Refusal): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    ...(error !== undefined && { error }),
  }
}

/** For errors without a challenge. */
export function errorRefusal(error: OAuthError): Refusal {
  return { status: error.status, headers: { 'cache-control': 'no-store' }, body: error.toJSON(), error }
}

/** Response to a body that is not JSON. */
export function parseErrorAnswer(malformed: string): Answer {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status: 400, headers, body: JSON.stringify(parseError(malformed)) }
}

/** RFC 9110 §13.1.2: weak comparison. */
function isCurrent(ifNoneMatch: string, etag: string): boolean {
  const named = ifNoneMatch.split(',').map((one) => one.trim().replace(/^W\//, ''))
  return named.includes(etag) || named.includes('*')
}

/** A published document, or 304 if the client has it, or 405 for methods that do not read. */
export function documentAnswer(request: RequestValues, document: PublishedDocument): Answer {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, headers: { allow: 'GET, HEAD, OPTIONS' }, body: '' }
  if (!isCurrent(headerOf(request, 'if-none-match'), document.etag))
    return { status: 200, headers: document.headers, body: document.body }
  const { 'content-type': _, ...headers } = document.headers
  return { status: 304, headers, body: '' }
}

/** Response to OPTIONS. */
export function preflightAnswer(request: RequestValues): Answer {
  return { status: 204, headers: preflightHeaders(headerOf(request, 'access-control-request-headers')), body: '' }
}

/** Lets pages of other origins read the response. */
export function readableByPages(answer: Answer): Answer {
  return { ...answer, headers: { ...corsHeaders, ...answer.headers } }
}
