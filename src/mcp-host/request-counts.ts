/** Request metrics of the MCP server, derived from the event of the log line. Pure. */
import { protectedResourceMetadataUrl } from '../oauth/well-known.js'
import type { Count } from '../telemetry/metric-definitions.js'
import type { FinishedRequest, ObservedServer } from '../telemetry/request-observation.js'
import { createRouteTemplates } from '../telemetry/route-templates.js'
import { mirroredPaths } from './issuer-mirror.js'

function words(value: unknown): readonly string[] {
  return typeof value === 'string' && value !== '' ? value.split(' ') : []
}

const decisions: ReadonlySet<unknown> = new Set(['hidden', 'rate_limited'])
const toolOutcomes: ReadonlySet<unknown> = new Set(['ok', 'refused', 'failed'])

function outcomeOf({ status, event: { decision, reason, outcome } }: FinishedRequest): string {
  if (decisions.has(reason)) return reason === 'hidden' ? 'hidden' : 'limited'
  if (decision === 'deny') return 'denied'
  if (typeof outcome === 'string' && toolOutcomes.has(outcome)) return outcome
  return status >= 500 ? 'failed' : 'answered'
}

/** The event has `unknown` for undeclared names, so the number of values is bounded. */
function namesOf(method: string, { tool, prompt }: FinishedRequest['event']): readonly string[] {
  if (method === 'tools/call') return words(tool)
  return method === 'prompts/get' ? words(prompt) : ['']
}

const refusals: ReadonlySet<unknown> = new Set([
  'no_token',
  'invalid_token',
  'invalid_request',
  'invalid_dpop_proof',
  'temporarily_unavailable',
])

function countRequest(request: FinishedRequest): readonly Count[] {
  const { event } = request
  const methods = words(event.rpc)
  if (methods.length > 0) {
    const outcome = outcomeOf(request)
    return methods.flatMap((method) =>
      namesOf(method, event).map((name): Count => ['gatehouse_mcp_operations_total', { method, name, outcome }]),
    )
  }
  const { decision, error } = event
  if (decision !== 'deny' || error === undefined) return []
  return [['gatehouse_mcp_refused_tokens_total', { reason: refusals.has(error) ? String(error) : 'other' }]]
}

/** All routes at these addresses of the endpoint, and their counters. */
export function observedMcpServer(urls: readonly string[]): ObservedServer {
  return {
    server: 'mcp',
    routes: createRouteTemplates([
      '/',
      '/assets/:file',
      '/health/live',
      '/health/ready',
      '/.well-known/oauth-protected-resource',
      ...urls.flatMap((url) => [url, protectedResourceMetadataUrl(url)].map((each) => new URL(each).pathname)),
      ...mirroredPaths,
    ]),
    countRequest,
  }
}
