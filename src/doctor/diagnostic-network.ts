/**
 * The outbound client of the doctor: it examines healthy and broken deployments, and reports what it saw instead of failing. Follows no
 * redirect, limits time and size, keeps no cookie, sends no credential. Because it sends nothing secret, it continues despite an invalid
 * certificate, which `certificate` reports. Does not evaluate responses.
 */
import { lookup as systemLookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  type PeerCertificate,
  rootCertificates,
  type TLSSocket,
} from 'node:tls'
import { Agent, fetch as undiciFetch } from 'undici'
import type { Clock } from '../base/clock.js'
import type { Resolve, ResolvedAddress } from '../outbound/name-resolver.js'
import { isPublicAddress } from '../outbound/public-address.js'

export interface ProbeRequest {
  readonly method: string
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Answer {
  readonly request: ProbeRequest
  readonly status: number
  readonly headers: Headers
  /** As text; empty for an event stream, which may never end. */
  readonly body: string
  /** False if the body was longer than the limit. */
  readonly isWhole: boolean
  readonly startedAt: Date
  readonly durationMs: number
}

/** `not-contacted`: this machine must not, or need not, contact the address. */
export type SilenceReason =
  | 'refused'
  | 'unresolved'
  | 'timeout'
  | 'cut-off'
  | 'no-http'
  | 'no-tls'
  | 'not-contacted'
  | 'failed'

export interface Silence {
  readonly request: ProbeRequest
  readonly silence: SilenceReason
  readonly detail: string
}

export type Exchange = Answer | Silence

export interface CertificateReport {
  readonly origin: string
  readonly validFrom: Date
  readonly validTo: Date
  /** Subject alternative names, as the certificate has them. */
  readonly names: string
  readonly fitsHost: boolean
  /** OpenSSL's code when the chain does not lead to a known authority, for example `DEPTH_ZERO_SELF_SIGNED_CERT`. */
  readonly chainError: string | undefined
}

export interface DiagnosticNetwork {
  /** Never rejects. */
  send(request: ProbeRequest): Promise<Exchange>
  /** `undefined` if no TLS connection is possible. Never rejects. */
  certificate(origin: string): Promise<CertificateReport | undefined>
  close(): Promise<void>
}

export interface DiagnosticNetworkOptions {
  /** The examined URL. If it is on the public Internet, nothing that it names can make the doctor contact a private address. */
  readonly startUrl: string
  /** For one whole exchange, body included. */
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly clock: Clock
  readonly userAgent: string
  /** Further certificate authorities in PEM. */
  readonly ca?: string | undefined
  readonly resolve?: Resolve
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '')
}

/** All addresses of a host, resolved once; connections are made to exactly these. */
function createAddressBook(resolve: Resolve) {
  const known = new Map<string, Promise<readonly ResolvedAddress[]>>()
  const addressesOf = (host: string): Promise<readonly ResolvedAddress[]> => {
    const family = isIP(host)
    if (family !== 0) return Promise.resolve([{ address: host, family }])
    const asked = known.get(host) ?? resolve(host)
    known.set(host, asked)
    return asked
  }
  const lookup: LookupFunction = (host, options, callback) => {
    addressesOf(host).then(
      (addresses) => {
        const [first] = addresses
        if (first === undefined) callback(new Error('the name has no address'), '', 0)
        else if (options.all === true) callback(null, [...addresses])
        else callback(null, first.address, first.family)
      },
      (error: Error) => callback(error, '', 0),
    )
  }
  return { addressesOf, lookup }
}

const reasonsByCode: Readonly<Record<string, SilenceReason>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  ENOTFOUND: 'unresolved',
  EAI_AGAIN: 'unresolved',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ECONNRESET: 'cut-off',
  EPIPE: 'cut-off',
  UND_ERR_SOCKET: 'cut-off',
  EPROTO: 'no-tls',
}

const reasonsByName: Readonly<Record<string, SilenceReason>> = { TimeoutError: 'timeout', HTTPParserError: 'no-http' }

function textOf(value: unknown, name: string): string {
  const member = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  return typeof member === 'string' ? member : ''
}

