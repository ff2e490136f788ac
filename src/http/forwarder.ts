/**
 * Forwards a POST to another server of this program and returns its response (RFC 9110 §7.6). Bodies are streamed and limited in size, only
 * listed headers are passed, and time is limited. The URL comes from the caller and never from the client, so this is not an open proxy.
 * Does not decide which requests may pass.
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
  /** Shared with the target if it runs in this process (`HttpBaseOptions.forwarderSecret`). */
  readonly secret?: string | undefined
  /** Connects to a server in this process (`in-process-route.ts`). Absent: over the network. */
  readonly dispatcher?: (() => Promise<Dispatcher>) | undefined
}

/** Answers `ctx` with the response of `url` to the same body; the query is not forwarded. */
export type Forward = (ctx: HttpContext, url: string) => Promise<void>

/** Headers that an OAuth endpoint reads. These are allow-lists, so that no cookie, Host or forwarding header ever passes. */
const requestHeaders: readonly string[] = [
  'accept',
  'authorization',
  'content-type',
  'dpop',
  'user-agent',
  // They say whether a page of another site caused the request, and which (Fetch Metadata). No page can forge them, and a program could
  // forge them at the target as well.
  'origin',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
]
const answerHeaders: readonly string[] = ['content-type', 'dpop-nonce', 'retry-after', 'www-authenticate']

/** This server's pseudonym in `Via` (RFC 9110 §7.6.3). */
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

/** Headers that a Connection header names are for one hop only and are not forwarded (RFC 9110 §7.6.1). */
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

/** Aborts if the client closes the connection before it has the response. */
function clientGone(ctx: HttpContext): AbortSignal {
  const gone = new AbortController()
  ctx.res.once('close', () => {
    if (!ctx.res.writableFinished) gone.abort()
  })
  return gone.signal
}

export function createForwarder(options: ForwarderOptions): Forward {
  // A new connection for each request: a kept-alive connection could close during a POST, which must not be sent twice.
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
        // A single entry made here: the client's own header is not trusted.
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
    // The response came before the whole request arrived (see closeUnread in http.ts, which would be too late for a forwarded response).
    if (!ctx.req.complete) ctx.set('connection', 'close')
    ctx.respond = false
    const exceeded = () => new Error('the answer is too large')
    // Aborts in the middle, so that nobody takes a partial response for a complete one.
    await pipeline(capped(answer, options.maxAnswerBytes, exceeded), ctx.res).catch((error: unknown) => {
      ctx.state.event.errorDetail = `the answer was cut off: ${String(error)}`
    })
  }
}
