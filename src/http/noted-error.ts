/** Records the error of a response for the log line of the request. */
import { type Failure, problemOf } from '../problems/find-problem.js'
import type { RequestEvent } from './context.js'

/** `problem`: the entry of the manual, docs/reference/errors.md. */
export function noteError(event: RequestEvent, failure: Failure): void {
  event.error = failure.error
  if (failure.detail !== undefined) event.errorDetail = failure.detail
  event.problem = problemOf(failure)
}
