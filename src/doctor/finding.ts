/** What a check is and what it may find. */
import type { Evidence } from './evidence.js'
import { type ProblemCode, problems } from './problems/index.js'

/** What is known of a kind of problem, whoever has it. */
export interface ProblemKind {
  /** A failure stops at least one client; a warning costs somebody something, or will. */
  readonly severity: 'failure' | 'warning'
  readonly title: string
  /** Which clients have trouble, and why. */
  readonly clients: string
  readonly fix: string
}

export interface Problem extends ProblemKind {
  readonly code: ProblemCode
  /** What was seen here. Others' words: made fit for a terminal by the report. */
  readonly seen: string
}

export interface Check {
  readonly id: string
  /** What is so when it passes. */
  readonly title: string
  /** No problems: passed. `undefined`: there was nothing to judge. Pure. */
  readonly examine: (evidence: Evidence) => readonly Problem[] | undefined
}

export interface CheckGroup {
  readonly name: string
  readonly checks: readonly Check[]
}

export function problem(code: ProblemCode, seen: string): Problem {
  return { code, ...problems[code], seen }
}

/** The problem when it is there; for lists that are spread. */
export function problemIf(isThere: boolean, code: ProblemCode, seen: string): Problem[] {
  return isThere ? [problem(code, seen)] : []
}
