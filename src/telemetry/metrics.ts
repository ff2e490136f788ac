/**
 * Metrics in the Prometheus format. Owns the registry; callers decide what is counted and when. Loaded only if the operator enables
 * metrics; otherwise they cost nothing.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import {
  type Count,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  type MetricDefinition,
  metricDefinitions,
} from './metric-definitions.js'

export interface Sample<Name extends GaugeName> {
  readonly labels: LabelsOf<Name>
  readonly value: number
}

/** Every metric with its values, to send to another process that merges them (merged-metrics.ts). */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

export interface Metrics {
  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, by?: number): void
  add(count: Count): void
  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, seconds: number): void
  /** Calls `read` at every scrape. If it fails or takes too long, the scrape omits the metric. */
  collect<Name extends GaugeName>(name: Name, read: () => Promise<readonly Sample<Name>[]>): void
  /** All metrics as text. Never rejects because a value could not be read. */
  exposition(): Promise<Exposition>
  /** The same for another process. */
  snapshot(): Promise<MetricsSnapshot>
}

/** The response to a scrape. */
export interface Exposition {
  readonly contentType: string
  readonly text: string
}

async function inTime<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('not told in time')), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

type Read = () => Promise<readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]>

interface GaugeParts {
  readonly readers: readonly Read[]
  readonly registry: Registry
  readonly readLimitMs: number
}

function createGauge(name: string, definition: MetricDefinition, parts: GaugeParts): void {
  const { readers, registry, readLimitMs } = parts
  const gauge = new Gauge({
    name,
    help: definition.help,
    labelNames: definition.labels,
    aggregator: definition.overWorkers ?? 'sum',
    registers: [registry],
    collect: async () => {
      const told = await Promise.all(readers.map((read) => inTime(read(), readLimitMs).catch(() => [])))
      gauge.reset()
      for (const { labels, value } of told.flat()) gauge.set(labels, value)
    },
  })
}

/**
 * A new registry with the default process metrics (memory, CPU, event loop, garbage collection). `readLimitMs`: how long a scrape waits for
 * values that are read.
 */
export function createMetrics(readLimitMs = 2_000): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const counters = new Map<string, Counter>()
  const histograms = new Map<string, Histogram>()
  const readers = new Map<string, Read[]>()
  for (const [name, definition] of Object.entries(metricDefinitions as Record<string, MetricDefinition>)) {
    const { help, labels, buckets = [] } = definition
    const common = { name, help, labelNames: labels, registers: [registry] }
    if (definition.kind === 'counter') counters.set(name, new Counter(common))
    else if (definition.kind === 'histogram') histograms.set(name, new Histogram({ ...common, buckets: [...buckets] }))
    else {
      const own: Read[] = []
      readers.set(name, own)
      createGauge(name, definition, { readers: own, registry, readLimitMs })
    }
  }
  return {
    count: (name, labels, by = 1) => counters.get(name)?.inc(labels, by),
    add: ([name, labels]) => counters.get(name)?.inc(labels),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
    collect: (name, read) => void readers.get(name)?.push(read),
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    snapshot: () => registry.getMetricsAsJSON(),
  }
}
