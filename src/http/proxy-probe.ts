/**
 * The proxy probe of `gatehouse doctor --local`: reports to the operator how a request reached this server through its proxies: host,
 * forwarding headers, peer address and the client address derived from them. Probe and report are encrypted with a secret of the operator,
 * so strangers, proxy logs and caches learn nothing, and nobody without that secret gets a report. Does not evaluate the report.
 */
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../base/clock.js'
import { createHolderBox, type HolderBox, hashSecret, randomSecret } from '../base/secrets.js'

/** Request header of the probe, and response header of the report. */
export const probeHeaders = { probe: 'x-gatehouse-probe', report: 'x-gatehouse-probe-report' } as const

/** A request as the server received it. Headers are unchanged, but cut at 200 characters. */
export interface ReceivedRequest {
  readonly host: string
  readonly forwardedFor?: string | undefined
  readonly forwardedProto?: string | undefined
  /** Address of the connection's peer. */
  readonly peer: string
  /** `undefined`: TRUSTED_PROXIES is not set at this server. */
  readonly isPeerTrusted?: boolean | undefined
  /** The address that the server takes for the caller's. */
  readonly address: string
}

const purposes = { probe: 'proxy probe', report: 'proxy probe report' } as const
const boxUnder = (secret: string) => createHolderBox(`proxy probe\0${secret}`)

/** A probe expires after this time: one that is found in a log cannot be replayed later. */
const lifeMs = 60_000
const longestProbe = 400
const longestHeader = 200

function openedBy(box: HolderBox, sealed: string, purpose: string): unknown {
  try {
    return JSON.parse(box.open(sealed, purpose))
  } catch {
    return undefined
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

export interface ProxyProbe {
  /** Value of the request header. */
  readonly text: string
  /** Decrypts a report; `undefined` if it does not belong to this probe. */
  read(answer: string | null): ReceivedRequest | undefined
}

/** `secret`: shared with the server, with the entropy of a key. */
export function createProxyProbe(secret: string, clock: Clock): ProxyProbe {
  const box = boxUnder(secret)
  const nonce = randomSecret(12)
  return {
    text: box.seal(JSON.stringify({ at: clock.now().getTime(), nonce }), purposes.probe),
    read: (answer) => {
      const opened = answer === null ? undefined : openedBy(box, answer, purposes.report)
      // Only a server with the secret can encrypt a report, so its type is trusted.
      return memberOf(opened, 'nonce') === nonce ? (memberOf(opened, 'received') as ReceivedRequest) : undefined
    },
  }
}

/** Facts about a request that are not in its headers. */
export type Sender = Pick<ReceivedRequest, 'peer' | 'isPeerTrusted' | 'address'>

/**
 * A secret derived from the encryption key, for servers that must not know the key itself. The key cannot be computed from it.
 */
export function probeSecretUnder(encryptionKey: string): string {
  return hashSecret(`gatehouse proxy probe\0${encryptionKey}`)
}

/**
 * Answers a probe encrypted with any of the secrets; `undefined` for any other request. `secrets` is called at the first probe, and again
 * until there are some, because the first start of a server creates them.
 */
export function createProbeResponder(secrets: () => readonly string[], clock: Clock) {
  let boxes: readonly HolderBox[] = []
  return ({ headers }: Pick<IncomingMessage, 'headers'>, sender: Sender): string | undefined => {
    const question = headers[probeHeaders.probe]
    if (typeof question !== 'string' || question.length > longestProbe) return undefined
    if (boxes.length === 0) boxes = secrets().map(boxUnder)
    for (const box of boxes) {
      const asked = openedBy(box, question, purposes.probe)
      const at = memberOf(asked, 'at')
      if (typeof at !== 'number' || Math.abs(clock.now().getTime() - at) > lifeMs) continue
      const cut = (value: string | string[] | undefined) =>
        value === undefined ? undefined : String(value).slice(0, longestHeader)
      const received = {
        host: cut(headers.host) ?? '',
        forwardedFor: cut(headers['x-forwarded-for']),
        forwardedProto: cut(headers['x-forwarded-proto']),
        ...sender,
      }
      return box.seal(JSON.stringify({ nonce: memberOf(asked, 'nonce'), received }), purposes.report)
    }
    return undefined
  }
}
