/** Finds the entry of the catalogue for an error. */
import { type ProblemGroup, problemGroups } from './catalogue.js'
import { errorPages } from './pages.js'
import type { Problem } from './problem.js'
import { createTextIndex, type TemplateOf } from './said-text.js'

/** An error as it is sent and logged. */
export interface Failure {
  readonly error: string
  /** `error_description`. */
  readonly description?: string | undefined
  /** For the log alone. */
  readonly detail?: string | undefined
}

interface Entry {
  readonly code: string
  readonly problem: Problem
}

/** Groups that no response of these servers uses: lines of the terminal and the log, and the issuer front. */
const beyondRequests: ReadonlySet<string> = new Set(['settings', 'start', 'log', 'issuer-front'])

const entriesOf = (groups: readonly ProblemGroup[]): readonly Entry[] =>
  groups.flatMap(({ problems }) => Object.entries(problems).map(([code, problem]) => ({ code, problem })))

const textsOf = (entries: readonly Entry[], member: 'says' | 'logs'): readonly TemplateOf<Entry>[] =>
  entries.flatMap((value) => (value.problem[member] ?? []).map((template) => ({ template, value })))

/** A page's error that a program asked for says its kind in words. */
const kindsInWords = Object.entries(errorPages).map(([code, problem]) => ({
  template: code.replaceAll('-', ' '),
  value: { code, problem },
}))

const ofRequests = entriesOf(problemGroups.filter(({ file }) => !beyondRequests.has(file)))
const findSaid = createTextIndex([...textsOf(ofRequests, 'says'), ...kindsInWords])
const findLogged = createTextIndex(textsOf(ofRequests, 'logs'))

export const errorsOf = ({ error = [] }: Problem): readonly string[] => (typeof error === 'string' ? [error] : error)

function codeIn(found: readonly Entry[], error: string): string | undefined {
  const fitting = found.filter(({ problem }) => problem.error === undefined || errorsOf(problem).includes(error))
  return (fitting.find(({ problem }) => problem.error !== undefined) ?? fitting[0])?.code
}

/** The engine sends some codes without a description. */
const onlyByCode = new Map<string, string | undefined>()
for (const { code, problem } of ofRequests) {
  for (const error of errorsOf(problem)) onlyByCode.set(error, onlyByCode.has(error) ? undefined : code)
}

/** The public code: it reveals no more than the response does. `undefined`: the catalogue lacks the error. */
export function publicProblemOf({ error, description }: Failure): string | undefined {
  return description === undefined ? onlyByCode.get(error) : codeIn(findSaid(description), error)
}

/** The code for the log: which check failed, if the catalogue knows the detail. */
export function problemOf(failure: Failure): string | undefined {
  const { error, detail } = failure
  return (detail === undefined ? undefined : codeIn(findLogged(detail), error)) ?? publicProblemOf(failure)
}

const everything = entriesOf(problemGroups)
const findAnywhere = createTextIndex([...textsOf(everything, 'says'), ...textsOf(everything, 'logs')])

/** Codes of the entries that list this text, the most specific first, each once. */
export function problemsSaying(text: string): readonly string[] {
  return [...new Set(findAnywhere(text).map(({ code }) => code))]
}
