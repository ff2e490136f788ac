/**
 * The metrics of several processes as one: a scrape asks all. What a process counted is kept when it ends, or does not answer in time,
 * so that no counter ever goes down: Prometheus would take that for a restart, and count everything again.
 */
import { AggregatorRegistry, type Registry } from 'prom-client'
import type { Exposition, MetricsSnapshot } from './metrics.js'

export interface MergedMetrics {
  exposition(): Promise<Exposition>
  /** The process has ended: keeps its counters, and forgets its gauges. What it counted since the last scrape is lost. */
  retire(process: number): void
}

/** Counters and histograms: what only grows. */
const grows = ({ type }: MetricsSnapshot[number]) => ['counter', 'histogram'].includes(String(type))

function merge(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots])
}

/** `read`: asks every process that runs, by a number that no other one ever has; it rejects for those that do not answer in time. */
export function mergeMetrics(read: () => ReadonlyMap<number, Promise<MetricsSnapshot>>): MergedMetrics {
  const latest = new Map<number, MetricsSnapshot>()
  /** What ended processes counted, merged. */
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
