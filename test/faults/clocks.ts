/** The clock of one of two authorization servers is set wrong, and right again. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { portOf } from '../support/past-proxy.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type Fault, type Scene, seconds } from './fault.js'
import { now } from './readiness.js'

/** Debian's libfaketime: what it is loaded into reads its offset from a file at every look at the clock. */
function fakeTimeLibrary(): string | undefined {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : []
  return folders.map((folder) => `/usr/lib/${folder}/faketime/libfaketime.so.1`).find(existsSync)
}

let offsetFile = ''

function setClock(offsetSeconds: number): void {
  writeFileSync(offsetFile, `${offsetSeconds < 0 ? '' : '+'}${offsetSeconds}\n`)
}

/** Wrong for a while, then right. Resolves to how long it took to be told, and to be back. */
async function setWrong(scene: Scene, offsetSeconds: number): Promise<readonly [number, number]> {
  const { world, load, demand, demandReadiness } = scene
  const [, second] = world.auth
  // Until it is noticed the proxy sends it requests: the promise is about afterwards.
  await load.pause()
  setClock(offsetSeconds)
  const told = await demandReadiness(false, now(), 2, [second])
  while (world.front.isIn(portOf(second))) await sleep(20)
  load.resume()
  const served = load.counts.tokens
  await sleep(2_500)
  demand(load.counts.tokens > served, 'the other server issued no tokens')
  await load.pause()
  setClock(0)
  const back = await demandReadiness(true, now(), 5, [second])
  while (!world.front.isIn(portOf(second))) await sleep(20)
  load.resume()
  return [told, back]
}

export const wrongClock: Fault = {
  id: 'F14',
  name: 'the clock of one of two authorization servers 30 s ahead, 30 s behind, 10 min behind, 3 s ahead',
  guarantee: 'more than 10 s: told not ready ≤ 2 s, so that nothing is sent to it; less: everything it issues is good',
  unavailable: () => (fakeTimeLibrary() === undefined ? 'libfaketime (Debian: faketime) is not installed' : undefined),
  world: () => {
    offsetFile = join(temporaryFolder('clock'), 'offset')
    setClock(0)
    return {
      secondEnv: {
        LD_PRELOAD: fakeTimeLibrary() ?? '',
        FAKETIME_TIMESTAMP_FILE: offsetFile,
        FAKETIME_NO_CACHE: '1',
        // Timers go on as they are: a machine's clock may be wrong, its seconds are not.
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    }
  },
  strike: async (scene) => {
    const { world, load, demand } = scene
    world.front.watchReadiness()
    const took = [await setWrong(scene, 30), await setWrong(scene, -30), await setWrong(scene, -600)]
    const [told, back] = [Math.max(...took.map(([first]) => first)), Math.max(...took.map(([, last]) => last))]
    setClock(3)
    const served = load.counts.tokens
    await sleep(5_000)
    demand(world.front.isIn(portOf(world.auth[1])), 'three seconds were too much')
    demand(load.counts.tokens > served, 'no tokens were issued')
    setClock(0)
    return [`told after ${seconds(told)}, back after ${seconds(back)}`]
  },
}
