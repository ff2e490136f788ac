/** What the processes of one machine ask each other: the primary, which starts and watches, and its workers, which serve. */
import type { Sender } from '../../base/fair-queue.js'
import type { Config } from '../../config/config.js'
import type { MetricsSnapshot } from '../../telemetry/metrics.js'
import type { Part } from '../parts-served.js'

/** What a worker is to do. */
export interface Duties {
  /** Counted from 1. The worker that replaces another has its number. */
  readonly number: number
  /** As the primary read it, secret files included: all workers have the same. */
  readonly config: Config
  /** It replaces a worker that ended: everything that a start does once was done. */
  readonly isReplacement: boolean
}

/** A turn in a queue of the primary: it is the worker's until `turn-over`. */
export type Turn = { readonly turn: number } | { readonly full: 'sender' | 'all' }

export type PrimaryAnswers = {
  readonly duties: { readonly ask: null; readonly answer: Duties }
  /** Its servers are listening. */
  readonly started: { readonly ask: null; readonly answer: null }
  /** A turn to hash a password; answered when it comes. */
  readonly turn: { readonly ask: Sender; readonly answer: Turn }
  readonly 'turn-over': { readonly ask: number; readonly answer: null }
  /** Whether all other workers are ready. */
  readonly 'others-ready': { readonly ask: Part; readonly answer: boolean }
}

export type WorkerAnswers = {
  readonly ready: { readonly ask: Part; readonly answer: boolean }
  readonly metrics: { readonly ask: null; readonly answer: MetricsSnapshot }
  /** All workers are ready: says where they are. Asked of the first alone. */
  readonly announce: { readonly ask: null; readonly answer: null }
  /** Reads the declaration file now. Answered at once. */
  readonly reload: { readonly ask: null; readonly answer: null }
  /** Answered at once; the worker ends when it has closed. */
  readonly stop: { readonly ask: null; readonly answer: null }
}
