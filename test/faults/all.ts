/** The fault plan. Each entry is bounded in time. */
import { cutInCommit, killedHard, stopped } from './database-away.js'
import { endedSessions, exhaustedPool, lockedTable, slowDatabase } from './database-troubled.js'
import type { Fault } from './fault.js'
import { doubleRedemption, killedReplica, rollingRestart } from './replicas.js'

/** What the plan names and no script does yet: each run says so. */
const withoutScript: readonly Fault[] = [
  ['F8', 'the disk of PostgreSQL is full'],
  ['F12', 'a revocation, and how long it takes to be felt'],
  ['F13', 'keys rotated under load'],
  ['F14', 'the clock of one replica wrong'],
  ['F15', 'slow headers, bodies and readers'],
  ['F16', 'thousands of idle connections'],
  ['F17', 'a flood of wrong passwords'],
  ['F18', 'hosts of client documents that never answer'],
  ['F19', 'no CPU left'],
  ['F20', 'no memory left'],
  ['F21', 'a migration while the old version serves'],
  ['F22', 'a backup under load, restored beside'],
  ['F23', 'hours of load with a fault every two minutes'],
].map(([id = '', name = '']) => ({
  id,
  name,
  guarantee: '',
  unavailable: () => 'it has no script yet',
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
  ...withoutScript,
]