/** The library's errors only say that a fetch failed; their causes say why. */
function silenceOf(request: ProbeRequest, error: unknown): Silence {
  let silence: SilenceReason = 'failed'
  let detail = String(error)
  for (let next = error, depth = 0; typeof next === 'object' && next !== null && depth < 6; depth += 1) {
    const [code, name, message] = [textOf(next, 'code'), textOf(next, 'name'), textOf(next, 'message')]
    silence = reasonsByCode[code] ?? reasonsByName[name] ?? (/^ERR_(SSL|TLS)/.test(code) ? 'no-tls' : silence)
    detail = message || code || detail
    next = Reflect.get(next, 'cause')
  }
  return { request, silence, detail }
}

interface Body {
  readonly body: string
  readonly isWhole: boolean
}

async function readBody(response: Awaited<ReturnType<typeof undiciFetch>>, maxBytes: number): Promise<Body> {
  if (/^text\/event-stream/i.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel()
    return { body: '', isWhole: true }
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > maxBytes) break
  }
  return { body: Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8'), isWhole: size <= maxBytes }
}

function reportOf(origin: string, socket: TLSSocket): CertificateReport | undefined {
  const peer: PeerCertificate = socket.getPeerCertificate()
  if (peer.valid_to === undefined) return undefined
  const fitsHost = checkServerIdentity(hostOf(origin), peer) === undefined
  // Dates and names are checked on the certificate itself, because the library reports only the first problem.
  const elsewhere = /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|ALTNAME_INVALID/
  const { authorizationError } = socket
  const error = socket.authorized ? undefined : textOf(authorizationError, 'code') || String(authorizationError)
  return {
    origin,
    validFrom: new Date(peer.valid_from),
    validTo: new Date(peer.valid_to),
    names: peer.subjectaltname ?? '',
    fitsHost,
    chainError: error === undefined || elsewhere.test(error) ? undefined : error,
  }
}

/** Opens nothing before the first request. Close it when done. */
export function createDiagnosticNetwork(options: DiagnosticNetworkOptions): DiagnosticNetwork {
  const { timeoutMs, maxBytes, clock } = options
  const book = createAddressBook(options.resolve ?? ((host) => systemLookup(host, { all: true })))
  // Made once: loading all certificate authorities takes longer than a connection.
  const secureContext = createSecureContext(options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] })
  const tls = { lookup: book.lookup, rejectUnauthorized: false, secureContext }
  const dispatcher = new Agent({ connect: { ...tls, timeout: timeoutMs }, maxHeaderSize: 32_768, connections: 8 })
  const isPublic = async (url: string) =>
    (await book.addressesOf(hostOf(url))).every(({ address }) => isPublicAddress(address))
  const mayContact = async (url: string) => !(await isPublic(options.startUrl)) || isPublic(url)

  async function run(request: ProbeRequest): Promise<Exchange> {
    if (!(await mayContact(request.url))) {
      return { request, silence: 'not-contacted', detail: 'its name leads to a private address from here' }
    }
    const startedAt = clock.now()
    const start = performance.now()
    const response = await undiciFetch(request.url, {
      method: request.method,
      headers: { 'user-agent': options.userAgent, ...request.headers },
      body: request.body ?? null,
      redirect: 'manual',
      dispatcher,
      signal: AbortSignal.timeout(timeoutMs),
    })
    const headers = new Headers([...response.headers])
    const answeredMs = performance.now() - start
    const body = await readBody(response, maxBytes)
    return { request, status: response.status, headers, startedAt, durationMs: Math.round(answeredMs), ...body }
  }

  return {
    send: async (request) => {
      try {
        return await run(request)
      } catch (error) {
        return silenceOf(request, error)
      }
    },
    certificate: async (origin) => {
      if (!(await mayContact(origin).catch(() => false))) return undefined
      const host = hostOf(origin)
      const port = Number(new URL(origin).port || 443)
      return new Promise((resolve) => {
        const socket = connect({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls })
        const end = (report: CertificateReport | undefined) => {
          socket.destroy()
          resolve(report)
        }
        socket.setTimeout(timeoutMs, () => end(undefined))
        socket.once('error', () => end(undefined))
        socket.once('secureConnect', () => end(reportOf(origin, socket)))
      })
    },
    close: () => dispatcher.close(),
  }
}
