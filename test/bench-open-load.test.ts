import { describe, expect, it } from '@jest/globals'
import type { Worker } from './bench/load.js'
import { runOpenLoad, type Time } from './bench/open-load.js'

/** Time that passes only while somebody sleeps: the earliest sleeper is woken first. */
function fakeTime(): Time {
  let now = 0
  const sleepers: { until: number; wake: () => void }[] = []
  const wakeNext = () => {
    const [next] = sleepers.sort((left, right) => left.until - right.until).splice(0, 1)
    if (next === undefined) return
    now = Math.max(now, next.until)
    next.wake()
  }
  return {
    now: () => now,
    sleep: (ms) =>
      new Promise<void>((wake) => {
        sleepers.push({ until: now + ms, wake })
        // After whatever runs now, so that all that sleep at one moment are known before the first is woken.
        setImmediate(wakeNext)
      }),
  }
}

/** Answers after so many milliseconds. */
function answersIn(time: Time, ms: (request: number) => number): Worker {
  let requests = 0
  return async () => {
    await time.sleep(ms(requests++))
    return true
  }
}

describe('the open loop', () => {
  it('sends at its rate, and counts latency from when a request was due', async () => {
    const time = fakeTime()
    const workers = [1, 2].map(() => answersIn(time, () => 2))
    const result = await runOpenLoad(workers, { perSecond: 100, seconds: 1 }, time)
    expect(result).toEqual({ operations: 100, errors: 0, p50Ms: 2, p99Ms: 2 })
    expect(time.now()).toBe(992)
  })

  it('counts a stall once for each request that fell due meanwhile', async () => {
    const time = fakeTime()
    // The first request takes half a second, in which 49 others fall due; a closed loop would see one slow request of a hundred.
    const worker = answersIn(time, (request) => (request === 0 ? 500 : 1))
    const result = await runOpenLoad([worker], { perSecond: 100, seconds: 1 }, time)
    expect(result.operations).toBe(100)
    expect(result.p50Ms).toBeGreaterThan(40)
    expect(result.p99Ms).toBe(500)
  })

  it('counts errors apart, stops at the limit and when nothing is left', async () => {
    const time = fakeTime()
    let requests = 0
    const failing: Worker = async () => {
      requests += 1
      if (requests % 10 === 0) throw new Error('a wrong answer')
      return true
    }
    expect(await runOpenLoad([failing], { perSecond: 1_000, seconds: 1, limit: 50 }, time)).toMatchObject({
      operations: 45,
      errors: 5,
    })
    let left = 3
    const ending: Worker = async () => left-- > 0
    expect(await runOpenLoad([ending], { perSecond: 1_000, seconds: 1 }, time)).toMatchObject({ operations: 3 })
  })

  it('throws what went wrong when nothing succeeded', async () => {
    const broken: Worker = () => Promise.reject(new Error('refused'))
    await expect(runOpenLoad([broken], { perSecond: 10, seconds: 1 }, fakeTime())).rejects.toThrow('refused')
  })
})
