/** The rule of one operation: a tool, a resource, a prompt or a method. */
import type { RequiredScopes } from '../oauth/scope.js'

export interface OperationRule {
  /** All of a list, or all of one list of several; empty: any valid token. */
  readonly scopes: RequiredScopes
  /**
   * The response to a caller without them. `challenge` (the default) shows the operation in lists and answers calls with a 403 that names
   * the scopes. `hide` omits it from lists and answers calls as if it did not exist.
   */
  readonly whenMissing?: 'challenge' | 'hide'
  /** For a tool: it changes nothing, so it is available in read-only mode. */
  readonly readOnly?: boolean
}
