/**
 * Checks how the proxy in front of the servers changes a request, by a probe that went through it. The servers end no TLS, so an
 * https address has a proxy.
 */

import { probeHeaders } from '../../http/proxy-probe.js'
import { hostsOf } from '../../oauth/public-url.js'
import { answerOf, isAnswer, jsonOf } from '../exchange.js'
import { type Problem, problem, problemIf } from '../finding.js'
import type { AddressFacts, LocalFacts } from './facts.js'

/** Sent along as X-Forwarded-For: an address of nobody's (RFC 5737), which must not be believed. */
export const claimedAddress = '192.0.2.77'

/** True if the answer is this server's own document, not just any answer. */
export function answersAsOurs({ exchange, member, identifier }: AddressFacts): boolean {
  return isAnswer(exchange) && exchange.status === 200 && jsonOf(exchange)?.[member] === identifier
}

/** The server answers and does not say how it was asked, so the proxy before it is judged by nobody. */
function notTold(facts: AddressFacts): readonly Problem[] | undefined {
  const { setting, isProbed } = facts
  // Another server at this address is a finding of its own, and no client takes the way between the servers.
  if (!answersAsOurs(facts) || setting === 'ISSUER_INTERNAL_URL') return undefined
  const reason = isProbed
    ? `${probeHeaders.probe} was sent, ${probeHeaders.report} did not come back`
    : 'this machine and that server share no secret'
  return [problem('arrival-untold', `${setting}: ${reason}`)]
}

function ofOne(facts: AddressFacts): readonly Problem[] | undefined {
  const { setting, url, exchange, received } = facts
  if (!url.startsWith('https:')) return undefined
  if (received === undefined) return notTold(facts)
  const { host, forwardedFor, forwardedProto, peer, isPeerTrusted, address } = received
  const from = `${setting}: it came from ${peer}`
  const chain = forwardedFor === undefined ? 'no X-Forwarded-For' : `X-Forwarded-For: ${forwardedFor}`
  const isClaimPassedOn = forwardedFor?.trim() === claimedAddress
  return [
    ...problemIf(isPeerTrusted === undefined, 'proxy-unnamed', `${from}, with ${chain}; TRUSTED_PROXIES is not set`),
    ...problemIf(isPeerTrusted === false, 'proxy-not-trusted', `${from}, which TRUSTED_PROXIES does not name`),
    ...problemIf(isPeerTrusted === true && forwardedFor === undefined, 'proxy-hides-address', `${from}, with ${chain}`),
    ...problemIf(
      isPeerTrusted === true && isClaimPassedOn && address === claimedAddress,
      'address-forgeable',
      `${from}, with what the doctor had made up and nothing else, ${chain}`,
    ),
    ...problemIf(
      /^\s*http\s*(?:,|$)/i.test(forwardedProto ?? ''),
      'proxy-reached-plainly',
      `${setting}: X-Forwarded-Proto: ${forwardedProto}`,
    ),
    // A host that is refused is a finding of its own.
    ...problemIf(
      answerOf(exchange)?.status === 200 && !hostsOf(new URL(url).origin).includes(host.toLowerCase()),
      'proxy-renames-host',
      `${setting}: Host: ${host}`,
    ),
  ]
}

/** `undefined` if no probe reached a server through a proxy. */
export function passedOn({ addresses }: LocalFacts): readonly Problem[] | undefined {
  const judged = addresses.map(ofOne).filter((problems) => problems !== undefined)
  return judged.length === 0 ? undefined : judged.flat()
}
