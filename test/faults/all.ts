/** The fault plan. Each entry is bounded in time. */
import { cutInCommit, killedHard, stopped } from './database-away.js'
import { endedSessions, exhaustedPool, lockedTable, slowDatabase } from './database-troubled.js'
import type { Fault } from './fault.js'
import { doubleRedemption, killedReplica, rollingRestart } from './replicas.js'

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
]
