/**
 * The doctor: plays an MCP client against a deployment and says what a client would stumble over. Owns the list of checks and the
 * shape of a diagnosis. Does not own the network (an argument), nor how a diagnosis is printed (`report.ts`). Sends no credential,
 * registers nothing, changes nothing. RFC 6750, 6749, 7591, 8414, 9207, 9728, MCP authorization 2025-03-26 to 2026-07-28.
 */
import type { Clock } from '../platform/clock.js'
import type { DiagnosticNetwork, Silence } from '../platform/diagnostic-network.js'
import { crossOriginChecks } from './checks/cross-origin.js'
import { endpointChecks } from './checks/endpoint.js'
import { keyChecks } from './checks/keys.js'
import { oldClientChecks } from './checks/old-clients.js'
import { resourceMetadataChecks } from './checks/resource-metadata.js'
import { serverEndpointChecks } from './checks/server-endpoints.js'
import { serverMetadataChecks } from './checks/server-metadata.js'
import { transportChecks } from './checks/transport.js'
import type { Evidence } from './evidence.js'
import type { Check, CheckGroup, Problem } from './finding.js'
import { gather } from './gather.js'

/** In the order a client meets them. */
const groups: readonly CheckGroup[] = [
  endpointChecks,
  resourceMetadataChecks,
  serverMetadataChecks,
  serverEndpointChecks,
  keyChecks,
  crossOriginChecks,
  transportChecks,
  oldClientChecks,
]

export type Outcome = 'passed' | 'warning' | 'failed' | 'skipped'

export interface CheckResult {
  readonly id: string
  readonly title: string
  readonly outcome: Outcome
  readonly problems: readonly Problem[]
}

export interface Diagnosis {
  readonly url: string
  readonly at: Date
  readonly requests: number
  readonly groups: readonly { readonly name: string; readonly checks: readonly CheckResult[] }[]
}

function outcomeOf(problems: readonly Problem[] | undefined): Outcome {
  if (problems === undefined) return 'skipped'
  if (problems.some(({ severity }) => severity === 'failure')) return 'failed'
  return problems.length > 0 ? 'warning' : 'passed'
}

/** Of one check: a hostile document may hold the same mistake a thousand times. */
const maxProblems = 20

function perform({ id, title, examine }: Check, evidence: Evidence): CheckResult {
  const problems = examine(evidence)?.slice(0, maxProblems)
  return { id, title, outcome: outcomeOf(problems), problems: problems ?? [] }
}

export function countOutcomes(diagnosis: Diagnosis): Readonly<Record<Outcome, number>> {
  const results = diagnosis.groups.flatMap(({ checks }) => checks)
  const count = (outcome: Outcome) => results.filter((result) => result.outcome === outcome).length
  return { passed: count('passed'), warning: count('warning'), failed: count('failed'), skipped: count('skipped') }
}

/** Examines the MCP URL, an absolute http(s) URL. Answers a Silence when nothing came from there at all. Does not throw. */
export async function diagnose(url: string, network: DiagnosticNetwork, clock: Clock): Promise<Diagnosis | Silence> {
  const gathered = await gather(url, network, clock)
  if ('silence' in gathered) return gathered.silence
  const { evidence } = gathered
  return {
    url,
    at: evidence.at,
    requests: evidence.exchanges.length,
    groups: groups.map(({ name, checks }) => ({ name, checks: checks.map((check) => perform(check, evidence)) })),
  }
}
