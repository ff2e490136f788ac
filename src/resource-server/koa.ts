/** The Koa adapter: copies what the neutral core decided to a Koa context. No decision is made here. */
import type { Context, Middleware } from 'koa'
import type { Answer } from './answer.js'
import { type Admission, admit, type ProtectedRequest } from './node-admission.js'
import type { ResourceServer } from './resource-server.js'

/** What `protect` leaves on `ctx.state` for the middleware after it; `ctx.req` has the same, where servers on the MCP SDK look. */
export type ProtectedState = Admission

/** Answers as the core decided. */
export function answerWith(ctx: Pick<Context, 'status' | 'set' | 'body'>, { status, headers, body }: Answer): void {
  // In this order: an empty body makes Koa choose a status of its own, and a text a type.
  ctx.body = body === '' ? null : body
  ctx.status = status
  ctx.set({ ...headers })
}

/** Answers metadata requests; all others go on, without a token. For apps in which only a part is protected. */
export function publishMetadata(server: ResourceServer): Middleware {
  return async (ctx, next) => {
    const answer = server.publish({ method: ctx.method, url: ctx.originalUrl, headers: ctx.headers })
    if (answer === undefined) await next()
    else answerWith(ctx, answer)
  }
}

/** Lets a request pass only with a valid token; also answers metadata requests. `onRefusal` is called for the log. */
export function protect<State>(
  server: ResourceServer,
  onRefusal?: (state: State, answer: Answer) => void,
): Middleware<State & ProtectedState> {
  return async (ctx, next) => {
    // Where body parsers of Koa leave it.
    const parsed: unknown = Reflect.get(ctx.request, 'body')
    const request = parsed === undefined ? ctx.req : Object.assign(ctx.req, { body: parsed })
    const answer = await admit(server, request, ctx.res, ctx.originalUrl)
    if (answer !== undefined) {
      if (answer.status >= 400) onRefusal?.(ctx.state, answer)
      return answerWith(ctx, answer)
    }
    const { auth, accessToken, authorized, body } = request as ProtectedRequest
    Object.assign(ctx.state, { auth, accessToken, authorized, body })
    await next()
  }
}
