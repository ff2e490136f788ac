/** What a process does as one of several workers of a machine, and what it leaves to the others. */
import { type Answers, type Caller, type MessageChannel, openCalls } from '../../base/calls.js'
import type { FairQueue } from '../../base/fair-queue.js'
import type { Peers } from '../../http/peers.js'
import type { MetricsSnapshot } from '../../telemetry/metrics.js'
import type { Part } from '../parts-served.js'
import type { Duties, PrimaryAnswers, WorkerAnswers } from './contract.js'
import { queueOfPrimary } from './turns.js'

/** How long a worker waits to hear whether the others are ready, in milliseconds. */
const othersLimitMs = 2_000

export interface WorkerRole {
  readonly number: number
  /** It sweeps, and reads for metrics what is the same everywhere. */
  readonly isFirst: boolean
  /** It checks the settings, migrates, makes the first account: what a start does once. */
  readonly startsAll: boolean
  /** The machine's turns to hash passwords. */
  readonly hashTurns: FairQueue
  /** The other workers that serve this part. */
  peers(part: Part): Peers
  /** Answers scrapes, in place of a port of its own. */
  answerMetrics(snapshot: () => Promise<MetricsSnapshot>): void
}

/** What the primary tells a worker to do. */
export interface WorkerEvents {
  readonly announce: () => void
  readonly reload: () => void
  readonly stop: () => void
}

export interface PrimaryLink {
  readonly duties: Duties
  readonly role: WorkerRole
  /** Tells the primary that the servers are listening. */
  started(): Promise<void>
}

/** A worker's side of its channel to the primary. */
export async function joinPrimary(channel: MessageChannel, events: WorkerEvents): Promise<PrimaryLink> {
  const readiness = new Map<Part, () => Promise<void>>()
  let metrics: (() => Promise<MetricsSnapshot>) | undefined
  const answers: Answers<WorkerAnswers> = {
    ready: async (part) => {
      const ready = readiness.get(part)
      if (ready === undefined) return false
      return ready().then(
        () => true,
        () => false,
      )
    },
    metrics: async () => (await metrics?.()) ?? [],
    announce: () => {
      events.announce()
      return null
    },
    reload: () => {
      events.reload()
      return null
    },
    stop: () => {
      events.stop()
      return null
    },
  }
  const primary: Caller<PrimaryAnswers> = openCalls<PrimaryAnswers, WorkerAnswers>(channel, answers)
  const duties = await primary.call('duties', null)
  const isFirst = duties.number === 1
  return {
    duties,
    role: {
      number: duties.number,
      isFirst,
      startsAll: isFirst && !duties.isReplacement,
      hashTurns: queueOfPrimary(primary),
      peers: (part) => ({
        answerReady: (ready) => void readiness.set(part, ready),
        ready: async () => {
          if (await primary.call('others-ready', part, othersLimitMs)) return
          throw new Error('another worker is not ready')
        },
      }),
      answerMetrics: (snapshot) => {
        metrics = snapshot
      },
    },
    started: async () => void (await primary.call('started', null)),
  }
}
