/** X.509 certificates made on the spot (RFC 5280, ECDSA P-256), so that no key lies in the repository and none ever expires. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export interface Certificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

export interface CertificateAuthority extends Certificate {
  issue(name: string, validity?: Validity): Certificate
}

export interface Validity {
  readonly from: Date
  readonly to: Date
}

function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts)
const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, 'hex'))
const bits = (body: Uint8Array): Buffer => tlv(0x03, Buffer.from([0]), body)

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
const commonName = (name: string): Buffer => sequence(tlv(0x31, sequence(oid('550403'), tlv(0x0c, Buffer.from(name)))))

function time(date: Date): Buffer {
  return tlv(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\..*$/g, '')}Z`))
}

/** Subject alternative name of a server, or basic constraints of an authority. */
function extension(name: string | undefined): Buffer {
  const body =
    name === undefined
      ? sequence(oid('551d13'), tlv(0x01, Buffer.from([255])), tlv(0x04, sequence(tlv(0x01, Buffer.from([255])))))
      : sequence(oid('551d11'), tlv(0x04, sequence(tlv(0x82, Buffer.from(name)))))
  return tlv(0xa3, sequence(body))
}

interface Request {
  readonly issuer: string
  readonly subject: string
  readonly serverName: string | undefined
  readonly publicKey: KeyObject
  readonly signingKey: KeyObject
  readonly validity: Validity
}

function createCertificate({ issuer, subject, serverName, publicKey, signingKey, validity }: Request): string {
  const content = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.from([1, ...randomBytes(8)])),
    ecdsaWithSha256,
    commonName(issuer),
    sequence(time(validity.from), time(validity.to)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    extension(serverName),
  )
  const der = sequence(content, ecdsaWithSha256, bits(sign('sha256', content, signingKey)))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function keyPair(): { publicKey: KeyObject; privateKey: KeyObject; pem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { publicKey, privateKey, pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

const day = 86_400_000

/** An authority of its own; nobody but who is handed `cert` trusts it. */
export function createAuthority(subject = 'Test authority'): CertificateAuthority {
  const validity = { from: new Date(Date.now() - day), to: new Date(Date.now() + day) }
  const authority = keyPair()
  const request = { issuer: subject, signingKey: authority.privateKey, validity }
  return {
    cert: createCertificate({ ...request, subject, serverName: undefined, publicKey: authority.publicKey }),
    key: authority.pem,
    issue: (name, given = validity) => {
      const server = keyPair()
      const subjectOf = { subject: name, serverName: name, publicKey: server.publicKey, validity: given }
      return { cert: createCertificate({ ...request, ...subjectOf }), key: server.pem }
    },
  }
}
