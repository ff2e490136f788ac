/** What a check is and what it may find. */

import type { Evidence } from './evidence.js'
import { type LocalProblemCode, localProblems } from './local/problems.js'
import type { ProblemKind } from './problem-kind.js'
import { type ProblemCode, problems } from './problems/index.js'

export interface Problem extends ProblemKind {
  readonly code: ProblemCode | LocalProblemCode
  /** What was seen here. Others' words: made fit for a terminal by the report. */
  readonly seen: string
}

/** `Seen`: what it judges; the evidence of a client unless told. */
export interface Check<Seen = Evidence> {
  readonly id: string
  /** What holds if the check passes. */
  readonly title: string
  /** No problems: passed. `undefined`: there was nothing to judge. Pure. */
  readonly examine: (seen: Seen) => readonly Problem[] | undefined
}

export interface CheckGroup<Seen = Evidence> {
  readonly name: string
  readonly checks: readonly Check<Seen>[]
}

export type Outcome = 'passed' | 'warning' | 'failed' | 'skipped'

export interface CheckResult {
  readonly id: string
  readonly title: string
  readonly outcome: Outcome
  readonly problems: readonly Problem[]
}

/** What all checks came to. */
export interface Findings {
  readonly at: Date
  readonly groups: readonly { readonly name: string; readonly checks: readonly CheckResult[] }[]
}

const kinds = { ...problems, ...localProblems }

export function problem(code: ProblemCode | LocalProblemCode, seen: string): Problem {
  return { code, ...kinds[code], seen }
}

/** The problem when it is there; for lists that are spread. */
export function problemIf(isThere: boolean, code: ProblemCode | LocalProblemCode, seen: string): Problem[] {
  return isThere ? [problem(code, seen)] : []
}

function outcomeOf(problems: readonly Problem[] | undefined): Outcome {
  if (problems === undefined) return 'skipped'
  if (problems.some(({ severity }) => severity === 'failure')) return 'failed'
  return problems.length > 0 ? 'warning' : 'passed'
}

/** Of one check: a hostile document may hold the same mistake a thousand times. */
const maxProblems = 20

/** Every check, in order, on what was seen. */
export function judge<Seen>(groups: readonly CheckGroup<Seen>[], seen: Seen): Findings['groups'] {
  return groups.map(({ name, checks }) => ({
    name,
    checks: checks.map(({ id, title, examine }) => {
      const found = examine(seen)?.slice(0, maxProblems)
      return { id, title, outcome: outcomeOf(found), problems: found ?? [] }
    }),
  }))
}

export function countOutcomes({ groups }: Pick<Findings, 'groups'>): Readonly<Record<Outcome, number>> {
  const results = groups.flatMap(({ checks }) => checks)
  const count = (outcome: Outcome) => results.filter((result) => result.outcome === outcome).length
  return { passed: count('passed'), warning: count('warning'), failed: count('failed'), skipped: count('skipped') }
}
