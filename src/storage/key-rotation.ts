/**
 * Carries out what key-lifecycle.ts says, and what the operator asks for: in one transaction each, under one lock for all processes,
 * after a second look. So of any number that notice together one acts, and a crash leaves either the old keys or the new ones.
 */

import { Prisma } from './generated/client.js'
import {
  activeFrom,
  dueSteps,
  type KeyPolicy,
  type KeyStep,
  orderCookieKeys,
  type SigningAlgorithm,
  type StoredKey,
  signingAlgorithms,
} from './key-lifecycle.js'
import { keyLock, newCookieKey, newSigningKey, readStoredKeys } from './keys.js'
import type { Storage } from './storage.js'

/** What happened to a key, for the audit trail and the operator. */
export interface KeyChange {
  readonly type: 'key.published' | 'key.activated' | 'key.removed' | 'key.revoked'
  readonly id: string
  /** ES256, RS256 or cookie. */
  readonly use: string
  /** Of a key just published: when it begins to sign. */
  readonly activatesAt?: Date
}

type Write = Prisma.PrismaPromise<unknown>

interface Planned {
  readonly write: Write
  readonly change?: KeyChange
}

type NewSigningKey = Awaited<ReturnType<typeof newSigningKey>>
/** Made before the lock is taken: an RSA key takes its time. */
type Spares = ReadonlyMap<SigningAlgorithm, NewSigningKey>

interface Work {
  readonly storage: Storage
  readonly policy: KeyPolicy
  readonly now: Date
  readonly spares: Spares
}

const plus = (date: Date, seconds: number) => new Date(date.getTime() + seconds * 1_000)

function spare({ spares }: Work, algorithm: SigningAlgorithm): NewSigningKey {
  const made = spares.get(algorithm)
  if (made === undefined) throw new Error(`no ${algorithm} key was made`)
  return made
}

function publish(work: Work, algorithm: SigningAlgorithm): Planned[] {
  const made = spare(work, algorithm)
  const activatesAt = plus(work.now, work.policy.leadSeconds)
  const data = { ...made, status: 'next', activatesAt }
  return [
    {
      write: work.storage.prisma.signingKey.create({ data }),
      change: { type: 'key.published', id: made.kid, use: algorithm, activatesAt },
    },
  ]
}

/** Ends the current key's signing; it stays published until nothing that it signed is of use. */
function retire({ storage, policy, now }: Work, algorithm: SigningAlgorithm): Planned {
  const publishedUntil = plus(now, policy.signingKeptSeconds)
  const data = { status: 'previous', publishedUntil }
  return { write: storage.prisma.signingKey.updateMany({ where: { algorithm, status: 'current' }, data }) }
}

/** The next key signs from now on. */
function activate(work: Work, algorithm: SigningAlgorithm, kid: string): Planned {
  const data = { status: 'current', activatesAt: work.now }
  return {
    write: work.storage.prisma.signingKey.updateMany({ where: { kid, status: 'next' }, data }),
    change: { type: 'key.activated', id: kid, use: algorithm },
  }
}

/** A key that signs at once, without having been published before. */
function activateNew(work: Work, algorithm: SigningAlgorithm): Planned {
  const made = spare(work, algorithm)
  const data = { ...made, status: 'current', activatesAt: work.now }
  return {
    write: work.storage.prisma.signingKey.create({ data }),
    change: { type: 'key.activated', id: made.kid, use: algorithm },
  }
}

function addCookieKey({ storage, now }: Work, leadSeconds: number): Planned {
  const activatesAt = plus(now, leadSeconds)
  const made = { ...newCookieKey(storage), activatesAt }
  const change =
    leadSeconds === 0
      ? ({ type: 'key.activated', id: made.id, use: 'cookie' } as const)
      : ({ type: 'key.published', id: made.id, use: 'cookie', activatesAt } as const)
  return { write: storage.prisma.cookieKey.create({ data: made }), change }
}

function remove({ storage: { prisma } }: Work, key: StoredKey, type: 'key.removed' | 'key.revoked'): Planned {
  const { id, kind, algorithm } = key
  const write =
    kind === 'cookie'
      ? prisma.cookieKey.deleteMany({ where: { id } })
      : prisma.signingKey.deleteMany({ where: { kid: id } })
  return { write, change: { type, id, use: algorithm ?? 'cookie' } }
}

function carryOut(work: Work, keys: readonly StoredKey[], step: KeyStep): Planned[] {
  switch (step.do) {
    case 'publish':
      return publish(work, step.algorithm)
    case 'activate':
      return [retire(work, step.algorithm), activate(work, step.algorithm, step.id)]
    case 'publish cookie key':
      return [addCookieKey(work, work.policy.leadSeconds)]
    case 'remove':
      return keys
        .filter(({ kind, id }) => kind === step.kind && id === step.id)
        .map((key) => remove(work, key, 'key.removed'))
  }
}

