/** Checks of the transport: schemes, hosts, certificates, proxies, clocks and response times. */
import type { Answer, CertificateReport, Exchange } from '../diagnostic-network.js'
import { type Evidence, forwardedHost } from '../evidence.js'
import { answerOf, isAnswer } from '../exchange.js'
import { type CheckGroup, type Problem, problem, problemIf } from '../finding.js'
import { isInternalHost, isThisMachine } from '../web-address.js'

function schemes({ url, named }: Evidence): Problem[] {
  const all = [{ name: 'the MCP URL', url }, ...named]
  return all.flatMap(({ name, url: one }) => {
    const { protocol, hostname } = new URL(one)
    if (protocol !== 'http:') return []
    // Behind an https front, http is a mistake even on this machine.
    if (new URL(url).protocol === 'https:') return [problem('http-behind-https', `${name}: ${one}`)]
    return problemIf(!isThisMachine(hostname), 'plain-http', `${name}: ${one}`)
  })
}

function internalAddresses({ url, named }: Evidence): Problem[] | undefined {
  if (isInternalHost(new URL(url).hostname)) return undefined
  const inside = named.filter((one) => isInternalHost(new URL(one.url).hostname))
  return inside.map((one) => problem('internal-address', `${one.name}: ${one.url}`))
}

function forwardedHeaders({ forwarded }: Evidence): Problem[] | undefined {
  const answers = forwarded.filter(isAnswer)
  if (answers.length === 0) return undefined
  const believed = answers.filter(({ body, headers }) =>
    `${body} ${headers.get('location') ?? ''}`.includes(forwardedHost),
  )
  return believed.map(({ request }) => problem('forwarded-host-believed', `${request.url} then names ${forwardedHost}`))
}

const dayMs = 86_400_000
/** Certificates of 90 days are renewed 30 days before their end: one with less than half of that left was forgotten. */
const renewalDays = 14

export function certificateProblems(at: Date, report: CertificateReport): Problem[] {
  const { origin, validFrom, validTo, names, fitsHost, chainError } = report
  const left = (validTo.getTime() - at.getTime()) / dayMs
  const until = `${origin}: valid until ${validTo.toISOString()}`
  const isSelfSigned = chainError === 'DEPTH_ZERO_SELF_SIGNED_CERT'
  const isIncomplete =
    chainError === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' || chainError === 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'
  return [
    ...problemIf(left <= 0, 'certificate-expired', until),
    ...problemIf(left > 0 && left < renewalDays, 'certificate-expires-soon', until),
    ...problemIf(validFrom > at, 'certificate-not-yet-valid', `${origin}: valid from ${validFrom.toISOString()}`),
    ...problemIf(!fitsHost, 'certificate-wrong-name', `${origin}: the certificate is for ${names || 'no name'}`),
    ...problemIf(isSelfSigned, 'certificate-self-signed', `${origin}: ${chainError}`),
    ...problemIf(isIncomplete, 'certificate-chain-incomplete', `${origin}: ${chainError}`),
    ...problemIf(
      chainError !== undefined && !isSelfSigned && !isIncomplete,
      'certificate-untrusted',
      `${origin}: ${chainError}`,
    ),
  ]
}

function certificates({ certificates: reports, at }: Evidence): Problem[] | undefined {
  return reports.length === 0 ? undefined : reports.flatMap((report) => certificateProblems(at, report))
}

/** Each silent address once, however often it was contacted. */
function reachable({ exchanges }: Evidence): Problem[] {
  const silent = new Map<string, Problem>()
  for (const exchange of exchanges) {
    if (isAnswer(exchange)) continue
    const { request, silence, detail } = exchange
    const isPrivate = silence === 'not-contacted'
    if (isPrivate && isInternalHost(new URL(request.url).hostname)) continue
    const seen = `${request.method} ${request.url}: ${detail}`
    silent.set(request.url, problem(isPrivate ? 'address-private' : 'address-silent', seen))
  }
  return [...silent.values()]
}

const [driftSeconds, offSeconds] = [30, 120]

/** How far a server's clock is ahead, in seconds. The Date header has whole seconds, cut off. */
function aheadSeconds({ headers, startedAt, durationMs }: Answer): number | undefined {
  const date = Date.parse(headers.get('date') ?? '')
  if (Number.isNaN(date) || headers.has('age')) return undefined
  return Math.round((date + 500 - (startedAt.getTime() + durationMs / 2)) / 1000)
}

function clocks({ endpoint, server }: Evidence): Problem[] | undefined {
  return clockProblems([
    ['the MCP server', endpoint.unauthenticated],
    ['the authorization server', server?.token ?? server?.copies[0]?.exchange],
  ])
}

/** `asked`: servers by name, and what one of them answered. `undefined` when nobody said what time it is. */
export function clockProblems(asked: readonly (readonly [string, Exchange | undefined])[]): Problem[] | undefined {
  const clocksRead = asked.flatMap(([name, exchange]) => {
    const answer = answerOf(exchange)
    const ahead = answer && aheadSeconds(answer)
    return ahead === undefined ? [] : [{ name, ahead }]
  })
  if (clocksRead.length === 0) return undefined
  return clocksRead.flatMap(({ name, ahead }) => {
    const seen = `${name} is ${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead of'} this machine`
    if (Math.abs(ahead) > offSeconds) return [problem('clock-off', seen)]
    return problemIf(Math.abs(ahead) > driftSeconds, 'clock-drifts', seen)
  })
}

const slowMs = 3_000

function speed({ exchanges }: Evidence): Problem[] {
  const [slowest] = exchanges.filter(isAnswer).sort((one, other) => other.durationMs - one.durationMs)
  if (slowest === undefined || slowest.durationMs <= slowMs) return []
  return [problem('slow', `${slowest.request.method} ${slowest.request.url}: ${slowest.durationMs} ms`)]
}

export const transportChecks: CheckGroup = {
  name: 'Transport, proxy and clock',
  checks: [
    { id: 'https', title: 'every address is https, this machine aside', examine: schemes },
    { id: 'internal-addresses', title: 'no public document names an internal address', examine: internalAddresses },
    {
      id: 'forwarded-headers',
      title: 'strangers cannot change what is published by a header',
      examine: forwardedHeaders,
    },
    { id: 'certificates', title: 'the certificates are valid, trusted and fit their hosts', examine: certificates },
    { id: 'reachable', title: 'every address that is named answers', examine: reachable },
    { id: 'clocks', title: 'the clocks agree', examine: clocks },
    { id: 'speed', title: 'answers come in good time', examine: speed },
  ],
}
