/** The public addresses, as they are reached from the servers' own machine: TLS, proxy, clock; and the way between the servers. */
import { certificateProblems, clockProblems } from '../checks/transport.js'
import { isAnswer, jsonOf } from '../exchange.js'
import { type CheckGroup, type Problem, problem, problemIf } from '../finding.js'
import type { AddressFacts, LocalFacts } from './facts.js'
import { answersAsOurs, passedOn } from './proxy-checks.js'

const isInternal = ({ setting }: AddressFacts) => setting === 'ISSUER_INTERNAL_URL'

function seenAt({ exchange, member, identifier, setting }: AddressFacts): string {
  const asked = `${setting}: GET ${exchange.request.url}`
  if (!isAnswer(exchange)) return `${asked}: ${exchange.detail}`
  const { status, headers } = exchange
  if (status !== 200) return `${asked}: ${status} (${headers.get('content-type') ?? 'no content type'})`
  const named = jsonOf(exchange)?.[member]
  return `${asked}: "${member}" is ${JSON.stringify(named) ?? 'missing'}, not ${JSON.stringify(identifier)}`
}

function publicAddress(facts: AddressFacts): readonly Problem[] {
  const { exchange } = facts
  if (!isAnswer(exchange)) return [problem('address-silent-here', seenAt(facts))]
  if (answersAsOurs(facts)) return []
  if (exchange.status !== 421) return [problem('address-of-others', seenAt(facts))]
  const named = facts.received === undefined ? '' : `, for Host: ${facts.received.host}`
  return [problem('proxy-changes-host', `${seenAt(facts)}${named}`)]
}

function publicAddresses({ addresses }: LocalFacts): readonly Problem[] | undefined {
  const asked = addresses.filter((address) => !isInternal(address))
  return asked.length === 0 ? undefined : asked.flatMap(publicAddress)
}

function wayBetween({ addresses }: LocalFacts): readonly Problem[] | undefined {
  const asked = addresses.filter(isInternal)
  if (asked.length === 0) return undefined
  return asked.flatMap((one) => problemIf(!answersAsOurs(one), 'issuer-out-of-reach', seenAt(one)))
}

/** A feed that nobody answers for says nothing new: that the server is out of reach is said above. */
function credentials({ feed }: LocalFacts): readonly Problem[] | undefined {
  if (feed === undefined) return undefined
  if (feed.isFollowing) return []
  return [problem(/status 40[13]/.test(feed.reason) ? 'mcp-secret-refused' : 'feed-silent', feed.reason)]
}

function smtpServer({ mail }: LocalFacts): readonly Problem[] | undefined {
  if (mail === undefined) return undefined
  return mail.failure === undefined ? [] : [problem('smtp-failed', `SMTP_URL: ${mail.failure}`)]
}

function certificates({ addresses, at }: LocalFacts): readonly Problem[] | undefined {
  const reports = addresses.flatMap(({ certificate }) => (certificate === undefined ? [] : [certificate]))
  return reports.length === 0 ? undefined : reports.flatMap((report) => certificateProblems(at, report))
}

export const addressChecks: CheckGroup<LocalFacts> = {
  name: 'Addresses',
  checks: [
    { id: 'public-address', title: 'the public addresses lead to these servers', examine: publicAddresses },
    { id: 'proxy', title: 'the proxy passes host, scheme and the address of the client on', examine: passedOn },
    { id: 'certificates', title: 'their certificates are valid, trusted and fit', examine: certificates },
    { id: 'issuer-reach', title: 'the MCP server reaches the authorization server', examine: wayBetween },
    {
      id: 'feed-credentials',
      title: "the authorization server knows the MCP server's secret",
      examine: credentials,
    },
    { id: 'smtp-server', title: 'the SMTP server takes mail from here', examine: smtpServer },
    {
      id: 'clocks',
      title: 'the servers have the time of this machine',
      examine: ({ addresses }) => clockProblems(addresses.map(({ setting, exchange }) => [setting, exchange])),
    },
  ],
}