/** Someone else was first, without our lock: the index of one key at a time held. What is left to do is found out next time. */
function isLateInsert(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
}

type Plan = (keys: readonly StoredKey[], work: Work) => readonly Planned[]

/** Looks once more under the lock, then does everything that `plan` says in one transaction. */
async function change(
  storage: Storage,
  policy: KeyPolicy,
  algorithms: readonly SigningAlgorithm[],
  plan: Plan,
): Promise<readonly KeyChange[]> {
  const made = await Promise.all(
    algorithms.map(async (algorithm) => [algorithm, await newSigningKey(storage, algorithm)] as const),
  )
  return storage.database.exclusively(keyLock, async () => {
    const work = { storage, policy, now: storage.clock.now(), spares: new Map(made) }
    const planned = plan(await readStoredKeys(storage), work)
    try {
      await storage.prisma.$transaction(planned.map(({ write }) => write))
    } catch (error) {
      if (isLateInsert(error)) return []
      throw error
    }
    return planned.flatMap(({ change: done }) => (done === undefined ? [] : [done]))
  })
}

/** Does what is due; `keys` as just read. Nothing, without a lock, when nothing is. */
export async function tendKeys(
  storage: Storage,
  policy: KeyPolicy,
  keys: readonly StoredKey[],
): Promise<readonly KeyChange[]> {
  const due = dueSteps(keys, policy, storage.clock.now())
  if (due.length === 0) return []
  const algorithms = due.flatMap((step) => (step.do === 'publish' ? [step.algorithm] : []))
  return change(storage, policy, algorithms, (now, work) =>
    dueSteps(now, policy, work.now)
      // What has become due since then has no key made for it; it is done next time.
      .filter((step) => step.do !== 'publish' || algorithms.includes(step.algorithm))
      .flatMap((step) => carryOut(work, now, step)),
  )
}

/** The keys that sign. */
function signingNow(keys: readonly StoredKey[], now: Date): readonly string[] {
  const [cookie] = orderCookieKeys(keys, now)
  const signing = keys.filter(({ status }) => status === 'current')
  return [...signing, ...(cookie === undefined ? [] : [cookie])].map(({ id }) => id).sort()
}

export interface RotationOptions {
  /** The new keys sign at once: who keeps a copy of the key set refuses their tokens until it reads it again. */
  readonly immediately: boolean
}

/**
 * Starts a rotation of all keys: publishes successors where there are none. With `immediately` the successors, made or already
 * published, sign from now on; not when another rotation changed the keys since this call.
 */
export async function rotateKeys(
  storage: Storage,
  policy: KeyPolicy,
  { immediately }: RotationOptions,
): Promise<readonly KeyChange[]> {
  const before = signingNow(await readStoredKeys(storage), storage.clock.now())
  return change(storage, policy, signingAlgorithms, (keys, work) => {
    const { now } = work
    if (immediately && signingNow(keys, now).join() !== before.join()) return []
    const hasNextCookieKey = keys.some((key) => key.kind === 'cookie' && activeFrom(key) > now)
    const signing = signingAlgorithms.flatMap((algorithm) => {
      const next = keys.find((key) => key.algorithm === algorithm && key.status === 'next')
      if (!immediately) return next === undefined ? publish(work, algorithm) : []
      return [
        retire(work, algorithm),
        next === undefined ? activateNew(work, algorithm) : activate(work, algorithm, next.id),
      ]
    })
    if (immediately) return [...signing, addCookieKey(work, 0)]
    return hasNextCookieKey ? signing : [...signing, addCookieKey(work, policy.leadSeconds)]
  })
}

/**
 * Destroys a key at once; another signs in its place. Answers nothing when there is no such key. Tokens that it signed are refused by
 * everybody who reads the key set again.
 */
export async function revokeKey(storage: Storage, policy: KeyPolicy, id: string): Promise<readonly KeyChange[]> {
  const found = (await readStoredKeys(storage)).find((key) => key.id === id)
  if (found === undefined) return []
  return change(storage, policy, found.algorithm === null ? [] : [found.algorithm], (keys, work) => {
    const key = keys.find((stored) => stored.id === id)
    if (key === undefined) return []
    const revoked = remove(work, key, 'key.revoked')
    const { algorithm } = key
    if (algorithm === null) {
      const others = orderCookieKeys(keys, work.now).filter((other) => other.id !== id)
      return others.some((other) => activeFrom(other) <= work.now) ? [revoked] : [revoked, addCookieKey(work, 0)]
    }
    if (key.status !== 'current') return [revoked]
    const next = keys.find((other) => other.algorithm === algorithm && other.status === 'next')
    return [revoked, next === undefined ? activateNew(work, algorithm) : activate(work, algorithm, next.id)]
  })
}
