/** The Express adapter: copies what the neutral core decided to a response. No decision is made here. */
import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import type { AuthInfo } from './auth-info.js'
import { type Admission, admit, answerWith } from './node-admission.js'
import type { ResourceServer } from './resource-server.js'

export type { Admission, ProtectedRequest } from './node-admission.js'

/** Answers metadata requests; all others go on, without a token. For apps in which only a part is protected. */
export function publishMetadata(server: ResourceServer): RequestHandler {
  return ({ method, originalUrl, headers }, response, next) => {
    const answer = server.publish({ method, url: originalUrl, headers })
    if (answer === undefined) next()
    else answerWith(response, answer)
  }
}

/** Lets a request pass only with a good token, which is put on `req.auth`; answers metadata requests too. */
export function protect(server: ResourceServer): RequestHandler {
  return (request, response, next) => {
    admit(server, request, response, request.originalUrl).then((answer) => {
      if (answer === undefined) next()
      else answerWith(response, answer)
    }, next)
  }
}

/** What `protect` put on a request, typed. Throws for a request that did not come through it. */
export function authOf(request: IncomingMessage): AuthInfo {
  const { auth } = request as Partial<Admission>
  if (auth === undefined) throw new Error('this request did not come through protect()')
  return auth
}
