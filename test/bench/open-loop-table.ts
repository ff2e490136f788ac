/** The open loop in words: latencies at a fixed rate of arrivals, of a usual database and beside millions of rows. */
import { amount } from './format.js'
import type { BenchResult, OpenRow, Spread } from './result.js'

/** The median, and how far the runs lie apart. */
function over({ median, min, max }: Spread, digits = 1): string {
  return `${amount(median, digits)} (${amount(min, digits)}–${amount(max, digits)})`
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en')
}

const columns: readonly (readonly [heading: string, cell: (row: OpenRow) => string])[] = [
  ['Operation', ({ label }) => label],
  ['p99 ÷ p50', ({ tail }) => over(tail)],
  ['bare engine: p99 ÷ p50', ({ bare }) => (bare === undefined ? '–' : over(bare.tail))],
  ['p50 ms', ({ p50Ms }) => over(p50Ms)],
  ['p99 ms', ({ p99Ms }) => over(p99Ms)],
  ['arrivals /s', ({ arrivals }) => whole(arrivals)],
  ['saturation /s', ({ saturation }) => whole(saturation)],
  ['requests', ({ operations }) => whole(operations)],
  ['errors', ({ errors }) => whole(errors)],
]

export function openLoopTable({ openLoop }: BenchResult): { title: string; table: string[][] }[] {
  if (openLoop === undefined) return []
  const { share } = openLoop.method
  return [
    {
      title: `Latencies with room to spare: ${Math.round(share * 100)} % of what the closed loop reached just before, arriving at a fixed rate (${openLoop.database === 'postgresql' ? 'PostgreSQL' : 'embedded database'}; median of the runs, lowest and highest):`,
      table: [columns.map(([heading]) => heading), ...openLoop.rows.map((row) => columns.map(([, cell]) => cell(row)))],
    },
  ]
}

export function tableSizesTable({ tableSizes }: BenchResult): { title: string; table: string[][] }[] {
  if (tableSizes === undefined) return []
  const size = ({ clients, grants }: { clients: number; grants: number }) =>
    `${whole(clients)} clients and ${whole(grants)} grants`
  const { few, many, method, rows } = tableSizes
  return [
    {
      title: `What full tables cost: beside ${size(many)} with a refresh token each, and beside ${size(few)}, in turns at the same fixed rate (${method.runs} runs of ${method.seconds} s):`,
      table: [
        ['Operation', 'p99 ÷ p99', 'p50 / p99 ms, full', 'p50 / p99 ms, small', 'arrivals /s', 'errors'],
        ...rows.map((row) => [
          row.label,
          over(row.ratio, 2),
          `${amount(row.many.p50Ms.median)} / ${amount(row.many.p99Ms.median)}`,
          `${amount(row.few.p50Ms.median)} / ${amount(row.few.p99Ms.median)}`,
          whole(row.arrivals),
          whole(row.many.errors + row.few.errors),
        ]),
      ],
    },
  ]
}

export function openLoopFacts({ openLoop }: BenchResult): string[] {
  if (openLoop === undefined) return []
  const { runs, seconds, connections } = openLoop.method
  return [
    `Fixed rate: ${runs} runs of ${seconds} s after a warm-up, evenly spaced arrivals on ${connections} connections; latency counts from when a request was due, so a stall of the server, or of the machine, is felt by all that fell due meanwhile. The bare engine, at the same share of its own saturation, shows what the machine adds.`,
  ]
}
