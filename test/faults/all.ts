/** The fault plan. Each entry is bounded in time. */
import { killedHard, stopped } from './database-away.js'
import type { Fault } from './fault.js'

export const allFaults: readonly Fault[] = [killedHard, stopped]
