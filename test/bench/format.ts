/** Numbers and tables as text, for the terminal and for the manual. */
import type { Measurement } from './result.js'

export function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${Math.round(share * 100)} %`
}

export function rate(measurement: Measurement | undefined): string {
  if (measurement === undefined) return '–'
  const { median } = measurement.perSecond
  return median < 100 ? median.toFixed(1) : Math.round(median).toLocaleString('en')
}

/** Half the distance between the slowest and the fastest run, as a share of the median. */
export function spread(measurement: Measurement | undefined): string {
  if (measurement === undefined) return ''
  const { median, min, max } = measurement.perSecond
  return `±${Math.round(((max - min) / 2 / median) * 100)} %`
}

export function rateWithSpread(measurement: Measurement | undefined): string {
  return `${rate(measurement)} ${spread(measurement)}`.trim()
}

export function amount(value: number | undefined, digits = 1): string {
  return value === undefined ? '–' : value.toFixed(digits)
}

export function latency(measurement: Measurement | undefined): string {
  return measurement === undefined ? '–' : `${amount(measurement.p50Ms)} / ${amount(measurement.p99Ms)}`
}

export function aligned(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)))
  const align = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return table.map((line) => line.map(align).join('  ').trimEnd()).join('\n')
}

/** The first line is the heading. */
export function markdown([heading = [], ...lines]: readonly (readonly string[])[]): string {
  const row = (line: readonly string[]) => `| ${line.join(' | ')} |`
  const rule = heading.map((_, column) => (column === 0 ? '---' : '---:'))
  return [row(heading), row(rule), ...lines.map(row)].join('\n')
}
