/** Codes of authenticator apps (TOTP, RFC 6238) and recovery codes: how they are made, written and recognised. Single use is storage/factors. */
import { randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { Clock } from '../../base/clock.js'

const periodSeconds = 30
/** A clock that is off by one step, and a code that was typed at its end (RFC 6238 §5.2). */
const window = 1

function totpOf(secret: string, issuer = '', label = ''): TOTP {
  // What every app can do. Apps ignore other algorithms, and then their codes would never fit.
  const rules = { algorithm: 'SHA1', digits: 6, period: periodSeconds }
  return new TOTP({ ...rules, secret: Secret.fromBase32(secret), issuer, label })
}

/** 160 bits in base32 (RFC 4226 §4). */
export function newAppSecret(): string {
  const bytes = randomBytes(20)
  return new Secret({ buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) }).base32
}

/** What an app reads, as a link or as a QR code. */
export function appLink(secret: string, productName: string, email: string): string {
  // A colon separates issuer and account there.
  return totpOf(secret, productName.replaceAll(':', ' '), email).toString()
}

/** The time step that the code is of; `undefined` for a wrong one. As typed: blanks between the digits do not count. */
export function stepOfCode(secret: string, typed: string, clock: Clock): number | undefined {
  const token = typed.replace(/[\s-]/g, '')
  if (!/^\d{6}$/.test(token)) return undefined
  const timestamp = clock.now().getTime()
  const delta = totpOf(secret).validate({ token, timestamp, window })
  return delta === null ? undefined : Math.floor(timestamp / (periodSeconds * 1000)) + delta
}

/** How many recovery codes a person gets. */
export const recoveryCodeCount = 10

/** No letter or digit that could be read as another (Crockford). 32 of them: 5 bits each. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const groups = 4
const groupLength = 4

/** 80 bits, in groups: too many to guess, so a plain hash keeps it. */
export function newRecoveryCode(): string {
  const letters = [...randomBytes(groups * groupLength)].map((byte) => alphabet[byte % 32])
  return Array.from({ length: groups }, (_, at) =>
    letters.slice(at * groupLength, (at + 1) * groupLength).join(''),
  ).join('-')
}

/** One form of what people type; `undefined` for what is no recovery code. */
export function normalizeRecoveryCode(typed: string): string | undefined {
  const plain = typed.toLowerCase().replace(/[\s-]/g, '').replace(/o/g, '0').replace(/[il]/g, '1')
  return plain.length === groups * groupLength && [...plain].every((letter) => alphabet.includes(letter))
    ? plain
    : undefined
}
