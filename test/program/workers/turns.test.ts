import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { openCalls } from '../../../src/base/calls.js'
import { createFairQueue, QueueFull } from '../../../src/base/fair-queue.js'
import type { PrimaryAnswers, WorkerAnswers } from '../../../src/program/workers/contract.js'
import { createWorkerTurns, queueOfPrimary } from '../../../src/program/workers/turns.js'
import { channelPair } from '../../support/channel-pair.js'

const sender = (name: string) => ({ networks: [name] })

/** The queue of a primary, as two workers use it. */
function sharedQueue(limits: { concurrency: number; queueLimit: number; perSender: number }) {
  const queue = createFairQueue(limits)
  const worker = () => {
    const [atPrimary, atWorker] = channelPair()
    const turns = createWorkerTurns(queue)
    const unasked = () => {
      throw new Error('nobody asks this here')
    }
    openCalls<WorkerAnswers, PrimaryAnswers>(atPrimary, {
      turn: (from) => turns.take(from),
      'turn-over': (turn) => {
        turns.over(turn)
        return null
      },
      duties: unasked,
      started: unasked,
      'others-ready': unasked,
    })
    const answers = { ready: unasked, metrics: unasked, announce: unasked, reload: unasked, stop: unasked }
    return { queue: queueOfPrimary(openCalls<PrimaryAnswers, WorkerAnswers>(atWorker, answers)), end: turns.end }
  }
  return [worker(), worker()] as const
}

describe('The queue that workers share', () => {
  it('runs as many tasks at once as one process would, whoever has them', async () => {
    const workers = sharedQueue({ concurrency: 2, queueLimit: 64, perSender: 16 })
    let running = 0
    let most = 0
    const task = async () => {
      running += 1
      most = Math.max(most, running)
      await sleep(5)
      running -= 1
    }
    const tasks = Array.from({ length: 20 }, (_, index) =>
      workers[index % 2 ? 1 : 0].queue.run(sender(`${index}`), task),
    )
    await Promise.all(tasks)
    expect(most).toBe(2)
  })

  it('has one bound for one sender, at all workers together, and hands on what a task throws', async () => {
    const [one, other] = sharedQueue({ concurrency: 1, queueLimit: 64, perSender: 3 })
    const slow = () => sleep(30)
    const tasks = [one, other, one, other, one].map(({ queue }) => queue.run(sender('a'), slow))
    const settled = await Promise.allSettled(tasks)
    const refused = settled.filter((result) => result.status === 'rejected').map(({ reason }) => reason)
    expect(refused).toHaveLength(2)
    for (const error of refused) expect(error).toBeInstanceOf(QueueFull)
    const failing = one.queue.run(sender('b'), () => Promise.reject(new RangeError('of the task')))
    await expect(failing).rejects.toThrow(RangeError)
    expect(await other.queue.run(sender('b'), async () => 'went on')).toBe('went on')
  })

  it('gives up the turns of a worker that ended, those it waited for too', async () => {
    const [one, other] = sharedQueue({ concurrency: 1, queueLimit: 64, perSender: 16 })
    const held = one.queue.run(sender('a'), () => new Promise(() => undefined))
    held.catch(() => undefined)
    one.queue.run(sender('b'), () => new Promise(() => undefined)).catch(() => undefined)
    await sleep(20)
    const waiting = other.queue.run(sender('c'), async () => 'served')
    await sleep(20)
    one.end()
    expect(await waiting).toBe('served')
  })
})
