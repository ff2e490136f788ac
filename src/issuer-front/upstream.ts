/** The endpoints of the upstream server, and form requests to them. */

import { OAuthError } from '../oauth/errors.js'
import { canParseUrl } from '../oauth/url.js'
import type { IssuerDocument } from '../resource-server/discovery.js'
import { upstreamUnavailable } from './answers.js'
import { readText } from './body.js'
import type { IssuerFrontOptions } from './options.js'

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

/** Throws `temporarily_unavailable` while it is not available. */
export async function upstreamDocument({ upstream }: IssuerFrontOptions): Promise<IssuerDocument> {
  return upstream.document().catch((cause: unknown) => {
    throw upstreamUnavailable(cause instanceof OAuthError ? (cause.detail ?? cause.message) : String(cause), cause)
  })
}

export function endpointIn(document: IssuerDocument, member: string): string | undefined {
  const value = document[member]
  return typeof value === 'string' && /^https?:\/\//.test(value) && canParseUrl(value) ? value : undefined
}

export interface UpstreamAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** For one exchange with the upstream server, whatever `fetch` allows: the person or program in front waits as long. */
const timeoutMs = 15_000
const longestAnswer = 1_048_576

/**
 * POSTs and reads a JSON object back. A fault or outage of the server is `temporarily_unavailable`, never an OAuth error. What is sent
 * are codes, tokens and secrets, the operator's among them: a redirect is such a fault, or they would follow it to anybody.
 */
export async function post(
  options: IssuerFrontOptions,
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<UpstreamAnswer> {
  try {
    const response = await options.fetch(url, {
      method: 'POST',
      headers: { accept: 'application/json', ...headers },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await readText(response, longestAnswer)
    if (text === undefined) throw new Error(`the answer is longer than ${longestAnswer} bytes`)
    const parsed: unknown = text.trim() === '' ? {} : JSON.parse(text)
    if (response.status >= 500 || response.status === 429) throw new Error(`status ${response.status}`)
    if (!isObject(parsed)) throw new Error('no JSON object')
    return { status: response.status, body: parsed }
  } catch (cause) {
    throw upstreamUnavailable(`${new URL(url).pathname}: ${String(cause)}`, cause)
  }
}
