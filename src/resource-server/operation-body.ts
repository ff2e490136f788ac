/**
 * The step between a valid token and the handler, if the settings have rules for operations: reads the body once and checks its operations.
 */
import type { IncomingMessage } from 'node:http'
import { OAuthError } from '../oauth/errors.js'
import { type Answer, answerOf, errorRefusal, parseErrorAnswer } from './answer.js'
import type { AuthorizedRequest } from './guarded-resource.js'
import { readJsonBody } from './json-body.js'

/** The parsed body of a request that may be served, or the response to send instead. */
export type JudgedBody = { readonly json: unknown } | { readonly answer: Answer }

/** `chunks`: the body, of which at most 1 MiB is read. `declaredBytes`: its Content-Length, if any. */
export async function judgeBody(
  { authorize, headers }: AuthorizedRequest,
  chunks: AsyncIterable<unknown>,
  declaredBytes?: string | null,
): Promise<JudgedBody> {
  const withHeaders = (answer: Answer) => ({ answer: { ...answer, headers: { ...headers, ...answer.headers } } })
  try {
    const body = await readJsonBody(chunks, declaredBytes)
    if ('malformed' in body) return withHeaders(parseErrorAnswer(body.malformed))
    const answer = await authorize(body.json)
    return answer === undefined ? body : { answer }
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error
    return withHeaders(answerOf(errorRefusal(error)))
  }
}

async function* bytesOf(text: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield typeof text === 'string' ? new TextEncoder().encode(text) : text
}

/**
 * The same for a Node request, whose body a parser may have read before: `parsed` is used only in that case, because otherwise the handler
 * could read a body that was not checked.
 */
export async function judgeNodeBody(
  authorized: AuthorizedRequest,
  request: IncomingMessage,
  parsed: unknown,
): Promise<JudgedBody> {
  if (!request.readableDidRead) return judgeBody(authorized, request, request.headers['content-length'])
  if (typeof parsed === 'string' || parsed instanceof Uint8Array) return judgeBody(authorized, bytesOf(parsed))
  const answer =
    parsed === undefined ? parseErrorAnswer('the request body was lost') : await authorized.authorize(parsed)
  return answer === undefined ? { json: parsed } : { answer }
}
