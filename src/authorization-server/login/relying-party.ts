/** What passkeys are bound to, from ISSUER_URL alone: no header of a request has a say (WebAuthn §5.1.3, §13.4.9). */
import { isIP } from 'node:net'

export interface RelyingParty {
  /** RP ID: the host. Passkeys of another host do not work here. */
  readonly id: string
  /** The only origin that a device may have signed for. */
  readonly origin: string
}

/** `undefined` where browsers offer no passkeys: the issuer is an IP address, or a host without TLS other than localhost. */
export function relyingPartyOf(issuer: string): RelyingParty | undefined {
  const { protocol, hostname, origin } = new URL(issuer)
  const isAddress = isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0
  const isSecure = protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost')
  return isAddress || !isSecure ? undefined : { id: hostname, origin }
}
