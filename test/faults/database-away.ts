/** PostgreSQL is killed, stopped, or taken away in the middle of a commit. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Fault, type Scene, seconds } from './fault.js'
import { now } from './readiness.js'
import { cpuSeconds } from './watched.js'
import { processes } from './world.js'

/** Share of one core that all processes together use while nobody asks them anything. */
async function idleShare({ world, load }: Scene, forSeconds: number): Promise<number | undefined> {
  await load.pause()
  const before = processes(world).map(({ pid }) => cpuSeconds(pid))
  await sleep(forSeconds * 1_000)
  const used = processes(world).map(({ pid }, index) => (cpuSeconds(pid) ?? Number.NaN) - (before[index] ?? Number.NaN))
  load.resume()
  const share = used.reduce((sum, each) => sum + each, 0) / forSeconds
  return Number.isNaN(share) ? undefined : share
}

export const killedHard: Fault = {
  id: 'F1',
  name: 'PostgreSQL and all its backends killed (SIGKILL), then started',
  guarantee: 'told not ready ≤ 2 s; ready ≤ 5 s after its return',
  quick: true,
  strike: async ({ world, quick, demandReadiness }) => {
    const told: number[] = []
    const back: number[] = []
    for (let round = 0; round < (quick ? 1 : 5); round += 1) {
      const struckAt = now()
      await world.postgres.kill9()
      told.push(await demandReadiness(false, struckAt, 2))
      await sleep(quick ? 300 : 1_500)
      await world.postgres.restart()
      back.push(await demandReadiness(true, now(), 5))
      await sleep(quick ? 300 : 2_000)
    }
    return [`${told.length} kills; told after ${seconds(Math.max(...told))}, back after ${seconds(Math.max(...back))}`]
  },
}

export const stopped: Fault = {
  id: 'F2',
  name: 'PostgreSQL stopped for 30 s, then started',
  guarantee: 'no process ends, none spins; ready ≤ 5 s after its return',
  quick: true,
  strike: async (scene) => {
    const { world, quick, demand, demandReadiness } = scene
    const struckAt = now()
    await world.postgres.halt()
    const told = await demandReadiness(false, struckAt, 2)
    const share = await idleShare(scene, quick ? 2 : 10)
    demand(quick || share === undefined || share < 0.5, `processes that nobody asks use ${share} of a core`)
    await sleep(quick ? 500 : 18_000)
    await world.postgres.restart()
    const back = await demandReadiness(true, now(), 5)
    await sleep(quick ? 300 : 2_000)
    const idle = share === undefined ? '' : `, ${Math.round(share * 100)} % of a core meanwhile`
    return [`told after ${seconds(told)}, back after ${seconds(back)}${idle}`]
  },
}

/** In the text of the statement's name, as it goes over the wire. */
const commit = 'redemption'

export const cutInCommit: Fault = {
  id: 'F3',
  name: 'the way to PostgreSQL cut in the middle of a code exchange or refresh, before or after its commit',
  guarantee: 'the credential is usable or tokens were issued; honest repetitions go on',
  quick: true,
  strike: async ({ world, load, quick, demand }) => {
    const rounds = quick ? 6 : 60
    for (let round = 0; round < rounds; round += 1) {
      await world.relay.cutAt(commit, round % 2 === 0 ? 'before' : 'after')
      await sleep(150)
    }
    demand(load.codesLost === 0, `${load.codesLost} code exchanges were cut off for good`)
    return [`${rounds} cuts`]
  },
}
