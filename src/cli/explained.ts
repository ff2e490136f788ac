/** Every error and finding that has an entry in the manual, from the catalogue of errors and from the doctor's tables. */
import { localProblems } from '../doctor/local/problems.js'
import type { ProblemKind } from '../doctor/problem-kind.js'
import { documentProblemKinds } from '../doctor/problems/documents.js'
import { endpointProblemKinds } from '../doctor/problems/endpoint.js'
import { serverProblemKinds } from '../doctor/problems/server.js'
import { transportProblemKinds } from '../doctor/problems/transport.js'
import { problemGroups } from '../problems/catalogue.js'
import { errorsOf } from '../problems/find-problem.js'
import type { Problem, Side } from '../problems/problem.js'

export interface Explained {
  readonly code: string
  /** Name of its page in docs/reference/errors/, without `.md`. */
  readonly file: string
  /** Error codes that it is answered with. */
  readonly errors: readonly string[]
  /** As people see them; `…` stands for what differs. */
  readonly texts: readonly { readonly text: string; readonly isLogged: boolean }[]
  readonly means: string
  readonly changes: readonly { readonly who: string; readonly what: string }[]
  /** A command. */
  readonly shows: string
}

export interface ExplainedGroup {
  readonly file: string
  readonly title: string
  readonly entries: readonly Explained[]
}

const names: Readonly<Record<Side, string>> = {
  client: 'Client developer',
  person: 'Person',
  server: 'Developer of the MCP server',
  operator: 'Operator',
}

const isSide = (name: string): name is Side => Object.hasOwn(names, name)

function ofCatalogue(file: string, code: string, problem: Problem): Explained {
  const texts = (list: readonly string[] = [], isLogged = false) =>
    list.map((text) => ({ text: text.replaceAll('{}', '…').replaceAll('\n', ' '), isLogged }))
  return {
    code,
    file,
    errors: errorsOf(problem),
    texts: [...texts(problem.says), ...texts(problem.logs, true)],
    means: problem.means,
    changes: Object.entries(problem.change).flatMap(([side, what]) =>
      isSide(side) && what !== undefined ? [{ who: names[side], what }] : [],
    ),
    shows: problem.show ?? `jq 'select(.problem == "${code}")' <log>`,
  }
}

interface DoctorTable extends Omit<ExplainedGroup, 'entries'> {
  readonly kinds: Readonly<Record<string, ProblemKind>>
  readonly who: string
  readonly shows: string
}

const remote = 'gatehouse doctor <url>'

const doctorTables: readonly DoctorTable[] = [
  {
    file: 'doctor-endpoint',
    title: 'Doctor: the MCP endpoint',
    kinds: endpointProblemKinds,
    who: names.server,
    shows: remote,
  },
  {
    file: 'doctor-documents',
    title: 'Doctor: the metadata of the resource',
    kinds: documentProblemKinds,
    who: names.server,
    shows: remote,
  },
  {
    file: 'doctor-server',
    title: 'Doctor: the authorization server',
    kinds: serverProblemKinds,
    who: 'Operator of the authorization server',
    shows: remote,
  },
  {
    file: 'doctor-transport',
    title: 'Doctor: network and certificates',
    kinds: transportProblemKinds,
    who: names.operator,
    shows: remote,
  },
  {
    file: 'doctor-local',
    title: 'Doctor: from inside',
    kinds: localProblems,
    who: names.operator,
    shows: 'gatehouse doctor --local',
  },
]

function ofDoctor({ file, title, kinds, who, shows }: DoctorTable): ExplainedGroup {
  const entries = Object.entries(kinds).map(([code, kind]) => ({
    code,
    file,
    errors: [],
    texts: [{ text: kind.title, isLogged: false }],
    means: kind.clients,
    changes: [{ who, what: kind.fix }],
    shows,
  }))
  return { file, title, entries }
}

/** In the order of the manual; the doctor's findings last. */
export const explainedGroups: readonly ExplainedGroup[] = [
  ...problemGroups.map(({ file, title, problems }) => ({
    file,
    title,
    entries: Object.entries(problems).map(([code, problem]) => ofCatalogue(file, code, problem)),
  })),
  ...doctorTables.map(ofDoctor),
]

export const explainedEntries: readonly Explained[] = explainedGroups.flatMap(({ entries }) => entries)
