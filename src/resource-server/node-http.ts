/** The adapter for plain `node:http`: copies the core's decision to the response. Makes no decision. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { admit, answerWith, type ProtectedRequest } from './node-admission.js'
import type { ResourceServer } from './resource-server.js'

export type { Admission, ProtectedRequest } from './node-admission.js'

export interface ProtectOptions {
  /** Called with an error of the program itself; the client gets 500. */
  readonly onError?: (error: unknown) => void
}

/** Wraps a request listener, which gets only requests with a valid token; answers metadata requests too. */
export function protect(
  server: ResourceServer,
  listener: (request: ProtectedRequest, response: ServerResponse) => void | Promise<void>,
  { onError }: ProtectOptions = {},
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    try {
      const answer = await admit(server, request, response)
      if (answer !== undefined) answerWith(response, answer)
      else await listener(request as ProtectedRequest, response)
    } catch (error) {
      onError?.(error)
      if (response.headersSent) response.destroy()
      else answerWith(response, { status: 500, headers: {}, body: '' })
    }
  }
}
