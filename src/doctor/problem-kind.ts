/** What the tables of problems consist of. */
/** What is known of a kind of problem, whoever has it. */
export interface ProblemKind {
  /** A failure stops at least one client; a warning costs somebody something, or will. */
  readonly severity: 'failure' | 'warning'
  readonly title: string
  /** Which clients have trouble, and why. */
  readonly clients: string
  readonly fix: string
}
