/** The Express adapter: copies the core's decision to the response. Makes no decision. */
import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import type { AuthInfo } from './auth-info.js'
import { type Admission, admit, answerWith } from './node-admission.js'
import type { ResourceServer } from './resource-server.js'

export type { Admission, ProtectedRequest } from './node-admission.js'

/** Answers metadata requests and passes all others on without checking a token. For apps that are only partly protected. */
export function publishMetadata(server: ResourceServer): RequestHandler {
  return ({ method, originalUrl, headers }, response, next) => {
    const answer = server.publish({ method, url: originalUrl, headers })
    if (answer === undefined) next()
    else answerWith(response, answer)
  }
}

/** Lets a request pass only with a valid token, which it puts on `req.auth`; answers metadata requests too. */
export function protect(server: ResourceServer): RequestHandler {
  return (request, response, next) => {
    admit(server, request, response, request.originalUrl).then((answer) => {
      if (answer === undefined) next()
      else answerWith(response, answer)
    }, next)
  }
}

/** The typed `req.auth` that `protect` set. Throws for a request that did not pass `protect`. */
export function authOf(request: IncomingMessage): AuthInfo {
  const { auth } = request as Partial<Admission>
  if (auth === undefined) throw new Error('this request did not come through protect()')
  return auth
}
