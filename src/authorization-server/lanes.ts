/** Which middleware a request goes through, by its path. */
import compose from 'koa-compose'
import type { HttpMiddleware } from '../http/context.js'

/** Middleware for the paths that have their own, `others` for the rest, and `last` behind all of them. */
export function inLanes(
  lanes: readonly { readonly paths: readonly string[]; readonly middleware: readonly HttpMiddleware[] }[],
  others: readonly HttpMiddleware[],
  last: readonly HttpMiddleware[],
): HttpMiddleware {
  const composed = new Map(
    lanes.flatMap(({ paths, middleware }) => {
      const lane = compose([...middleware, ...last])
      return paths.map((path) => [path, lane] as const)
    }),
  )
  const rest = compose([...others, ...last])
  return (ctx, next) => (composed.get(ctx.path) ?? rest)(ctx, next)
}
