/** The fault plan. Each entry is bounded in time. */
import { wrongClock } from './clocks.js'
import { idleFlood, slowStrangers } from './connections.js'
import { cutInCommit, killedHard, stopped } from './database-away.js'
import { endedSessions, exhaustedPool, lockedTable, slowDatabase } from './database-troubled.js'
import { feltEnd } from './endings.js'
import { failover, hurtPooler } from './failover.js'
import type { Fault } from './fault.js'
import { rotatedKeys } from './keys.js'
import { fullDisk, noCpu, noMemory } from './machine.js'
import { electedFailover } from './patroni.js'
import { liveMigration, restoredBackup } from './releases.js'
import { doubleRedemption, killedReplica, rollingRestart } from './replicas.js'
import { soak } from './soak.js'
import { guessedPasswords, silentHosts } from './strangers.js'
import { upgradeAndBack } from './upgrade.js'

export const allFaults: readonly Fault[] = [
  killedHard,
  stopped,
  cutInCommit,
  slowDatabase,
  exhaustedPool,
  endedSessions,
  lockedTable,
  fullDisk,
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
  noCpu,
  noMemory,
  liveMigration,
  restoredBackup,
  soak(undefined),
  failover,
  hurtPooler,
  electedFailover,
  upgradeAndBack,
]
