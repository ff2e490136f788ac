/**
 * Carries out what key-lifecycle.ts says, and what the operator asks for: in one transaction each, under one lock for all processes,
 * after a second look. So of any number that notice together one acts, and a crash leaves either the old keys or the new ones.
 */

import { hashSecret } from '../../base/secrets.js'
import { Prisma } from '../generated/client.js'
import type { Storage } from '../storage.js'
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
/** Made before the lock is taken, as far as known: an RSA key takes its time. */
type Spares = ReadonlyMap<SigningAlgorithm, NewSigningKey>

interface Work {
  readonly storage: Storage
  readonly policy: KeyPolicy
  readonly now: Date
  readonly spares: Spares
}

const plus = (date: Date, seconds: number) => new Date(date.getTime() + seconds * 1_000)

async function newKey({ spares, storage }: Work, algorithm: SigningAlgorithm): Promise<NewSigningKey> {
  return spares.get(algorithm) ?? newSigningKey(storage, algorithm)
}

async function publish(work: Work, algorithm: SigningAlgorithm): Promise<Planned[]> {
  const made = await newKey(work, algorithm)
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
async function activateNew(work: Work, algorithm: SigningAlgorithm): Promise<Planned> {
  const made = await newKey(work, algorithm)
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

async function carryOut(work: Work, keys: readonly StoredKey[], step: KeyStep): Promise<Planned[]> {
  switch (step.do) {
    case 'publish':
      return publish(work, step.algorithm)
    case 'activate':
      return [retire(work, step.algorithm), activate(work, step.algorithm, step.id)]
    case 'publish cookie key':
      return [addCookieKey(work, work.policy.leadSeconds)]
    case 'remove': {
      const over = keys.filter(({ kind, id }) => kind === step.kind && id === step.id)
      return over.map((key) => remove(work, key, 'key.removed'))
    }
  }
}

/** Tells resource servers, which may have verified tokens of it already, by the revocation feed (revocations.ts). */
function announceRevocation({ storage: { prisma } }: Work, kid: string): Planned {
  return { write: prisma.revocation.create({ data: { kind: 'key', subjectHash: hashSecret(kid) } }) }
}

/**
 * Another process was first, without the lock: the unique index refused the second key. The next run finds out what is left to
 * do.
 */
function isLateInsert(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
}

type Plan = (keys: readonly StoredKey[], work: Work) => Promise<readonly Planned[]>

/** Looks once more under the lock, then does everything that `plan` says in one transaction. */
async function change(
  storage: Storage,
  policy: KeyPolicy,
  likelyToBeMade: readonly SigningAlgorithm[],
  plan: Plan,
): Promise<readonly KeyChange[]> {
  const making = likelyToBeMade.map(async (algorithm) => [algorithm, await newSigningKey(storage, algorithm)] as const)
  const spares = new Map(await Promise.all(making))
  return storage.database.exclusively(keyLock, async () => {
    const work = { storage, policy, now: storage.clock.now(), spares }
    const planned = await plan(await readStoredKeys(storage), work)
    try {
      await storage.prisma.$transaction(planned.map(({ write }) => write))
    } catch (error) {
      if (isLateInsert(error)) return []
      throw error
    }
    return planned.flatMap(({ change: done }) => (done === undefined ? [] : [done]))
  })
}

const allOf = async <T>(work: readonly Promise<readonly T[]>[]) => (await Promise.all(work)).flat()

/** Does what is due; `keys` as just read. Nothing, without a lock, when nothing is. */
export async function tendKeys(
  storage: Storage,
  policy: KeyPolicy,
  keys: readonly StoredKey[],
): Promise<readonly KeyChange[]> {
  const due = dueSteps(keys, policy, storage.clock.now())
  if (due.length === 0) return []
  const toBeMade = due.flatMap((step) => (step.do === 'publish' ? [step.algorithm] : []))
  return change(storage, policy, toBeMade, (now, work) =>
    allOf(dueSteps(now, policy, work.now).map((step) => carryOut(work, now, step))),
  )
}

/** The keys that sign. */
function signingNow(keys: readonly StoredKey[], now: Date): readonly string[] {
  const [cookie] = orderCookieKeys(keys, now)
  const signing = keys.filter(({ status }) => status === 'current')
  return [...signing, ...(cookie === undefined ? [] : [cookie])].map(({ id }) => id).sort()
}

function nextOf(keys: readonly StoredKey[], algorithm: SigningAlgorithm): StoredKey | undefined {
  return keys.find((key) => key.algorithm === algorithm && key.status === 'next')
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
  const found = await readStoredKeys(storage)
  const before = signingNow(found, storage.clock.now())
  const toBeMade = signingAlgorithms.filter((algorithm) => nextOf(found, algorithm) === undefined)
  return change(storage, policy, toBeMade, async (keys, work) => {
    const { now } = work
    if (immediately && signingNow(keys, now).join() !== before.join()) return []
    const signing = signingAlgorithms.map(async (algorithm) => {
      const next = nextOf(keys, algorithm)
      if (!immediately) return next === undefined ? publish(work, algorithm) : []
      const successor = next === undefined ? await activateNew(work, algorithm) : activate(work, algorithm, next.id)
      return [retire(work, algorithm), successor]
    })
    const hasNextCookieKey = keys.some((key) => key.kind === 'cookie' && activeFrom(key) > now)
    const cookie = immediately || !hasNextCookieKey ? [addCookieKey(work, immediately ? 0 : policy.leadSeconds)] : []
    return [...(await allOf(signing)), ...cookie]
  })
}

/**
 * Destroys a key at once; another signs in its place. Answers nothing when there is no such key. Tokens that it signed are refused by
 * everybody who follows the revocation feed or reads the key set again.
 */
export async function revokeKey(storage: Storage, policy: KeyPolicy, id: string): Promise<readonly KeyChange[]> {
  const found = await readStoredKeys(storage)
  const likely = found.find((key) => key.id === id)
  if (likely === undefined) return []
  const { algorithm, status } = likely
  const isNeeded = algorithm !== null && status === 'current' && nextOf(found, algorithm) === undefined
  return change(storage, policy, isNeeded ? [algorithm] : [], async (keys, work) => {
    const key = keys.find((stored) => stored.id === id)
    if (key === undefined) return []
    const revoked = remove(work, key, 'key.revoked')
    if (key.algorithm === null) {
      const others = keys.filter((other) => other.kind === 'cookie' && other.id !== id && activeFrom(other) <= work.now)
      return others.length > 0 ? [revoked] : [revoked, addCookieKey(work, 0)]
    }
    const announced = announceRevocation(work, id)
    if (key.status !== 'current') return [revoked, announced]
    const next = nextOf(keys, key.algorithm)
    const successor =
      next === undefined ? await activateNew(work, key.algorithm) : activate(work, key.algorithm, next.id)
    return [revoked, announced, successor]
  })
}
