/** Reads the text that Prometheus reads. */

export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** As Go reads it: `Nan` is what prom-client writes of an event loop that was not measured since the last scrape. */
function numberOf(text: string): number | undefined {
  if (/^nan$/i.test(text)) return Number.NaN
  const value = Number(text.replace('Inf', 'Infinity'))
  return Number.isNaN(value) ? undefined : value
}

/** Every sample; throws on a line that is neither a comment nor a sample. */
export function parseExposition(text: string): readonly Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, labels = '', number = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const value = numberOf(number)
      if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`)
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', text = '']) => [label, text])
      return { name, labels: Object.fromEntries(pairs), value }
    })
}
