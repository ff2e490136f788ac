/**
 * Hashes and checks passwords with argon2id (RFC 9106), off the event loop. Owns the parameters, how many hashes run at once,
 * how many may wait, and in which order. Does not own which passwords are allowed (password-rules) nor how often one may try (throttle).
 */
import { hash, parseOptions, verify } from '@node-rs/argon2'
import { createFairQueue, type FairQueue, QueueFull, type Sender } from '../../base/fair-queue.js'
import { randomSecret } from '../../base/secrets.js'
import { OAuthError } from '../../oauth/errors.js'
import { hashLimits } from './hash-limits.js'

export interface PasswordHasher {
  /** An argon2id PHC string with a fresh salt. Goes ahead of passwords that are only tried. */
  hash(password: string): Promise<string>
  /**
   * Whether `password` matches. With `undefined` in place of a hash it takes the same time and answers false. `sender`: who tries it;
   * senders take turns. Default: goes ahead of all senders.
   */
  verify(passwordHash: string | undefined, password: string, sender?: Sender): Promise<boolean>
  /** True when the hash was made with other parameters than today's. */
  needsRehash(passwordHash: string): boolean
}

export interface PasswordHasherOptions {
  /** Hashes running at once; each holds 19 MiB and a core. */
  readonly concurrency?: number
  /** Hashes waiting for their turn; one more is answered `temporarily_unavailable`. */
  readonly queueLimit?: number
  /** Hashes of one address that run or wait; see FairQueueOptions. */
  readonly perSender?: number
  /** Given: a queue that other processes of this machine share; the limits are its own. */
  readonly queue?: FairQueue | undefined
  /** Default: `passwordCost`. Tests take a lower one, where the cost is not their subject. */
  readonly cost?: PasswordCost | undefined
}

/** Parameters of argon2id (RFC 9106 §3.1). */
export interface PasswordCost {
  /** KiB of memory that one hash takes. */
  readonly memoryCost: number
  /** Passes over that memory. */
  readonly timeCost: number
}

/** OWASP's second choice for argon2id: 19 MiB, two passes. */
export const passwordCost: PasswordCost = { memoryCost: 19_456, timeCost: 2 }

/** Longer input is never hashed: password-rules refuses it, so it matches nothing. */
export const maximumPasswordBytes = 1024

/** One password in one form, however a keyboard composed it (NIST SP 800-63B-4 §3.1.1.2). */
function normalizePassword(password: string): string {
  return password.normalize('NFC')
}

/** Work that no stranger can ask for. */
const trusted: Sender = { networks: [], isKnown: true }

function busy(cause: QueueFull): OAuthError {
  const text = 'too many people are signing in right now, try again'
  return new OAuthError('temporarily_unavailable', text, { cause, detail: `password hash queue: ${cause.message}` })
}

/** One lane. The library's default algorithm is argon2id. */
const parametersOf = ({ memoryCost, timeCost }: PasswordCost) => ({
  memoryCost,
  timeCost,
  parallelism: 1,
  outputLen: 32,
})

function isHashedWith(parameters: ReturnType<typeof parametersOf>, passwordHash: string): boolean {
  const used = parseOptions(passwordHash)
  return (
    passwordHash.startsWith('$argon2id$') &&
    used.memoryCost === parameters.memoryCost &&
    used.timeCost === parameters.timeCost &&
    used.parallelism === parameters.parallelism &&
    used.outputLen === parameters.outputLen
  )
}

/** A hasher with its own queue. Computes one hash first: the one that unknown people are checked against. */
export async function createPasswordHasher(options: PasswordHasherOptions = {}): Promise<PasswordHasher> {
  const queue = options.queue ?? createFairQueue({ ...hashLimits, ...options })
  const parameters = parametersOf(options.cost ?? passwordCost)
  const gate = <T>(sender: Sender, task: () => Promise<T>): Promise<T> =>
    queue.run(sender, task).catch((error: unknown) => {
      throw error instanceof QueueFull ? busy(error) : error
    })
  const nobodysHash = await hash(randomSecret(), parameters)
  return {
    hash: (password) => gate(trusted, () => hash(normalizePassword(password), parameters)),
    verify: (passwordHash, password, sender = trusted) =>
      gate(sender, async () => {
        const normalized = normalizePassword(password)
        const usable = Buffer.byteLength(normalized) <= maximumPasswordBytes
        const matches = await verify(passwordHash ?? nobodysHash, usable ? normalized : '')
        return matches && usable && passwordHash !== undefined
      }),
    needsRehash: (passwordHash) => !isHashedWith(parameters, passwordHash),
  }
}
