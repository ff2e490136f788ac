/** Checks and their findings. */

import type { Evidence } from './evidence.js'
import { type LocalProblemCode, localProblems } from './local/problems.js'
import type { ProblemKind } from './problem-kind.js'
import { type ProblemCode, problems } from './problems/index.js'

export interface Problem extends ProblemKind {
  readonly code: ProblemCode | LocalProblemCode
  /** What was seen. Untrusted text, which the report makes safe for a terminal. */
  readonly seen: string
}

/** `Seen`: the input of the check; default: the evidence of a client. */
export interface Check<Seen = Evidence> {
  readonly id: string
  /** What holds if the check passes. */
  readonly title: string
  /** No problems: passed. `undefined`: nothing to check. Pure. */
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

/** The results of all checks. */
export interface Findings {
  readonly at: Date
  readonly groups: readonly { readonly name: string; readonly checks: readonly CheckResult[] }[]
}

const kinds = { ...problems, ...localProblems }

export function problem(code: ProblemCode | LocalProblemCode, seen: string): Problem {
  return { code, ...kinds[code], seen }
}

/** A list with the problem if the condition holds, otherwise empty. */
export function problemIf(isThere: boolean, code: ProblemCode | LocalProblemCode, seen: string): Problem[] {
  return isThere ? [problem(code, seen)] : []
}

function outcomeOf(problems: readonly Problem[] | undefined): Outcome {
  if (problems === undefined) return 'skipped'
  if (problems.some(({ severity }) => severity === 'failure')) return 'failed'
  return problems.length > 0 ? 'warning' : 'passed'
}

/** Per check: a hostile document may have the same mistake a thousand times. */
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
