/** An entry of the catalogue of errors. Codes are the anchors of the manual: they are added, never renamed. */
import type { ErrorCode } from './error-codes.js'

/**
 * The side that has to change something: the developer of the client, the operator, the developer of the MCP server, or the person at the
 * browser.
 */
export type Side = 'client' | 'operator' | 'server' | 'person'

export interface Problem {
  /** The error codes of the response; absent: any, or none. */
  readonly error?: ErrorCode | readonly ErrorCode[]
  /** Texts of the response (`error_description`, a page, a line in the terminal). `{}` is a placeholder. */
  readonly says?: readonly string[]
  /** Texts that are only in the log (`errorDetail`, `reason`, the message of a line). `{}` is a placeholder. */
  readonly logs?: readonly string[]
  readonly means: string
  /** What each side has to change. */
  readonly change: { readonly [Name in Side]?: string }
  /** A command that shows or reproduces it. Absent: only the log line shows it. */
  readonly show?: string
}

export type Problems = Readonly<Record<string, Problem>>
