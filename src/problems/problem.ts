/** What an entry of the catalogue of errors is. Codes are the anchors of the manual: they are added, never renamed. */
import type { ErrorCode } from './error-codes.js'

/** Who can change something: the maker of the client, the operator of this server, the maker of the MCP server, the person at the browser. */
export type Side = 'client' | 'operator' | 'server' | 'person'

export interface Problem {
  /** The error codes it is answered with; absent: any, or none. */
  readonly error?: ErrorCode | readonly ErrorCode[]
  /** What the answer says (`error_description`, a page, a line of the terminal). `{}` stands for what differs. */
  readonly says?: readonly string[]
  /** What only the log says (`errorDetail`, `reason`, the message of a line). `{}` stands for what differs. */
  readonly logs?: readonly string[]
  readonly means: string
  /** What each side changes. */
  readonly change: { readonly [Name in Side]?: string }
  /** One command that shows or reproduces it. Absent: the lines of the log that name it show it. */
  readonly show?: string
}

export type Problems = Readonly<Record<string, Problem>>
