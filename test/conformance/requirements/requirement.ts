/** What one requirement is: a row of the tables in this folder. Text in our own words; the source has the wording that counts. */

/** `OURS`: no specification says it, clients in the field need it. */
export type Level = 'MUST' | 'SHOULD' | 'MAY' | 'OURS'

/** A test file under test/, and the title of a test in it; for the official suite, the name of a scenario of 2026-07-28. */
export type Proof = readonly [file: string, title: string]

export interface Requirement {
  /** As in the checklist: area letter and number, and a small letter where one entry holds several. */
  readonly id: string
  readonly level: Level
  readonly text: string
  /** Specification and section, or the clients that were seen. */
  readonly source: string
  /** What proves it, or why it does not apply to us. */
  readonly status: { readonly tests: readonly [Proof, ...Proof[]] } | { readonly outOfScope: string }
}

type Row = (id: string, text: string, source: string, ...tests: readonly [Proof, ...Proof[]]) => Requirement

function rows(level: Level): Row {
  return (id, text, source, ...tests) => ({ id, level, text, source, status: { tests } })
}

export const must = rows('MUST')
export const should = rows('SHOULD')
export const may = rows('MAY')
export const ours = rows('OURS')

/** A requirement about something that we do not have, and why not. */
export function outOfScope(id: string, level: Level, text: string, source: string, reason: string): Requirement {
  return { id, level, text, source, status: { outOfScope: reason } }
}
