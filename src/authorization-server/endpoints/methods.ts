/** The table of routes and their methods. Any other method is answered 405 with `Allow`. */

import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { OAuthError } from '../../oauth/errors.js'
import { createRouteTemplates } from '../../telemetry/route-templates.js'
import { accountPath, connectPath, revocationFeedPath, routes, wellKnownPaths } from '../routes.js'

/** Features that can be switched off. Their routes then answer 404. */
export interface OfferedRoutes {
  readonly registration: boolean
  readonly deviceFlow: boolean
}

type MethodTable = Readonly<Record<string, readonly string[]>>

const always: MethodTable = {
  ...Object.fromEntries(wellKnownPaths.map((path) => [path, ['GET']])),
  [routes.jwks]: ['GET'],
  [routes.authorization]: ['GET', 'POST'],
  [`${routes.authorization}/:uid`]: ['GET'],
  [routes.pushed_authorization_request]: ['POST'],
  [routes.token]: ['POST'],
  [routes.introspection]: ['POST'],
  [routes.revocation]: ['POST'],
  [routes.userinfo]: ['GET', 'POST'],
  [routes.end_session]: ['GET', 'POST'],
  [`${routes.end_session}/confirm`]: ['POST'],
  [`${routes.end_session}/success`]: ['GET'],
  [revocationFeedPath]: ['POST'],
  '/': ['GET'],
  [connectPath]: ['GET'],
  [`${connectPath}/:id`]: ['GET'],
  [accountPath]: ['GET'],
  [`${accountPath}/:section`]: ['GET'],
  [`${accountPath}/sign-in`]: ['GET', 'POST'],
  [`${accountPath}/sign-out`]: ['POST'],
  [`${accountPath}/:section/:step`]: ['GET', 'POST'],
  '/setup': ['GET', 'POST'],
  '/recover': ['GET', 'POST'],
  '/reset/:token': ['GET', 'POST'],
  '/sign-in/:id/callback': ['GET'],
  '/invite/:token': ['GET', 'POST'],
  '/sign-up': ['GET', 'POST'],
  '/verify/:token': ['GET', 'POST'],
  '/interaction/:uid': ['GET'],
  '/interaction/:uid/:step': ['GET', 'POST'],
}

const ofRegistration: MethodTable = {
  [routes.registration]: ['POST'],
  [`${routes.registration}/:id`]: ['GET', 'PUT', 'DELETE'],
}

const ofDeviceFlow: MethodTable = {
  [routes.device_authorization]: ['POST'],
  [routes.code_verification]: ['GET', 'POST'],
  [`${routes.code_verification}/:uid`]: ['GET'],
}

/** As `Allow` lists them: HEAD is GET without its content, and OPTIONS is answered wherever browsers ask (RFC 9110 §9.3). */
function allowHeader(methods: readonly string[]): string {
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
}

export interface RouteMethods {
  /** Ahead of everything: 405 or, for OPTIONS, 204 with `Allow` (RFC 9110 §15.5.6, §9.3.7). Costs nothing and is counted nowhere. */
  readonly refuseOthers: HttpMiddleware
  /** Behind everything: a preflight of a route without CORS, and 404 for what is no route. */
  readonly answerRest: HttpMiddleware
}

export function createRouteMethods({ registration, deviceFlow }: OfferedRoutes): RouteMethods {
  const table = new Map(
    Object.entries({ ...always, ...(registration ? ofRegistration : {}), ...(deviceFlow ? ofDeviceFlow : {}) }),
  )
  const routeOf = createRouteTemplates([...table.keys()])
  const methodsOf = (ctx: HttpContext) => table.get(routeOf(ctx.path))
  const refuseIfOther = (ctx: HttpContext) => {
    const asked = ctx.method === 'HEAD' ? 'GET' : ctx.method
    const methods = asked === 'OPTIONS' ? undefined : methodsOf(ctx)
    if (methods === undefined || methods.includes(asked)) return
    ctx.set('allow', allowHeader(methods))
    throw new OAuthError('invalid_request', 'this method is not allowed here', { status: 405 })
  }
  /** Asked by a program. A browser's preflight (Fetch standard) names the method it wants, and is the business of each endpoint. */
  const answerOptions = (ctx: HttpContext): boolean => {
    const methods = ctx.method === 'OPTIONS' ? methodsOf(ctx) : undefined
    if (methods === undefined) return false
    ctx.set('allow', allowHeader(methods))
    ctx.status = 204
    return true
  }
  return {
    refuseOthers: async (ctx, next) => {
      refuseIfOther(ctx)
      if (ctx.get('access-control-request-method') === '' && answerOptions(ctx)) return
      return next()
    },
    answerRest: async (ctx) => {
      // A document has further addresses, which were brought to its path on the way.
      refuseIfOther(ctx)
      if (!answerOptions(ctx))
        throw new OAuthError('invalid_request', 'there is nothing at this address', { status: 404 })
    },
  }
}
