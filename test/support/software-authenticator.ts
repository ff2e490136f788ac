/**
 * A device with passkeys, in software: CBOR and COSE written out with node:crypto alone, so that a test can sign whatever an honest device
 * never would. Every member of what it signs can be replaced.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

type Cbor = number | string | Buffer | ReadonlyMap<number | string, Cbor>

/** Deterministic CBOR (RFC 8949 §4.2) of what WebAuthn needs. */
function cbor(value: Cbor): Buffer {
  const head = (major: number, length: number): Buffer => {
    if (length < 24) return Buffer.from([(major << 5) | length])
    if (length < 256) return Buffer.from([(major << 5) | 24, length])
    const long = Buffer.from([(major << 5) | 25, 0, 0])
    long.writeUInt16BE(length, 1)
    return long
  }
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  const entries = [...value].flatMap(([key, member]) => [cbor(key), cbor(member)])
  return Buffer.concat([head(5, value.size), ...entries])
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest()
const encoded = (data: string | Buffer) => Buffer.from(data).toString('base64url')

/** What a device may be made to say. */
export interface Lies {
  readonly origin?: string
  readonly rpId?: string
  readonly type?: string
  readonly challenge?: string
  readonly isUserVerified?: boolean
  readonly isUserPresent?: boolean
  readonly counter?: number
  readonly userHandle?: string | undefined
  /** Of the credential that it says it uses. */
  readonly credentialId?: string
  /** Changes the signature. */
  readonly tampers?: boolean
  readonly crossOrigin?: boolean
  readonly topOrigin?: string
  /** Instead of none. */
  readonly attestation?: { readonly format: string; readonly statement: ReadonlyMap<string, Cbor> }
}

export interface Passkey {
  readonly id: string
  /** COSE, base64url. */
  readonly publicKey: string
  readonly userHandle: string
  readonly privateKey: KeyObject
}

export interface SoftwareAuthenticator {
  /** The answer of `navigator.credentials.create`, as the page's script posts it. */
  create(options: string, lies?: Lies): string
  /** The same of `navigator.credentials.get`. */
  get(options: string, lies?: Lies): string
  /** A passkey that was made elsewhere, for an account. */
  make(accountId: string): Passkey
  readonly passkeys: readonly Passkey[]
}

interface Options {
  readonly challenge: string
  readonly rpId?: string
  readonly rp?: { readonly id: string }
  readonly user?: { readonly id: string }
}

/** `origin`: of the page that it is asked by. `isSynced`: it copies its keys to other devices, and does not count. */
export function createSoftwareAuthenticator(origin: string, { isSynced = false } = {}): SoftwareAuthenticator {
  const passkeys: Passkey[] = []
  let counter = isSynced ? 0 : 1

  const clientData = (type: string, challenge: string, lies: Lies) =>
    Buffer.from(
      JSON.stringify({
        type: lies.type ?? type,
        challenge: lies.challenge ?? challenge,
        origin: lies.origin ?? origin,
        crossOrigin: lies.crossOrigin ?? false,
        ...(lies.topOrigin === undefined ? {} : { topOrigin: lies.topOrigin }),
      }),
    )

  const authenticatorData = (rpId: string, lies: Lies, credential?: Buffer) => {
    const bits = [
      [lies.isUserPresent ?? true, 0x01],
      [lies.isUserVerified ?? true, 0x04],
      [isSynced, 0x08],
      [isSynced, 0x10],
      [credential !== undefined, 0x40],
    ] as const
    const flags = bits.reduce((sum, [isSet, bit]) => sum + (isSet ? bit : 0), 0)
    const count = Buffer.alloc(4)
    if (lies.counter === undefined && !isSynced) counter += 1
    count.writeUInt32BE(lies.counter ?? counter)
    return Buffer.concat([sha256(lies.rpId ?? rpId), Buffer.from([flags]), count, credential ?? Buffer.alloc(0)])
  }

  const make = (userHandle: string): Passkey => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
    const cose = cbor(
      new Map<number, Cbor>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(x, 'base64url')],
        [-3, Buffer.from(y, 'base64url')],
      ]),
    )
    const made = { id: encoded(randomBytes(32)), publicKey: encoded(cose), userHandle, privateKey }
    passkeys.push(made)
    return made
  }

  return {
    passkeys,
    make: (accountId) => make(encoded(accountId)),
    create(options, lies = {}) {
      const { challenge, rp, user } = JSON.parse(options) as Options
      const { id, publicKey } = make(user?.id ?? '')
      const credentialId = Buffer.from(id, 'base64url')
      const length = Buffer.from([0, credentialId.length])
      const credential = Buffer.concat([Buffer.alloc(16), length, credentialId, Buffer.from(publicKey, 'base64url')])
      const { format, statement } = lies.attestation ?? { format: 'none', statement: new Map() }
      const attestationObject = cbor(
        new Map<string, Cbor>([
          ['fmt', format],
          ['attStmt', statement],
          ['authData', authenticatorData(rp?.id ?? '', lies, credential)],
        ]),
      )
      const response = {
        clientDataJSON: encoded(clientData('webauthn.create', challenge, lies)),
        attestationObject: encoded(attestationObject),
        transports: ['internal', 'made-up'],
      }
      return JSON.stringify({ id, rawId: id, type: 'public-key', response })
    },
    get(options, lies = {}) {
      const { challenge, rpId = '' } = JSON.parse(options) as Options
      const passkey = passkeys.at(-1)
      if (passkey === undefined) throw new Error('the device has no passkey')
      const data = authenticatorData(rpId, lies)
      const client = clientData('webauthn.get', challenge, lies)
      const signature = sign('sha256', Buffer.concat([data, sha256(client)]), passkey.privateKey)
      if (lies.tampers === true) signature.writeUInt8(signature.readUInt8(20) ^ 1, 20)
      const id = lies.credentialId ?? passkey.id
      const userHandle = 'userHandle' in lies ? lies.userHandle : passkey.userHandle
      const response = {
        clientDataJSON: encoded(client),
        authenticatorData: encoded(data),
        signature: encoded(signature),
        ...(userHandle === undefined ? {} : { userHandle }),
      }
      return JSON.stringify({ id, rawId: id, type: 'public-key', response })
    },
  }
}
