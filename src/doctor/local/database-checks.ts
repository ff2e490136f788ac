/** The databases: there, theirs, safe, and with room. */

import { isPublicAddress } from '../../outbound/public-address.js'
import { type CheckGroup, type Problem, problem, problemIf } from '../finding.js'
import type { DatabaseCondition } from './database-condition.js'
import type { DatabaseFacts, LocalFacts, WantedLimits } from './facts.js'

/** `undefined` when no database has anything to judge. */
function ofEach(
  { databases }: LocalFacts,
  examine: (facts: DatabaseFacts) => readonly Problem[] | undefined,
): readonly Problem[] | undefined {
  const found = databases.map(examine).filter((problems) => problems !== undefined)
  return found.length === 0 ? undefined : found.flat()
}

const ofCondition =
  (examine: (condition: DatabaseCondition, facts: DatabaseFacts) => readonly Problem[]) =>
  (facts: LocalFacts): readonly Problem[] | undefined =>
    ofEach(facts, (one) => one.condition && examine(one.condition, one))

/** Checks of a PostgreSQL server only: the embedded database has no connections and no role. */
const ofServer = (examine: (condition: DatabaseCondition, facts: DatabaseFacts) => readonly Problem[]) =>
  ((facts) =>
    ofEach(facts, (one) =>
      one.condition === undefined || one.isEmbedded ? undefined : examine(one.condition, one),
    )) satisfies (facts: LocalFacts) => readonly Problem[] | undefined

function reachable(facts: LocalFacts): readonly Problem[] | undefined {
  return ofEach(facts, ({ part, state, detail }) => {
    if (state === 'unmade') return undefined
    if (state === 'in use') return [problem('database-in-use', `${part}: ${detail}`)]
    return problemIf(state === 'unreachable', 'database-unreachable', `${part}: ${detail}`)
  })
}

/** `xid8` and pg_current_xact_id came with it; the revocation feed stands on them. */
const oldestRelease = 130_000

function migrations(facts: LocalFacts): readonly Problem[] | undefined {
  return ofEach(facts, ({ part, migrations: state, migratesOnStart }) => {
    if (state === undefined) return undefined
    const named = (names: readonly string[]) => `${part}: ${names.join(', ')}`
    const { pending, unknown, changed, failed } = state
    const isPending = pending.length > 0 && failed.length === 0
    return [
      ...problemIf(isPending && migratesOnStart, 'migrations-pending', named(pending)),
      ...problemIf(isPending && !migratesOnStart, 'migrations-due', named(pending)),
      ...problemIf(unknown.length > 0, 'migrations-unknown', named(unknown)),
      ...problemIf(changed.length > 0, 'migrations-changed', named(changed)),
      ...problemIf(failed.length > 0, 'migrations-failed', named(failed)),
    ]
  })
}

const limitNames = {
  statementSeconds: 'statement_timeout',
  lockSeconds: 'lock_timeout',
  idleTransactionSeconds: 'idle_in_transaction_session_timeout',
} as const satisfies Readonly<Record<keyof WantedLimits, string>>

function lostLimits({ limits }: DatabaseCondition, { part, wantedLimits }: DatabaseFacts): readonly Problem[] {
  const lost = (Object.keys(limitNames) as (keyof WantedLimits)[]).filter((name) => limits[name] !== wantedLimits[name])
  const seen = lost.map((name) => `${limitNames[name]} is ${limits[name]} s, not ${wantedLimits[name]} s`)
  return problemIf(lost.length > 0, 'database-limits-lost', `${part}: ${seen.join('; ')}`)
}

function room({ connections: { limit, free } }: DatabaseCondition, { part, poolSize }: DatabaseFacts) {
  const seen = `${part}: DATABASE_POOL_SIZE is ${poolSize}; ${limit} connections allowed, ${free} of them free now`
  if (limit < poolSize) return [problem('connections-too-few', seen)]
  return problemIf(free < poolSize, 'connections-short', seen)
}

const [driftSeconds, offSeconds] = [5, 60]

/** Revocations, expiry and sweeping compare times of both. */
function clock({ aheadSeconds }: DatabaseCondition, { part }: DatabaseFacts): readonly Problem[] {
  const seconds = Math.abs(aheadSeconds)
  const seen = `the ${part} database is ${seconds.toFixed(1)} s ${aheadSeconds < 0 ? 'behind' : 'ahead of'} this machine`
  if (seconds > offSeconds) return [problem('clock-off', seen)]
  return problemIf(seconds > driftSeconds, 'clock-drifts', seen)
}

function crossesPublicNetwork({ isEncrypted, address }: DatabaseCondition): boolean {
  return !isEncrypted && address !== undefined && isPublicAddress(address)
}

export const databaseChecks: CheckGroup<LocalFacts> = {
  name: 'Database',
  checks: [
    { id: 'database-reachable', title: 'the database opens', examine: reachable },
    {
      id: 'database-version',
      title: 'its release is new enough',
      examine: ofCondition(({ versionNumber, version }, { part }) =>
        problemIf(versionNumber < oldestRelease, 'database-too-old', `${part}: PostgreSQL ${version}`),
      ),
    },
    { id: 'migrations', title: 'it has the migrations of this release, and no others', examine: migrations },
    {
      id: 'database-writes',
      title: 'it takes writes',
      examine: (facts) =>
        ofEach(facts, ({ part, state, detail }) =>
          state === 'open' || state === 'read-only'
            ? problemIf(state === 'read-only', 'database-read-only', `${part}: ${detail}`)
            : undefined,
        ),
    },
    {
      id: 'database-keeps',
      title: 'it keeps what it has acknowledged',
      examine: ofServer(({ unsafeSettings }, { part }) =>
        problemIf(unsafeSettings.length > 0, 'database-forgets', `${part}: ${unsafeSettings.join(', ')}`),
      ),
    },
    {
      id: 'database-encryption',
      title: 'the way to it is encrypted, or private',
      examine: ofServer((condition, { part }) =>
        problemIf(
          crossesPublicNetwork(condition),
          'database-plain',
          `${part}: ${condition.address ?? ''}, without TLS`,
        ),
      ),
    },
    {
      id: 'database-role',
      title: 'its role is not a superuser',
      examine: ofServer(({ isSuperuser }, { part }) =>
        problemIf(isSuperuser, 'database-superuser', `${part}: rolsuper of the role in the URL`),
      ),
    },
    { id: 'database-limits', title: 'the time-outs take effect', examine: ofServer(lostLimits) },
    { id: 'database-connections', title: 'it has connections for one more process', examine: ofServer(room) },
    { id: 'database-clock', title: 'its clock agrees with this machine', examine: ofServer(clock) },
  ],
}
