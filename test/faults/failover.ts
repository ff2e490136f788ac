/** The primary dies and its standby takes over, at the same address: what is in the place of a virtual address here is the relay. */
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
