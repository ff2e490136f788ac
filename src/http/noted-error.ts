/** What the log line of a request says of the error that it was answered with. */
import { type Failure, problemOf } from '../problems/find-problem.js'
import type { RequestEvent } from './context.js'

/** `problem`: the entry of the manual, docs/reference/errors.md. */
export function noteError(event: RequestEvent, failure: Failure): void {
  event.error = failure.error
  if (failure.detail !== undefined) event.errorDetail = failure.detail
  event.problem = problemOf(failure)
}
