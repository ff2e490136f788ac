/** What the tables of problems consist of. */

/** One kind of problem: how severe it is, whom it affects and how to fix it. */
export interface ProblemKind {
  /** A failure stops at least one client; a warning has, or will have, some other cost. */
  readonly severity: 'failure' | 'warning'
  readonly title: string
  /** Which clients are affected, and why. */
  readonly clients: string
  readonly fix: string
}
