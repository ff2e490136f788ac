/** The fault plan. Each entry is bounded in time. */
import { wrongClock } from './clocks.js'
import { idleFlood, slowStrangers } from './connections.js'
import { cutInCommit, killedHard, stopped } from './database-away.js'
import { endedSessions, exhaustedPool, lockedTable, slowDatabase } from './database-troubled.js'
import { feltEnd } from './endings.js'
import { failover, hurtPooler } from './failover.js'
import type { Fault } from './fault.js'
import { rotatedKeys } from './keys.js'
import { doubleRedemption, killedReplica, rollingRestart } from './replicas.js'
import { guessedPasswords, silentHosts } from './strangers.js'

/** What the plan names and no script here does: the test that does it in small, if there is one. Each run says so. */
const withoutScript: readonly Fault[] = [
  ['F8', 'the disk of PostgreSQL is full'],
  ['F19', 'no CPU left'],
  ['F20', 'no memory left'],
  ['F21', 'a migration while the old version serves', 'platform/migration-rules'],
  ['F22', 'a backup under load, restored beside', 'system/restore'],
  ['F23', 'hours of load with a fault every two minutes'],
].map(([id = '', name = '', test]) => ({
  id,
  name,
  guarantee: '',
  unavailable: () =>
    test === undefined ? 'there is no script for it' : `in small, by test/${test}.test.ts, not under load`,
  strike: async () => [],
}))

export const allFaults: readonly Fault[] = [
  killedHard,
  stopped,
  cutInCommit,
  slowDatabase,
  exhaustedPool,
  endedSessions,
  lockedTable,
  killedReplica,
  rollingRestart,
  doubleRedemption,
  feltEnd,
  rotatedKeys,
  wrongClock,
  slowStrangers,
  idleFlood,
  guessedPasswords,
  silentHosts,
  failover,
  hurtPooler,
  ...withoutScript,
]
