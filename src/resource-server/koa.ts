/** The Koa adapter: copies what the neutral core decided to a Koa context. No decision is made here. */
import type { Context, Middleware } from 'koa'
import type { AccessToken } from './access-token.js'
import { authenticate, type BearerOptions, type Refusal } from './bearer.js'
import type { PublishedDocument } from './metadata.js'

/** What `bearerGuard` leaves for the middleware after it. */
export interface BearerState {
  accessToken: AccessToken
}

/** Answers with a refusal, body and headers as given. */
export function answerRefusal(ctx: Pick<Context, 'status' | 'set' | 'body'>, refusal: Refusal): void {
  ctx.status = refusal.status
  ctx.set({ ...refusal.headers })
  ctx.body = refusal.body
}

/**
 * Lets a request pass only with a valid token, put on `ctx.state.accessToken`. `onRefusal` is told, for the log. The app must have
 * pinned protocol and host to its public origin, which proofs are made for.
 */
export function bearerGuard<State>(
  options: BearerOptions,
  onRefusal?: (state: State, refusal: Refusal) => void,
): Middleware<State & BearerState> {
  return async (ctx, next) => {
    const presented = {
      authorization: ctx.get('authorization'),
      dpop: ctx.get('dpop'),
      method: ctx.method,
      url: `${ctx.protocol}://${ctx.host}${ctx.path}`,
    }
    const result = await authenticate(presented, options)
    if ('accessToken' in result) {
      ctx.state.accessToken = result.accessToken
      return next()
    }
    onRefusal?.(ctx.state, result.refusal)
    answerRefusal(ctx, result.refusal)
  }
}

/** Answers with a published document, or 304 when the client has it already. */
export function answerDocument(ctx: Context, document: PublishedDocument): void {
  ctx.status = 200
  ctx.set({ ...document.headers })
  if (ctx.fresh) ctx.status = 304
  else ctx.body = document.body
}
