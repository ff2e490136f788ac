/** The Koa adapter: copies the core's decision to the Koa context. Makes no decision. */
import type { Context, Middleware } from 'koa'
import type { Answer } from './answer.js'
import { type Admission, admit, type ProtectedRequest } from './node-admission.js'
import type { ResourceServer } from './resource-server.js'

/** Set by `protect` on `ctx.state`, and on `ctx.req`, where servers on the MCP SDK read it. */
export type ProtectedState = Admission

/** Sends a response of the core. */
export function answerWith(ctx: Pick<Context, 'status' | 'set' | 'body'>, { status, headers, body }: Answer): void {
  // In this order, because Koa sets its own status for an empty body, and its own type for text.
  ctx.body = body === '' ? null : body
  ctx.status = status
  ctx.set({ ...headers })
}

/** Answers metadata requests and passes all others on without checking a token. For apps that are only partly protected. */
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
    // Koa's body parsers put the body there.
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
