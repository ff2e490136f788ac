/**
 * Generates, recognises and encrypts secrets. Values to recognise are hashed with SHA-256. Values to keep are encrypted with AES-256-GCM
 * under the encryption key, which is outside the database (ENCRYPTION_KEY_FILE or DATA_DIR). Passwords (accounts) and signatures of tokens
 * (keys) are handled elsewhere.
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

/** A random value in base64url; default: 32 bytes (256 bits; RFC 6749 §10.10 requires 128). */
export function randomSecret(bytes = 32): string {
  return randomBytes(bytes).toString('base64url')
}

/** SHA-256 in base64url, for storing random values that only have to be recognised. Not for passwords. */
export function hashSecret(value: string): string {
  return hash('sha256', value, 'base64url')
}

/** Compares two strings in constant time. */
export function secretsEqual(left: string, right: string): boolean {
  return timingSafeEqual(createHash('sha256').update(left).digest(), createHash('sha256').update(right).digest())
}

/** Encrypts (seals) and decrypts (opens) values. A sealed value is bound to its `purpose` and cannot be opened with a different one. */
export interface HolderBox {
  seal(plaintext: string, purpose: string): string
  /** Throws `SealError` if the value was sealed with a different key or purpose, or was changed. */
  open(sealed: string, purpose: string): string
}

/** A box with several encryption keys, for rotation: it seals with the first and opens with any. */
export interface SecretBox extends HolderBox {
  /** Identifies the encryption key without revealing it. */
  readonly keyId: string
  /** True if the value is sealed with the first key, so that the others are not needed for it. */
  isSealedByFirstKey(sealed: string): boolean
  /** True if one of the keys can open it. */
  opens(sealed: string, purpose: string): boolean
}

export class SealError extends Error {
  constructor(cause?: unknown) {
    super('a stored secret cannot be decrypted: it was encrypted with another key', { cause })
    this.name = 'SealError'
  }
}

const version = 'v1'

/** SQL for the id of the encryption key that sealed a column's value; '' if the value names none. */
export function encryptionKeyIdOf(column: string): string {
  return `split_part(${column}, '.', 3)`
}

const ivBytes = 12
const ivPool = Buffer.allocUnsafe(ivBytes * 256)
let ivOffset = ivPool.length

/** Each part of the pool is used once. A system call for so few bytes costs more than the encryption itself. */
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
    // Without an explicit length, Node would accept a shorter tag, which is easier to forge.
    const options = { authTagLength: 16 }
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), options).setAAD(Buffer.from(purpose))
    decipher.setAuthTag(bytes.subarray(12, 28))
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
  } catch (error) {
    throw new SealError(error)
  }
}

/** A key object, because Node takes three times as long with raw bytes. */
function boxUnder(bytes: Uint8Array): HolderBox {
  const key = createSecretKey(bytes)
  return {
    seal: (plaintext, purpose) => sealWith(key, plaintext, purpose),
    open: (sealed, purpose) => openWith(key, sealed, purpose),
  }
}

interface EncryptionKey {
  readonly id: string
  readonly box: HolderBox
}

function readEncryptionKey(text: string): EncryptionKey {
  const material = Buffer.from(text, 'base64url')
  if (material.length < 32) throw new RangeError('the encryption key must hold at least 32 bytes in base64url')
  const derive = (use: string, bytes: number) => new Uint8Array(hkdfSync('sha256', material, '', use, bytes))
  return {
    id: Buffer.from(derive('gatehouse secret box id', 6)).toString('base64url'),
    box: boxUnder(derive('gatehouse secret box', 32)),
  }
}

function firstThatOpens(keys: readonly EncryptionKey[], sealed: string, purpose: string): string {
  let failure: unknown
  for (const { box } of keys) {
    try {
      return box.open(sealed, purpose)
    } catch (error) {
      failure = error
    }
  }
  throw failure ?? new SealError()
}

/**
 * A box under the operator's encryption keys (base64url, at least 32 bytes each): it seals with the first and opens with any. A sealed
 * value names its key after its body, which releases with a single key ignore.
 */
export function createSecretBox(encryptionKey: string, ...older: readonly string[]): SecretBox {
  const first = readEncryptionKey(encryptionKey)
  const keys = [first, ...older.map(readEncryptionKey)]
  const keyIdOf = (sealed: string) => sealed.split('.')[2]
  const open = (sealed: string, purpose: string) => {
    const keyId = keyIdOf(sealed)
    return firstThatOpens(keyId === undefined ? keys : keys.filter(({ id }) => id === keyId), sealed, purpose)
  }
  return {
    keyId: first.id,
    isSealedByFirstKey: (sealed) => keyIdOf(sealed) === first.id,
    seal: (plaintext, purpose) => `${first.box.seal(plaintext, purpose)}.${first.id}`,
    open,
    opens: (sealed, purpose) => {
      try {
        open(sealed, purpose)
        return true
      } catch {
        return false
      }
    },
  }
}

/**
 * A box that only the holder of `secret` can open, for example of a refresh token that was just rotated. The secret must have the entropy
 * of a key: a single hash derives the key, because this happens at every refresh.
 */
export function createHolderBox(secret: string): HolderBox {
  return boxUnder(hash('sha256', `gatehouse holder box\0${secret}`, 'buffer'))
}
