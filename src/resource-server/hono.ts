/** The Hono adapter: copies the core's decision to a web-standard response. Makes no decision. */
import type { MiddlewareHandler } from 'hono'
import type { AccessToken } from './access-token.js'
import type { AuthInfo } from './auth-info.js'
import type { AuthorizedRequest } from './guarded-resource.js'
import type { ResourceServer } from './resource-server.js'
import { guardRequest, responseOf } from './web.js'

/** Set by `protect`; pass `c.get('auth')` to servers on the MCP SDK. */
export interface ProtectedEnv {
  Variables: { auth: AuthInfo; accessToken: AccessToken; authorized: AuthorizedRequest }
}

/** Answers metadata requests and passes all others on without checking a token. For apps that are only partly protected. */
export function publishMetadata(server: ResourceServer): MiddlewareHandler {
  return async (c, next) => {
    const answer = server.publish(c.req.raw)
    if (answer !== undefined) return responseOf(answer)
    await next()
    return undefined
  }
}

/** Lets a request pass only with a valid token; answers metadata requests too. */
export function protect(server: ResourceServer): MiddlewareHandler<ProtectedEnv> {
  return async (c, next) => {
    const guarded = await guardRequest(server, c.req.raw)
    if (!('accessToken' in guarded)) return guarded
    c.set('auth', guarded.authInfo)
    c.set('accessToken', guarded.accessToken)
    c.set('authorized', guarded)
    await next()
    for (const [name, value] of Object.entries(guarded.headers)) c.header(name, value)
    return undefined
  }
}
