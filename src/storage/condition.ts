/**
 * The condition of the authorization server's tables, for the local doctor. Read once from a migrated database; changes nothing.
 */

import type { OverdueRows } from '../database/expiring-rows.js'
import { dueSteps, type KeyPolicy, type KeyStep, signingAlgorithms } from './keys/key-lifecycle.js'
import { readStoredKeys } from './keys/keys.js'
import { examineSeals, type SealedValues } from './keys/reseal.js'
import type { Storage } from './storage.js'
import { overdueRows } from './sweep.js'

export interface StorageCondition {
  readonly keys: {
    /** There is none at all: no server ever started on it. */
    readonly areUnmade: boolean
    /** Algorithms, and `cookie`, that nothing signs with. */
    readonly missing: readonly string[]
    /** What a server would have done minutes ago, in words. */
    readonly overdue: readonly string[]
  }
  readonly seals: readonly SealedValues[]
  /** By table: for how many seconds its oldest row has been due to be deleted. */
  readonly overdueRows: readonly OverdueRows[]
  /** That are not disabled. */
  readonly accounts: number
  /** Up to a thousand. */
  readonly clients: number
}

export interface ConditionOptions {
  readonly policy: KeyPolicy
  /** `undefined`: for ever. */
  readonly auditRetentionSeconds: number | undefined
}

/** There may be millions. */
const mostClients = 1_000

/** Servers tend the keys every two seconds. */
const tendingSlackSeconds = 120

function describe(step: KeyStep): string {
  switch (step.do) {
    case 'publish':
      return `the successor of the ${step.algorithm} key is not published`
    case 'activate':
      return `the ${step.algorithm} key ${step.id} should sign by now`
    case 'publish cookie key':
      return 'the successor of the cookie key is not made'
    case 'remove':
      return `the ${step.kind} key ${step.id} should be destroyed by now`
  }
}

async function keysOf(storage: Storage, policy: KeyPolicy): Promise<StorageCondition['keys']> {
  const stored = await readStoredKeys(storage)
  const then = new Date(storage.clock.now().getTime() - tendingSlackSeconds * 1_000)
  const signs = (algorithm: string) => stored.some((key) => key.algorithm === algorithm && key.status === 'current')
  const hasCookieKey = stored.some(({ kind }) => kind === 'cookie')
  return {
    areUnmade: stored.length === 0,
    missing: [...signingAlgorithms.filter((algorithm) => !signs(algorithm)), ...(hasCookieKey ? [] : ['cookie'])],
    overdue: dueSteps(stored, policy, then).map(describe),
  }
}

/** One question after the other, so that none is under way when the database is closed after a failure. Throws what the database throws. */
export async function readStorageCondition(storage: Storage, options: ConditionOptions): Promise<StorageCondition> {
  const keys = await keysOf(storage, options.policy)
  const seals = await examineSeals(storage)
  const overdue = await overdueRows(storage, options.auditRetentionSeconds)
  const accounts = await storage.prisma.account.count({ where: { disabledAt: null } })
  const clients = await storage.prisma.client.count({ take: mostClients })
  return { keys, seals, overdueRows: overdue, accounts, clients }
}
