/**
 * Owns how secrets are made, recognised and kept. Recognise: SHA-256. Keep: AES-256-GCM under the encryption key, which lives
 * outside the database (ENCRYPTION_KEY_FILE or DATA_DIR). Does not own passwords (accounts) or tokens' signatures (keys).
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'

/** A random value in base64url; 32 bytes unless told (256 bits, RFC 6749 §10.10 asks for 128). */
export function randomSecret(bytes = 32): string {
  return randomBytes(bytes).toString('base64url')
}

/** SHA-256 in base64url: how values that only have to be recognised are stored. Not for passwords. */
export function hashSecret(value: string): string {
  return hash('sha256', value, 'base64url')
}

/** Compares two strings in time that depends on neither's content. */
export function secretsEqual(left: string, right: string): boolean {
  return timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest())
}

/** Seals and opens values. A sealed value is bound to its `purpose`: it does not open under another one. */
export interface SecretBox {
  seal(plaintext: string, purpose: string): string
  /** Throws `SealError` when the value was sealed under another key or purpose, or was changed. */
  open(sealed: string, purpose: string): string
}

export class SealError extends Error {
  constructor(cause?: unknown) {
    super('a stored secret cannot be opened: it was sealed with another encryption key', { cause })
    this.name = 'SealError'
  }
}

const version = 'v1'

const ivBytes = 12
const ivPool = Buffer.allocUnsafe(ivBytes * 256)
let ivOffset = ivPool.length

/** Each part of the pool is used once. Asking the operating system for as few bytes costs more than sealing with them. */
function freshIv(): Buffer {
  if (ivOffset === ivPool.length) {
    randomFillSync(ivPool)
    ivOffset = 0
  }
  ivOffset += ivBytes
  return ivPool.subarray(ivOffset - ivBytes, ivOffset)
}

function sealWith(key: KeyObject, plaintext: string, purpose: string): string {
  const iv = freshIv()
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(purpose))
  const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  return `${version}.${Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')}`
}

function openWith(key: KeyObject, sealed: string, purpose: string): string {
  const [prefix, body] = sealed.split('.')
  if (prefix !== version || body === undefined) throw new SealError()
  const bytes = Buffer.from(body, 'base64url')
  try {
    // The length is named because a shorter tag, which is easier to guess, would be accepted otherwise.
    const options = { authTagLength: 16 }
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), options).setAAD(Buffer.from(purpose))
    decipher.setAuthTag(bytes.subarray(12, 28))
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
  } catch (error) {
    throw new SealError(error)
  }
}

/** A key object, because Node takes three times as long to find out what bytes are. */
function boxUnder(bytes: Uint8Array): SecretBox {
  const key = createSecretKey(bytes)
  return {
    seal: (plaintext, purpose) => sealWith(key, plaintext, purpose),
    open: (sealed, purpose) => openWith(key, sealed, purpose),
  }
}

/** A box under the operator's encryption key (base64url, at least 32 bytes). */
export function createSecretBox(encryptionKey: string): SecretBox {
  const material = Buffer.from(encryptionKey, 'base64url')
  if (material.length < 32) throw new RangeError('the encryption key must hold at least 32 bytes in base64url')
  return boxUnder(new Uint8Array(hkdfSync('sha256', material, '', 'gatehouse secret box', 32)))
}

/**
 * A box that only the holder of `secret` can open, for example a refresh token that was just replaced. The secret must be as
 * random as a key: it is made one by a single hash, because this happens at every refresh.
 */
export function createHolderBox(secret: string): SecretBox {
  return boxUnder(hash('sha256', `gatehouse holder box\0${secret}`, 'buffer'))
}
