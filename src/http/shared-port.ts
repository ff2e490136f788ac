/** Two apps on one port: each keeps its own middleware, log lines and errors; one look at host and path decides whose a request is. */

import { type RequestTarget, requestTarget } from './host-pinning.js'
import type { HttpApp } from './http.js'

/** An app that hands a request to `first` when `isOfFirst` says so, to `second` otherwise. */
export function joinApps(first: HttpApp, second: HttpApp, isOfFirst: (target: RequestTarget) => boolean): HttpApp {
  return {
    callback: () => {
      const [toFirst, toSecond] = [first.callback(), second.callback()]
      return (request, response) => (isOfFirst(requestTarget(request)) ? toFirst : toSecond)(request, response)
    },
  }
}
