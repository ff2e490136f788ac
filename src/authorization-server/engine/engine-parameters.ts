/**
 * What the engine reads of a request. Some of it is not as the client wrote it: a resource has several spellings and the engine compares
 * one, `scope` means more here than the engine knows, and a code is typed in many ways. The engine has no hook between reading the
 * parameters and judging them, so they are written where it reads them: the query, or the stream of the body. Path and method stay.
 */
import type { HttpContext } from '../../http/context.js'

/** The engine's supported way, `req.body`, prints a warning at first use. These are the members that its body reader asks for. */
function replaceBody({ req }: HttpContext, body: Buffer): void {
  req.headers['content-length'] = String(body.length)
  delete req.headers['transfer-encoding']
  Object.defineProperty(req, 'readable', { value: true, configurable: true })
  Object.defineProperty(req, 'iterator', { value: () => [body].values() })
}

/** Makes the engine read these parameters, whatever came. Of a POST the body must have been read already. */
export function giveParameters(ctx: HttpContext, parameters: URLSearchParams): void {
  if (ctx.method === 'POST') replaceBody(ctx, Buffer.from(parameters.toString()))
  else ctx.querystring = parameters.toString()
}
