/**
 * What stands where PostgreSQL stood: the standby that takes over at the same address (the relay is in the place of a virtual one
 * here), and the pool before it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { startStandby } from '../support/postgres-standby.js'
import { type Fault, seconds } from './fault.js'
import { now } from './readiness.js'

export const failover: Fault = {
  id: 'F24',
  name: 'failover: the primary killed (SIGKILL), its synchronous standby promoted; then the address leads to a standby for a moment',
  guarantee:
    'told not ready ≤ 2 s; ready ≤ 5 s after the promotion; nobody stays with a server that only reads, nor believes it',
  quick: true,
  world: () => ({ withStandby: true }),
  strike: async ({ world: { postgres, standby, relay }, quick, demandReadiness }) => {
    if (standby === undefined) throw new Error('this world has no standby')
    const pause = () => sleep(quick ? 300 : 3_000)
    const struckAt = now()
    await postgres.kill9()
    const told = await demandReadiness(false, struckAt, 2)
    // The address moves before the promotion: what it leads to only reads yet.
    relay.leadTo(standby.port)
    await pause()
    await demandReadiness(false, now(), 2)
    await standby.promote()
    const back = await demandReadiness(true, now(), 5)
    await pause()

    const next = await startStandby(standby)
    try {
      const astrayAt = now()
      relay.leadTo(next.port)
      relay.interrupt()
      const toldAgain = await demandReadiness(false, astrayAt, 2)
      await pause()
      // Connections that are open lead to the standby still: they have to be given up.
      relay.leadTo(standby.port)
      const found = await demandReadiness(true, now(), 5)
      await pause()
      return [
        `told after ${seconds(Math.max(told, toldAgain))}, back ${seconds(back)} after the promotion, ${seconds(found)} after having been led astray`,
      ]
    } finally {
      await next.stop()
    }
  },
}

export const hurtPooler: Fault = {
  id: 'F25',
  name: 'PgBouncer in transaction mode: PostgreSQL behind it killed (SIGKILL) and started, then PgBouncer itself',
  guarantee: 'told not ready ≤ 3 s, for PgBouncer lets callers wait; ready ≤ 5 s after its return',
  quick: true,
  world: () => ({ withPooler: true }),
  strike: async ({ world: { postgres, pooler }, quick, demandReadiness }) => {
    if (pooler === undefined) throw new Error('this world has no PgBouncer')
    const pause = () => sleep(quick ? 300 : 3_000)
    const struckAt = now()
    await postgres.kill9()
    const told = await demandReadiness(false, struckAt, 3)
    await pause()
    await postgres.restart()
    const back = await demandReadiness(true, now(), 5)
    await pause()
    await pooler.killAndRestart()
    const again = await demandReadiness(true, now(), 5)
    await pause()
    return [`told after ${seconds(told)}, back ${seconds(back)} after PostgreSQL, ${seconds(again)} after PgBouncer`]
  },
}
