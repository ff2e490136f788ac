/**
 * Merges the metrics of several processes: a scrape queries all of them. The counts of a process are kept when it ends or does not answer
 * in time, so that no counter decreases. Prometheus would treat a decrease as a restart and count everything again.
 */
import { AggregatorRegistry, type Registry } from 'prom-client'
import type { Exposition, MetricsSnapshot } from './metrics.js'

export interface MergedMetrics {
  exposition(): Promise<Exposition>
  /** Call when a process has ended: keeps its counters and drops its gauges. Its counts since the last scrape are lost. */
  retire(process: number): void
}

/** Counters and histograms only grow. */
const grows = ({ type }: MetricsSnapshot[number]) => ['counter', 'histogram'].includes(String(type))

function merge(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots])
}

/** `read`: reads every running process, keyed by a number that is never reused; rejects for processes that do not answer in time. */
export function mergeMetrics(read: () => ReadonlyMap<number, Promise<MetricsSnapshot>>): MergedMetrics {
  const latest = new Map<number, MetricsSnapshot>()
  /** Merged counts of ended processes. */
  let ended: MetricsSnapshot = []
  let endings = Promise.resolve()
  const retired = new Set<number>()
  return {
    exposition: async () => {
      const told = [...read()].map(async ([process, snapshot]) => {
        const metrics = await snapshot.catch(() => undefined)
        if (metrics !== undefined && !retired.has(process)) latest.set(process, metrics)
      })
      await Promise.all(told)
      await endings
      const registry = merge([...latest.values(), ended])
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
    retire: (process) => {
      const last = latest.get(process)?.filter(grows)
      latest.delete(process)
      retired.add(process)
      if (last === undefined) return
      endings = endings.then(async () => {
        ended = await merge([ended, last]).getMetricsAsJSON()
      })
    },
  }
}
