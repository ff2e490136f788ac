/** What is declared of one operation: a tool, a resource, a prompt or a method. */
import type { RequiredScopes } from '../oauth/scope.js'

export interface OperationRule {
  /** All of a list, or all of one list of several; empty: a valid token alone. */
  readonly scopes: RequiredScopes
  /**
   * What a caller meets that lacks them: `challenge` (the default) shows the operation and answers its use with a 403 that names
   * the scopes; `hide` leaves it out of lists and answers its use as that of something unknown.
   */
  readonly whenMissing?: 'challenge' | 'hide'
  /** Of a tool: it changes nothing, so it stays in read-only mode. */
  readonly readOnly?: boolean
}
