/** What the proxy before the servers makes of a request, from one of ours that went through it. Servers end no TLS: behind https there is one. */
import { hostsOf } from '../../oauth/public-url.js'
import { answerOf } from '../exchange.js'
import { type Problem, problemIf } from '../finding.js'
import type { AddressFacts, LocalFacts } from './facts.js'

/** Sent along as X-Forwarded-For: an address of nobody's (RFC 5737), which must not be believed. */
export const claimedAddress = '192.0.2.77'

function ofOne({ setting, url, exchange, arrival }: AddressFacts): readonly Problem[] | undefined {
  if (arrival === undefined || !url.startsWith('https:')) return undefined
  const { host, forwardedFor, forwardedProto, peer, isPeerTrusted, address } = arrival
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

/** `undefined` when no request of ours was seen to arrive through a proxy. */
export function passedOn({ addresses }: LocalFacts): readonly Problem[] | undefined {
  const judged = addresses.map(ofOne).filter((problems) => problems !== undefined)
  return judged.length === 0 ? undefined : judged.flat()
}
