/** Reads small request bodies: our own forms, and parameters that are rewritten before the engine reads them. */
import type { IncomingMessage } from 'node:http'
import { OAuthError } from '../oauth/errors.js'
import type { HttpContext } from './http.js'

/** The whole body. Throws `invalid_request` with status 413 as soon as it is longer than `limit` bytes. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > limit) throw new OAuthError('invalid_request', 'the request body is too large', { status: 413 })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A posted form (application/x-www-form-urlencoded, at most 16 KiB). Anything else is `invalid_request`. */
export async function readForm(ctx: HttpContext): Promise<URLSearchParams> {
  if (ctx.is('application/x-www-form-urlencoded') === false) {
    throw new OAuthError('invalid_request', 'only forms can be posted here', { status: 415 })
  }
  return new URLSearchParams((await readBody(ctx.req, 16_384)).toString('utf8'))
}
