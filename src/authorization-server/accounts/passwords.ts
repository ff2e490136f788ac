/**
 * Hashes and checks passwords with argon2id (RFC 9106), off the event loop. Owns the parameters, how many hashes run at once and
 * how many may wait. Does not own which passwords are allowed (password-rules) nor how often one may try (throttle).
 */
import { hash, parseOptions, verify } from '@node-rs/argon2'
import { OAuthError } from '../../oauth/errors.js'
import { randomSecret } from '../../platform/secrets.js'

export interface PasswordHasher {
  /** An argon2id PHC string with a fresh salt. */
  hash(password: string): Promise<string>
  /** Whether `password` matches. With `undefined` in place of a hash it takes the same time and answers false. */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>
  /** True when the hash was made with other parameters than today's. */
  needsRehash(passwordHash: string): boolean
}

export interface PasswordHasherOptions {
  /** Hashes running at once; each holds 19 MiB and a core. */
  readonly concurrency?: number
  /** Hashes waiting for their turn; one more is answered `temporarily_unavailable`. */
  readonly queueLimit?: number
}

/** What one process does unless told otherwise. */
export const hashLimits = { concurrency: 2, queueLimit: 64 } as const

/** OWASP's second choice for argon2id: 19 MiB, two passes, one lane. The library's default algorithm is argon2id. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 }

/** Longer input is never hashed: password-rules refuses it, so it matches nothing. */
export const maximumPasswordBytes = 1024

/** One password in one form, however a keyboard composed it (NIST SP 800-63B-4 §3.1.1.2). */
function normalizePassword(password: string): string {
  return password.normalize('NFC')
}

/** Runs at most `concurrency` tasks, keeps at most `queueLimit` waiting, refuses the rest at once. */
function createGate(concurrency: number, queueLimit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (task) => {
    if (running >= concurrency) {
      if (waiting.length >= queueLimit) {
        throw new OAuthError('temporarily_unavailable', 'too many people are signing in at this moment, try again', {
          detail: 'password hash queue is full',
        })
      }
      // The task that ends hands its place over, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else {
      running += 1
    }
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}

function needsRehash(passwordHash: string): boolean {
  const used = parseOptions(passwordHash)
  const isCurrent =
    passwordHash.startsWith('$argon2id$') &&
    used.memoryCost === parameters.memoryCost &&
    used.timeCost === parameters.timeCost &&
    used.parallelism === parameters.parallelism &&
    used.outputLen === parameters.outputLen
  return !isCurrent
}

/** A hasher with its own queue. Computes one hash first: the one that unknown people are checked against. */
export async function createPasswordHasher(options: PasswordHasherOptions = {}): Promise<PasswordHasher> {
  const { concurrency, queueLimit } = { ...hashLimits, ...options }
  const gate = createGate(concurrency, queueLimit)
  const nobodysHash = await hash(randomSecret(), parameters)
  return {
    hash: (password) => gate(() => hash(normalizePassword(password), parameters)),
    verify: (passwordHash, password) =>
      gate(async () => {
        const normalized = normalizePassword(password)
        const usable = Buffer.byteLength(normalized) <= maximumPasswordBytes
        const matches = await verify(passwordHash ?? nobodysHash, usable ? normalized : '')
        return matches && usable && passwordHash !== undefined
      }),
    needsRehash,
  }
}
