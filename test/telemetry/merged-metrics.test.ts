import { expect, it } from '@jest/globals'
import { mergeMetrics } from '../../src/telemetry/merged-metrics.js'
import { createMetrics, type MetricsSnapshot } from '../../src/telemetry/metrics.js'

const labels = { outcome: 'succeeded' }

/** The value of the one series of that name. */
function seriesValue(text: string, name: string): number | undefined {
  const line = text.split('\n').find((candidate) => candidate.startsWith(name))
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')))
}

it('sums counters and gauges over processes, and says once what all say', async () => {
  const processes = [1, 2].map((number) => {
    const metrics = createMetrics()
    metrics.count('gatehouse_sign_ins_total', labels, number * 10)
    metrics.observe('gatehouse_password_hash_duration_seconds', { operation: 'verify', outcome: 'ok' }, 0.01)
    metrics.collect('gatehouse_build_info', async () => [{ labels: { version: '1' }, value: 1 }])
    metrics.collect('gatehouse_db_waiting', async () => [{ labels: { database: 'auth', pool: 'a' }, value: number }])
    return metrics
  })
  const merged = mergeMetrics(() => new Map(processes.map((metrics, index) => [index, metrics.snapshot()])))
  const { text } = await merged.exposition()
  expect(seriesValue(text, 'gatehouse_sign_ins_total{')).toBe(30)
  expect(seriesValue(text, 'gatehouse_password_hash_duration_seconds_count{')).toBe(2)
  expect(seriesValue(text, 'gatehouse_build_info{')).toBe(1)
  expect(seriesValue(text, 'gatehouse_db_waiting{')).toBe(3)
})

it('keeps what a process counted when it ends, or does not answer, and forgets its gauges', async () => {
  const [one, other] = [createMetrics(), createMetrics()]
  other.collect('gatehouse_db_waiting', async () => [{ labels: { database: 'auth', pool: 'a' }, value: 5 }])
  let running: Map<number, () => Promise<MetricsSnapshot>> = new Map([
    [1, one.snapshot],
    [2, other.snapshot],
  ])
  const merged = mergeMetrics(() => new Map([...running].map(([process, snapshot]) => [process, snapshot()])))
  const scrape = async (name: string) => seriesValue((await merged.exposition()).text, name)
  one.count('gatehouse_sign_ins_total', labels, 1)
  other.count('gatehouse_sign_ins_total', labels, 10)
  expect(await scrape('gatehouse_sign_ins_total{')).toBe(11)

  running.set(2, () => Promise.reject(new Error('busy')))
  one.count('gatehouse_sign_ins_total', labels, 1)
  expect(await scrape('gatehouse_sign_ins_total{')).toBe(12)

  running = new Map([[1, one.snapshot]])
  merged.retire(2)
  expect(await scrape('gatehouse_sign_ins_total{')).toBe(12)
  expect(await scrape('gatehouse_db_waiting{')).toBeUndefined()

  const third = createMetrics()
  third.count('gatehouse_sign_ins_total', labels, 100)
  running.set(3, third.snapshot)
  expect(await scrape('gatehouse_sign_ins_total{')).toBe(112)
  running.delete(3)
  merged.retire(3)
  expect(await scrape('gatehouse_sign_ins_total{')).toBe(112)
})
