import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import type { Caller } from '../../../src/base/calls.js'
import { createLogger } from '../../../src/base/log.js'
import type { WorkerAnswers } from '../../../src/program/workers/contract.js'
import { createSupervisor, WorkerFailed, type WorkerProcess } from '../../../src/program/workers/supervisor.js'
import { eventually } from '../../support/eventually.js'

interface FakeWorker extends WorkerProcess {
  readonly number: number
  readonly isReplacement: boolean
  readonly startedAt: number
  start(): void
  end(how: string): void
}

/** Workers that start and end when a test says so, or when they are told to stop. */
function fakeWorkers(onFork: (worker: FakeWorker) => void = () => undefined) {
  const forked: FakeWorker[] = []
  const fork = (number: number, isReplacement: boolean): WorkerProcess => {
    let start = () => {}
    let end = (_how: string) => {}
    const started = new Promise<void>((resolve) => {
      start = resolve
    })
    const ended = new Promise<string>((resolve) => {
      end = resolve
    })
    const calls: Caller<WorkerAnswers> = {
      call: async (name) => {
        if (name === 'stop') end('status 0')
        return null as never
      },
    }
    const worker: FakeWorker = {
      pid: 1_000 + forked.length,
      number,
      isReplacement,
      startedAt: performance.now(),
      calls,
      started,
      ended,
      kill: () => end('SIGKILL'),
      start,
      end,
    }
    forked.push(worker)
    onFork(worker)
    return worker
  }
  return { forked, fork }
}

const silent = createLogger('silent')
const pauses = { shortestMs: 20, longestMs: 80, steadyMs: 100_000 }

describe('The supervisor of workers', () => {
  it('starts the first alone, because it migrates, and then all others together', async () => {
    const { forked, fork } = fakeWorkers()
    const supervisor = createSupervisor({ count: 3, fork, log: silent, pauses })
    const starting = supervisor.start()
    await sleep(10)
    expect(forked.map(({ number }) => number)).toEqual([1])
    forked[0]?.start()
    await eventually(() => forked.length === 3)
    expect(supervisor.isWhole()).toBe(false)
    for (const worker of forked.slice(1)) worker.start()
    await starting
    expect([...supervisor.serving().keys()]).toEqual([1, 2, 3])
    expect(supervisor.isWhole()).toBe(true)
    await supervisor.stop()
  })

  it.each([1, 2])('gives up, and lets the others end, if worker %i cannot start', async (failing) => {
    const { forked, fork } = fakeWorkers((worker) =>
      worker.number === failing ? worker.end('status 1') : worker.start(),
    )
    const supervisor = createSupervisor({ count: 3, fork, log: silent, pauses })
    await expect(supervisor.start()).rejects.toThrow(WorkerFailed)
    await Promise.all(forked.map(({ ended }) => ended))
    await sleep(50)
    expect(forked.filter(({ isReplacement }) => isReplacement)).toEqual([])
  })

  it('replaces one that ends, after a pause that doubles up to a bound; others go on', async () => {
    let isSound = true
    const { forked, fork } = fakeWorkers((worker) => (isSound ? worker.start() : worker.end('SIGSEGV')))
    let replaced = 0
    const onReplace = () => {
      replaced += 1
    }
    const supervisor = createSupervisor({ count: 2, fork, log: silent, pauses, onReplace })
    await supervisor.start()
    isSound = false
    forked[1]?.end('SIGKILL')
    await eventually(() => forked.length >= 7)
    isSound = true
    const replacements = forked.slice(2)
    expect(replacements.every(({ number, isReplacement }) => number === 2 && isReplacement)).toBe(true)
    const gaps = replacements.slice(1).map(({ startedAt }, index) => startedAt - (replacements[index]?.startedAt ?? 0))
    // The first came after 20 ms.
    for (const [index, least] of [40, 80, 80, 80].entries()) expect(gaps[index]).toBeGreaterThanOrEqual(least - 2)
    expect(supervisor.serving().get(1)).toBe(forked[0])
    await eventually(() => supervisor.isWhole())
    expect(replaced).toBe(forked.length - 2)
    await supervisor.stop()
  })

  it('begins with the shortest pause again after a worker has served for a while', async () => {
    const { forked, fork } = fakeWorkers((worker) => worker.start())
    const supervisor = createSupervisor({ count: 2, fork, log: silent, pauses: { ...pauses, steadyMs: 30 } })
    await supervisor.start()
    for (const round of [2, 3, 4]) {
      const endedAt = performance.now()
      forked.at(-1)?.end('SIGKILL')
      await eventually(() => forked.length === round + 1 && supervisor.isWhole())
      expect((forked.at(-1)?.startedAt ?? 0) - endedAt).toBeLessThan(40 + 200)
      await sleep(60)
    }
    await supervisor.stop()
  })

  it('replaces nobody once it stops, and stops while workers start', async () => {
    const { forked, fork } = fakeWorkers()
    const supervisor = createSupervisor({ count: 2, fork, log: silent, pauses })
    const starting = supervisor.start()
    await supervisor.stop()
    await starting
    await sleep(50)
    expect(forked).toHaveLength(1)
  })
})
