/** Clients of revision 2025-03-26: to them the MCP server's origin is the authorization server. */
import type { Evidence } from '../evidence.js'
import { answerOf, describeExchange, oauthErrorOf, stringIn } from '../exchange.js'
import { type CheckGroup, type Problem, problem, problemIf } from '../finding.js'
import { formProblems } from './documents.js'

function fallback({ origin: { metadata, token } }: Evidence): Problem[] {
  if ('flaw' in metadata.reading) {
    const answer = answerOf(token)
    const hasDefaults = answer !== undefined && oauthErrorOf(answer) !== undefined
    const seen = describeExchange(metadata.exchange)
    return [...formProblems(metadata), ...problemIf(!hasDefaults, 'old-clients-left-out', seen)]
  }
  const issuer = stringIn(metadata.reading.document, 'issuer')
  const { origin } = new URL(metadata.url)
  const isForeign = issuer?.replace(/\/$/, '') !== origin
  return isForeign ? [problem('old-clients-foreign-issuer', `"issuer" is ${issuer} at ${metadata.url}`)] : []
}

export const oldClientChecks: CheckGroup = {
  name: 'Clients of revision 2025-03-26',
  checks: [
    { id: 'old-clients', title: "they find an authorization server on the MCP server's origin", examine: fallback },
  ],
}
