/**
 * Passes a POST on to a server of our own and its answer back (RFC 9110 §7.6): bodies stream and are capped, few headers go
 * through, time is limited. The URL is the caller's and never the client's, so this is no open proxy. Does not decide which
 * requests may pass.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Agent, type Dispatcher, request } from 'undici'
import { OAuthError } from '../oauth/errors.js'
import { forwarderHeader } from './client-address.js'
import type { HttpContext } from './context.js'
import { isCutOff } from './http.js'

export interface ForwarderOptions {
  /** For the whole exchange, both bodies included. */
  readonly timeoutMs: number
  readonly maxRequestBytes: number
  readonly maxAnswerBytes: number
  /** Shared with the target when it runs in this process (`HttpBaseOptions.forwarderSecret`). */
  readonly secret?: string | undefined
  /** Leads to a server in this process (`in-process-route.ts`). Absent: over the network. */
  readonly dispatcher?: (() => Promise<Dispatcher>) | undefined
}

/** Answers `ctx` with what `url` answers to the same body; the query is not passed on. */
export type Forward = (ctx: HttpContext, url: string) => Promise<void>

/** Headers that an OAuth endpoint reads. These are allow-lists, so that no cookie, Host or forwarding header ever passes. */
const requestHeaders: readonly string[] = [
  'accept',
  'authorization',
  'content-type',
  'dpop',
  'user-agent',
  // Whether a page of another site made the browser send it (Fetch Metadata), and which. No page can forge them, and a program no more
  // than it can at the target itself.
  'origin',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
]
const answerHeaders: readonly string[] = ['content-type', 'dpop-nonce', 'retry-after', 'www-authenticate']

/** How this server calls itself in `Via` (RFC 9110 §7.6.3). */
const pseudonym = 'gatehouse-forwarder'

function tooLarge(): OAuthError {
  return new OAuthError('invalid_request', 'the request body is too large', { status: 413 })
}

async function* capped(source: AsyncIterable<Buffer>, maxBytes: number, exceeded: () => Error): AsyncGenerator<Buffer> {
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > maxBytes) throw exceeded()
    yield chunk
  }
}

/** Headers that a Connection header names belong to one hop and end with it (RFC 9110 §7.6.1). */
function passedOn(ctx: HttpContext): Record<string, string> {
  const ofThisHop = new Set(
    ctx
      .get('connection')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  )
  const named = requestHeaders.filter((name) => !ofThisHop.has(name) && ctx.get(name) !== '')
  return Object.fromEntries(named.map((name) => [name, ctx.get(name)]))
}

function unreachable(status: 502 | 504, cause: unknown): OAuthError {
  const detail = `forwarding failed: ${cause instanceof Error ? cause.message : String(cause)}`
  return new OAuthError('temporarily_unavailable', 'the upstream server does not answer', {
    status,
    detail,
    cause,
  })
}

/** Aborts when the client goes away before it has its answer. */
function clientGone(ctx: HttpContext): AbortSignal {
  const gone = new AbortController()
  ctx.res.once('close', () => {
    if (!ctx.res.writableFinished) gone.abort()
  })
  return gone.signal
}

export function createForwarder(options: ForwarderOptions): Forward {
  // A connection for each request: one kept open could die under a POST, which must not be sent twice.
  const network = options.dispatcher === undefined ? new Agent({ pipelining: 0 }) : undefined

  async function ask(ctx: HttpContext, url: string, signal: AbortSignal) {
    const dispatcher = network ?? (await options.dispatcher?.())
    const { body: answer, ...head } = await request(url, {
      ...(dispatcher !== undefined && { dispatcher }),
      method: 'POST',
      headers: {
        ...passedOn(ctx),
        'accept-encoding': 'identity',
        via: `1.1 ${pseudonym}`,
        // One entry, made here: what the client sent under this name is worth nothing.
        'x-forwarded-for': ctx.state.clientAddress,
        ...(options.secret === undefined ? {} : { [forwarderHeader]: options.secret }),
      },
      body: Readable.from(capped(ctx.req, options.maxRequestBytes, tooLarge)),
      signal,
    })
    if (head.statusCode >= 200 && (head.statusCode < 300 || head.statusCode >= 400)) return { answer, ...head }
    await answer.dump()
    throw new Error(`it answered ${head.statusCode}`)
  }

  return async (ctx, url) => {
    if (ctx.get('via').includes(pseudonym)) {
      throw new OAuthError('server_error', 'the request was forwarded in a loop', { status: 508 })
    }
    if (Number(ctx.get('content-length')) > options.maxRequestBytes) throw tooLarge()
    const gone = clientGone(ctx)
    const timeout = AbortSignal.timeout(options.timeoutMs)
    const { answer, statusCode, headers } = await ask(ctx, url, AbortSignal.any([gone, timeout])).catch(
      (error: unknown) => {
        if (error instanceof OAuthError) throw error
        if (gone.aborted || isCutOff(ctx.req))
          throw new OAuthError('invalid_request', 'the client went away', { cause: error })
        ctx.set('retry-after', '2')
        throw unreachable(timeout.aborted ? 504 : 502, error)
      },
    )
    ctx.status = statusCode
    for (const name of answerHeaders) {
      const value = headers[name]
      if (value !== undefined) ctx.set(name, value)
    }
    ctx.set('cache-control', 'no-store')
    // Answered before all of it arrived (see closeUnread in http.ts, which comes too late for an answer that is handed through).
    if (!ctx.req.complete) ctx.set('connection', 'close')
    ctx.respond = false
    const exceeded = () => new Error('the answer is too large')
    // Cut off half-way, so that nobody takes a part for the whole.
    await pipeline(capped(answer, options.maxAnswerBytes, exceeded), ctx.res).catch((error: unknown) => {
      ctx.state.event.errorDetail = `the answer was cut off: ${String(error)}`
    })
  }
}
