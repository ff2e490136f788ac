/** Checks of the MCP endpoint without a token: its response, and its challenge (RFC 6750 §3, RFC 9728 §5.1). */
import type { Answer } from '../diagnostic-network.js'
import { asksForToken, challengeScopes, type Evidence } from '../evidence.js'
import { answerOf, describeExchange, isRedirect } from '../exchange.js'
import { type CheckGroup, type Problem, problem, problemIf } from '../finding.js'
import { isWebAddress } from '../web-address.js'

function withoutToken({ endpoint }: Evidence): Problem[] {
  const answer = answerOf(endpoint.unauthenticated)
  if (answer === undefined || answer.status === 401) return []
  const seen = describeExchange(answer)
  const { status } = answer
  if (isRedirect(answer)) return [problem('endpoint-redirects', seen)]
  if (status < 300) return [problem('endpoint-open', seen)]
  if (status === 421) return [problem('endpoint-wrong-host', seen)]
  if (status === 404 || status === 405) return [problem('endpoint-not-found', seen)]
  if (status >= 500) return [problem('endpoint-server-error', seen)]
  return [problem('endpoint-refuses-oddly', seen)]
}

function challengeOf(evidence: Evidence): Problem[] | undefined {
  if (!asksForToken(evidence)) return undefined
  const answer = answerOf(evidence.endpoint.unauthenticated)
  const header = answer?.headers.get('www-authenticate')
  if (header === null || header === undefined)
    return [problem('challenge-missing', 'the 401 has no WWW-Authenticate header')]
  const seen = `WWW-Authenticate: ${header}`
  const { challenge } = evidence
  const scheme = challenge?.scheme.toLowerCase()
  if (challenge === undefined || (scheme !== 'bearer' && scheme !== 'dpop'))
    return [problem('challenge-not-bearer', seen)]
  const { resource_metadata: metadata, error } = challenge.parameters
  const scopes = challengeScopes(evidence)
  return [
    ...problemIf(scheme === 'dpop', 'challenge-dpop-only', seen),
    ...problemIf(metadata === undefined, 'challenge-without-metadata', seen),
    ...problemIf(metadata !== undefined && !isWebAddress(metadata), 'challenge-metadata-not-url', seen),
    ...problemIf(error !== undefined, 'challenge-with-error', seen),
    ...problemIf(scopes.length === 0, 'challenge-without-scope', seen),
    ...problemIf(scopes.includes('offline_access'), 'challenge-offline-access', seen),
  ]
}

function namesInvalidToken({ headers }: Answer): boolean {
  return /\berror\s*=\s*"?invalid_token\b/i.test(headers.get('www-authenticate') ?? '')
}

function badToken(evidence: Evidence): Problem[] | undefined {
  const answer = answerOf(evidence.endpoint.badToken)
  if (answer === undefined || !asksForToken(evidence)) return undefined
  const seen = describeExchange(answer)
  if (answer.status < 300) return [problem('bad-token-accepted', seen)]
  if (answer.status >= 500) return [problem('bad-token-server-error', seen)]
  if (answer.status !== 401) return [problem('bad-token-wrong-status', seen)]
  return problemIf(
    !namesInvalidToken(answer),
    'bad-token-without-error',
    `${seen}, WWW-Authenticate: ${answer.headers.get('www-authenticate')}`,
  )
}

/** Without a token, 401 is right for every method; 405 means that a method is not supported. */
function otherMethods(evidence: Evidence): Problem[] | undefined {
  if (!asksForToken(evidence)) return undefined
  const { get, delete: end } = evidence.endpoint
  return [get, end].flatMap((exchange) => {
    const answer = answerOf(exchange)
    if (answer === undefined || answer.status === 401 || answer.status === 405) return []
    const seen = describeExchange(answer)
    const isOpen =
      answer.status < 300 &&
      answer.request.method === 'GET' &&
      /event-stream/.test(answer.headers.get('content-type') ?? '')
    return [problem(isOpen ? 'stream-open' : 'method-answered-oddly', seen)]
  })
}

function otherPrograms({ endpoint }: Evidence): Problem[] {
  const usual = answerOf(endpoint.unauthenticated)?.status
  return endpoint.asOthers.flatMap(({ program, userAgent, exchange }) => {
    const status = answerOf(exchange)?.status
    if (status === usual || status === 429) return []
    const name = userAgent === '' ? 'an empty User-Agent' : `User-Agent ${userAgent}`
    return [problem('program-blocked', `${program} (${name}): ${describeExchange(exchange)}; others get ${usual}`)]
  })
}

export const endpointChecks: CheckGroup = {
  name: 'MCP endpoint',
  checks: [
    { id: 'without-token', title: 'a request without a token is answered 401', examine: withoutToken },
    { id: 'challenge', title: 'the 401 says where to go and which scopes are useful', examine: challengeOf },
    { id: 'bad-token', title: 'a token that is not valid is answered 401 invalid_token', examine: badToken },
    { id: 'other-methods', title: 'GET and DELETE ask for a token, or are not offered', examine: otherMethods },
    { id: 'programs', title: 'no firewall turns known clients away', examine: otherPrograms },
  ],
}
