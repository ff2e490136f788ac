/**
 * Serves two apps on one port: the host and path of a request choose the app. Each app keeps its own middleware, log lines and
 * errors.
 */

import { type RequestTarget, requestTarget } from './host-pinning.js'
import type { HttpApp } from './http.js'

/** An app that passes a request to `first` if `isOfFirst` holds for its target, otherwise to `second`. */
export function sharePort(first: HttpApp, second: HttpApp, isOfFirst: (target: RequestTarget) => boolean): HttpApp {
  return {
    callback: () => {
      const [toFirst, toSecond] = [first.callback(), second.callback()]
      return (request, response) => (isOfFirst(requestTarget(request)) ? toFirst : toSecond)(request, response)
    },
  }
}
