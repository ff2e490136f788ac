/** What one statement costs by each way to the database, in words. */
import { amount } from './format.js'
import type { BenchResult, Spread } from './result.js'

function over({ median, min, max }: Spread): string {
  return `${amount(median, 0)} (${amount(min, 0)}–${amount(max, 0)})`
}

export function statementsTable({ statements }: BenchResult): { title: string; table: string[][] }[] {
  if (statements === undefined) return []
  const { firstQuery, method, rows } = statements
  const heading = ['Statement', 'prepared', 'by pg alone', "Prisma's client", 'Prisma ÷ prepared', 'pg ÷ prepared']
  const times = (one: Spread, other: Spread) => (one.median / other.median).toFixed(1)
  const lines = rows.map(({ label, prepared, plain, prisma }) => [
    label,
    ...[prepared, plain, prisma].map(({ cpuMicros }) => over(cpuMicros)),
    times(prisma.cpuMicros, prepared.cpuMicros),
    times(plain.cpuMicros, prepared.cpuMicros),
  ])
  return [
    {
      title: `CPU of the server's process for one statement, in µs, by each way to PostgreSQL (median of ${method.rounds} rounds of ${method.operations.toLocaleString('en')}, ${method.concurrency} at once, lowest and highest; the first query of Prisma's client in a process takes ${amount(firstQuery.milliseconds, 0)} ms and ${amount(firstQuery.mebibytes, 0)} MiB):`,
      table: [heading, ...lines],
    },
  ]
}
