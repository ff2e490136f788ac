/** What a page in a browser may read (Fetch standard, CORS protocol). */
import type { Answer } from '../diagnostic-network.js'
import type { CrossOriginPair, Evidence } from '../evidence.js'
import { answerOf, describeExchange } from '../exchange.js'
import { type Check, type CheckGroup, type Problem, problem, problemIf } from '../finding.js'

function tokens(header: string | null): string[] {
  return (header ?? '').split(',').map((token) => token.trim().toLowerCase())
}

/** True if the requesting page may read the response. */
function isReadable({ headers, request }: Answer): boolean {
  const allowed = headers.get('access-control-allow-origin')
  return allowed === '*' || allowed === request.headers['origin']
}

/** Headers of the newest revision: a server that supports only older ones needs none of them. */
const newHeaders: ReadonlySet<string> = new Set(['mcp-method', 'mcp-name'])
/** Sent only to servers with sessions. */
const optionalHeaders: ReadonlySet<string> = new Set(['mcp-session-id'])

function headerProblems(preflight: Answer, wanted: readonly string[]): Problem[] {
  const allowed = tokens(preflight.headers.get('access-control-allow-headers'))
  const seen = `Access-Control-Allow-Headers: ${preflight.headers.get('access-control-allow-headers') ?? 'absent'} (${preflight.request.url})`
  // The wildcard covers every header but Authorization.
  const missing = wanted.filter(
    (name) => !allowed.includes(name) && (name === 'authorization' || !allowed.includes('*')),
  )
  const needed = missing.filter(
    (name) => !newHeaders.has(name) && !optionalHeaders.has(name) && name !== 'authorization',
  )
  const isWild = missing.includes('authorization') && allowed.includes('*')
  return [
    ...problemIf(isWild, 'cors-wildcard', seen),
    ...problemIf(
      missing.includes('authorization') && !isWild,
      'cors-header-missing',
      `authorization is missing: ${seen}`,
    ),
    ...problemIf(needed.length > 0, 'cors-header-missing', `${needed.join(', ')}: ${seen}`),
    ...problemIf(
      missing.some((name) => newHeaders.has(name)),
      'cors-new-headers',
      seen,
    ),
  ]
}

function methodProblems(preflight: Answer, method: string): Problem[] {
  const allowed = tokens(preflight.headers.get('access-control-allow-methods'))
  // GET and POST need no permission.
  const isAllowed =
    method === 'GET' || method === 'POST' || allowed.includes('*') || allowed.includes(method.toLowerCase())
  return problemIf(!isAllowed, 'cors-preflight', `Access-Control-Allow-Methods: ${allowed.join(', ')}`)
}

function pairProblems({ target, headers, preflight, actual }: CrossOriginPair): Problem[] {
  const [asked, answered] = [answerOf(preflight), answerOf(actual)]
  const before =
    asked === undefined
      ? []
      : asked.status >= 300 || !isReadable(asked)
        ? [
            problem(
              'cors-preflight',
              `${describeExchange(asked)}, Access-Control-Allow-Origin: ${asked.headers.get('access-control-allow-origin') ?? 'absent'}`,
            ),
          ]
        : [
            ...headerProblems(asked, headers),
            ...methodProblems(asked, asked.request.headers['access-control-request-method'] ?? 'GET'),
          ]
  if (answered === undefined) return before
  const origin = answered.headers.get('access-control-allow-origin') ?? 'absent'
  const exposed = tokens(answered.headers.get('access-control-expose-headers'))
  const hidesChallenge =
    target === 'endpoint' && answered.status === 401 && !exposed.includes('www-authenticate') && !exposed.includes('*')
  return [
    ...before,
    ...problemIf(
      !isReadable(answered),
      'cors-answer-hidden',
      `${describeExchange(answered)}, Access-Control-Allow-Origin: ${origin}`,
    ),
    ...problemIf(
      isReadable(answered) && hidesChallenge,
      'cors-challenge-hidden',
      `Access-Control-Expose-Headers: ${exposed.join(', ') || 'absent'}`,
    ),
  ]
}

function check(target: CrossOriginPair['target'], title: string): Check {
  return {
    id: `cors-${target}`,
    title,
    examine: ({ crossOrigin }: Evidence) => {
      const pair = crossOrigin.find((one) => one.target === target)
      if (pair === undefined || (answerOf(pair.preflight) ?? answerOf(pair.actual)) === undefined) return undefined
      return pairProblems(pair)
    },
  }
}

export const crossOriginChecks: CheckGroup = {
  name: 'Clients in a browser (CORS)',
  checks: [
    check('endpoint', 'a page may call the MCP endpoint and read its challenge'),
    check('resource-metadata', "a page may read the resource's metadata"),
    check('server-metadata', "a page may read the authorization server's metadata"),
    check('token', 'a page may call the token endpoint'),
    check('registration', 'a page may call the registration endpoint'),
  ],
}
