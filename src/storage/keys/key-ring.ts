/**
 * The keys in force in this process: read when it starts, and again whenever they were changed, in any process. One short question
 * every two seconds, however many requests there are. Nothing here decides when keys change: key-lifecycle.ts.
 */
import type { Logger } from '../../base/log.js'
import { runRegularly } from '../../base/sweeper.js'
import type { AuditTrail } from '../audit/audit.js'
import type { Storage } from '../storage.js'
import { dueSteps, type KeyPolicy, orderCookieKeys } from './key-lifecycle.js'
import { type KeyChange, tendKeys } from './key-rotation.js'
import {
  EncryptionKeyError,
  loadCookieKeys,
  loadSigningKeys,
  type PrivateSigningKey,
  readStoredKeys,
  type SealedKey,
} from './keys.js'

export interface Keys {
  /** The ones that sign first. */
  readonly signing: readonly PrivateSigningKey[]
  /** The one that signs first. */
  readonly cookie: readonly string[]
}

export interface KeyRing {
  readonly keys: Keys
  /** Calls `use` with the keys now, and again, at once, whenever others are in force. */
  follow(use: (keys: Keys) => void): void
  /** Does what is due and reads what changed. Throws what the database threw; the keys stay as they were then. */
  tend(): Promise<void>
  /**
   * Throws while stored keys cannot be decrypted: they were made, or re-encrypted, with an encryption key that this process was
   * not given. A process that went on without them would publish too few keys, refuse the others' signatures and fail to decrypt
   * their client secrets.
   */
  assertAllOpen(): void
}

export interface KeyRingOptions {
  readonly storage: Storage
  readonly policy: KeyPolicy
  readonly audit: AuditTrail
}

/** Two seconds: far less than a key is published before it signs. */
const tendSeconds = 2

/**
 * Changes whenever other keys are in force, another one of them signs, or they are sealed under another encryption key: a process that
 * was not given that one finds out now, not at its next start.
 */
function fingerprintOf(stored: readonly SealedKey[], now: Date): string {
  const cookie = orderCookieKeys(stored, now).map(({ id }) => id)
  return JSON.stringify([stored.map(({ id, status, sealedUnder }) => [id, status, sealedUnder]), cookie])
}

/** Writes what happened into the audit trail; `by`: who asked for it, when it did not happen by itself. */
export async function recordKeyChanges(audit: AuditTrail, changes: readonly KeyChange[], by?: string): Promise<void> {
  for (const { type, id, use, activatesAt } of changes) {
    const asked = by === undefined ? {} : { by }
    const detail = {
      key: id,
      use,
      ...asked,
      ...(activatesAt !== undefined && { signsFrom: activatesAt.toISOString() }),
    }
    await audit.record({ type, detail })
  }
}

/** Reads the keys, which must exist. Throws when the encryption key is the wrong one. */
export async function openKeyRing({ storage, policy, audit }: KeyRingOptions): Promise<KeyRing> {
  const followers: ((keys: Keys) => void)[] = []
  let fingerprint: string | undefined
  let keys: Keys = { signing: [], cookie: [] }
  let closed: EncryptionKeyError | undefined

  async function load(): Promise<Keys> {
    try {
      const [signing, cookie] = await Promise.all([loadSigningKeys(storage), loadCookieKeys(storage)])
      closed = undefined
      return { signing, cookie }
    } catch (error) {
      if (error instanceof EncryptionKeyError) closed = error
      throw error
    }
  }

  async function read(stored: readonly SealedKey[]): Promise<void> {
    const found = fingerprintOf(stored, storage.clock.now())
    if (found === fingerprint) {
      closed = undefined
      return
    }
    keys = await load()
    for (const use of followers) use(keys)
    // Only now: what somebody could not use is handed out again next time.
    fingerprint = found
  }

  async function tend(): Promise<void> {
    const stored = await readStoredKeys(storage)
    const isDue = dueSteps(stored, policy, storage.clock.now()).length > 0
    await recordKeyChanges(audit, await tendKeys(storage, policy, stored))
    // Read again even if another process made the change: a key set without its key would be published until the next turn.
    await read(isDue ? await readStoredKeys(storage) : stored)
  }

  await read(await readStoredKeys(storage))
  return {
    get keys() {
      return keys
    },
    follow: (use) => {
      followers.push(use)
      use(keys)
    },
    tend,
    assertAllOpen: () => {
      if (closed !== undefined) throw closed
    },
  }
}

/** Tends the keys every two seconds until the returned function is called. An outage is said once, not every time. */
export function tendRegularly(ring: KeyRing, log: Logger): () => Promise<void> {
  let failing: string | undefined
  const tend = async () => {
    try {
      await ring.tend()
      failing = undefined
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== failing && error instanceof EncryptionKeyError) {
        log.error({ err: error }, 'not ready: stored keys cannot be decrypted with the configured encryption keys')
      } else if (reason !== failing) {
        log.warn({ err: error }, 'keys could not be checked for rotation; the current ones stay in use')
      }
      failing = reason
    }
  }
  return runRegularly(tend, tendSeconds)
}
