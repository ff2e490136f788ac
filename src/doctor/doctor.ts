/**
 * The doctor: acts as an MCP client against a deployment and reports what would make clients fail. Owns the list of checks and the format
 * of a diagnosis. Does not own the network (an argument) or the printing (`report.ts`). Sends no credential, registers nothing, changes
 * nothing. RFC 6750, 6749, 7591, 8414, 9207, 9728, MCP authorization 2025-03-26 to 2026-07-28.
 */
import type { Clock } from '../base/clock.js'
import { crossOriginChecks } from './checks/cross-origin.js'
import { endpointChecks } from './checks/endpoint.js'
import { keyChecks } from './checks/keys.js'
import { oldClientChecks } from './checks/old-clients.js'
import { resourceMetadataChecks } from './checks/resource-metadata.js'
import { serverEndpointChecks } from './checks/server-endpoints.js'
import { serverMetadataChecks } from './checks/server-metadata.js'
import { transportChecks } from './checks/transport.js'
import type { DiagnosticNetwork, Silence } from './diagnostic-network.js'
import { type CheckGroup, type Findings, judge } from './finding.js'
import { gather } from './gather.js'

/** In the order in which a client reaches them. */
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

export interface Diagnosis extends Findings {
  readonly url: string
  readonly requests: number
}

/** Examines the MCP URL, an absolute http(s) URL. Returns a Silence if nothing answers there. Never throws. */
export async function diagnose(url: string, network: DiagnosticNetwork, clock: Clock): Promise<Diagnosis | Silence> {
  const gathered = await gather(url, network, clock)
  if ('silence' in gathered) return gathered.silence
  const { evidence } = gathered
  return {
    url,
    at: evidence.at,
    requests: evidence.exchanges.length,
    groups: judge(groups, evidence),
  }
}
