/**
 * One queue for all workers of a machine: the primary decides whose turn it is, and the worker does the work. So the limits of the queue
 * are the machine's, however many workers there are.
 */
import type { Caller } from '../../base/calls.js'
import { type FairQueue, QueueFull, type Sender } from '../../base/fair-queue.js'
import type { PrimaryAnswers, Turn } from './contract.js'

/** The turns of one worker. */
export interface WorkerTurns {
  /** Resolves when the turn comes, or at once when the queue has no place for it. */
  take(sender: Sender): Promise<Turn>
  over(turn: number): void
  /** The worker ended: its turns are over, those that it waits for too. */
  end(): void
}

export function createWorkerTurns(queue: FairQueue): WorkerTurns {
  const taken = new Map<number, () => void>()
  let last = 0
  let hasEnded = false
  const over = (turn: number) => {
    taken.get(turn)?.()
    taken.delete(turn)
  }
  return {
    take: (sender) =>
      new Promise<Turn>((resolve, reject) => {
        const hold = () =>
          new Promise<void>((release) => {
            if (hasEnded) return release()
            last += 1
            taken.set(last, release)
            resolve({ turn: last })
          })
        queue.run(sender, hold).catch((error: unknown) => {
          if (error instanceof QueueFull) resolve({ full: error.reason })
          else reject(error)
        })
      }),
    over,
    end: () => {
      hasEnded = true
      for (const turn of taken.keys()) over(turn)
    },
  }
}

/** The primary's queue, as a worker uses it. */
export function queueOfPrimary(primary: Caller<PrimaryAnswers>): FairQueue {
  return {
    run: async (sender, task) => {
      const turn = await primary.call('turn', sender)
      if ('full' in turn) throw new QueueFull(turn.full)
      try {
        return await task()
      } finally {
        // If the primary has gone, so has its queue.
        primary.call('turn-over', turn.turn).catch(() => undefined)
      }
    },
  }
}
