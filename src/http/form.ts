/** Reads small request bodies: forms of the pages, and parameters that are rewritten before the engine reads them. */
import type { IncomingMessage } from 'node:http'
import { OAuthError } from '../oauth/errors.js'
import type { HttpContext } from './context.js'

/** The whole body. Throws `invalid_request` with status 413 as soon as it is longer than `limit` bytes. */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  // Not `for await`, which costs as much as a query: this runs for every token request.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= limit) return void chunks.push(chunk)
      request.pause().removeAllListeners('data')
      reject(new OAuthError('invalid_request', 'the request body is too large', { status: 413 }))
    })
    request.once('end', () => resolve(Buffer.concat(chunks, length)))
    request.once('error', reject)
    request.once('close', () => {
      // `close` follows every request, and creating an error costs its stack trace.
      if (!request.readableEnded) reject(new Error('the connection was closed'))
    })
  })
}

const forms = new WeakMap<IncomingMessage, Promise<URLSearchParams>>()

/**
 * A posted form (application/x-www-form-urlencoded, at most 16 KiB). Anything else is `invalid_request`. Reads the body once: a second call
 * gets the same form.
 */
export function readForm(ctx: HttpContext): Promise<URLSearchParams> {
  const known = forms.get(ctx.req)
  if (known !== undefined) return known
  const form = parseForm(ctx)
  forms.set(ctx.req, form)
  return form
}

async function parseForm(ctx: HttpContext): Promise<URLSearchParams> {
  if (ctx.is('application/x-www-form-urlencoded') === false) {
    throw new OAuthError('invalid_request', 'only forms can be posted here', { status: 415 })
  }
  return new URLSearchParams((await readBody(ctx.req, 16_384)).toString('utf8'))
}
