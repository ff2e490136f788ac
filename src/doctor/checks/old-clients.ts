/** Checks for clients of revision 2025-03-26, which treat the MCP server's origin as the authorization server. */
import type { Evidence } from '../evidence.js'
import { describeExchange, oauthRefusalOf, stringIn } from '../exchange.js'
import { type CheckGroup, type Problem, problemIf } from '../finding.js'
import { spareFormProblems } from './documents.js'

/**
 * The document may be the real issuer's: revision 2025-03-26 requires no comparison of `issuer`, and clients that compare read the
 * protected resource metadata first.
 */
function fallback({ origin: { metadata, token }, server }: Evidence): Problem[] {
  if ('flaw' in metadata.reading) {
    const hasDefaults = oauthRefusalOf(token) !== undefined
    const seen = describeExchange(metadata.exchange)
    return [...spareFormProblems(metadata), ...problemIf(!hasDefaults, 'old-clients-left-out', seen)]
  }
  const issuer = stringIn(metadata.reading.document, 'issuer')
  const { origin } = new URL(metadata.url)
  const isKnown = issuer === server?.issuer || issuer?.replace(/\/$/, '') === origin
  return problemIf(!isKnown, 'old-clients-foreign-issuer', `"issuer" is ${issuer} at ${metadata.url}`)
}

export const oldClientChecks: CheckGroup = {
  name: 'Clients of revision 2025-03-26',
  checks: [
    { id: 'old-clients', title: "they find an authorization server on the MCP server's origin", examine: fallback },
  ],
}
