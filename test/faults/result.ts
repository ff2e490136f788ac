/** What a run leaves: a file for the manual, one for CI, and a table. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** Of the last run that was saved. */
export const savedFile = fileURLToPath(new URL('../../docs/faults.json', import.meta.url))

export const faultResult = z.object({
  date: z.string(),
  machine: z.object({ cpu: z.string(), cores: z.number(), node: z.string(), postgresql: z.string() }),
  outcomes: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      guarantee: z.string(),
      measured: z.array(z.string()).readonly(),
      breaches: z.array(z.string()).readonly(),
      seconds: z.number(),
      notRun: z.string().optional(),
    }),
  ),
})
export type FaultResult = z.infer<typeof faultResult>
/** Of one fault. `measured`: in words; `breaches`: what was promised and did not hold; `notRun`: why it could not be inflicted. */
export type Outcome = FaultResult['outcomes'][number]

/** In the form of Jest's results, as far as CI adds them up. */
export function countsOf(outcomes: readonly Outcome[]): Record<string, number> {
  const failed = outcomes.filter(({ breaches }) => breaches.length > 0).length
  const pending = outcomes.filter(({ notRun }) => notRun !== undefined).length
  return {
    numPassedTests: outcomes.length - failed - pending,
    numFailedTests: failed,
    numPendingTests: pending,
    numTotalTests: outcomes.length,
  }
}

function verdict({ breaches, notRun, measured }: Outcome): string {
  if (notRun !== undefined) return `– (${notRun})`
  return breaches.length === 0 ? measured.join('; ') : `BROKEN: ${breaches.join('; ')}`
}

/** One line for the terminal. */
export function lineOf(outcome: Outcome): string {
  const mark = outcome.notRun !== undefined ? '–' : outcome.breaches.length === 0 ? '✓' : '✗'
  const lines = [
    `${mark} ${outcome.id} ${outcome.name} (${Math.round(outcome.seconds)} s)`,
    `    ${outcome.measured.join('; ')}`,
  ]
  if (outcome.notRun !== undefined) lines[1] = `    not run here: ${outcome.notRun}`
  return [...lines, ...outcome.breaches.map((breach) => `    BROKEN: ${breach}`)].join('\n')
}

export function readSaved(): FaultResult {
  return faultResult.parse(JSON.parse(readFileSync(savedFile, 'utf8')))
}

/** The manual's table of what was saved last (`npm run docs`). */
export function savedFaultsTable(): string {
  return faultsTable(readSaved())
}

export function faultsTable({ outcomes, machine, date }: FaultResult): string {
  const rows = outcomes.map(
    (outcome) => `| ${outcome.id} | ${outcome.name} | ${outcome.guarantee} | ${verdict(outcome)} |`,
  )
  const where = `${machine.cpu}, ${machine.cores} cores for everything; Node ${machine.node}; PostgreSQL ${machine.postgresql}; ${date.slice(0, 10)}`
  return ['| | Fault | Guarantee, besides I1 to I8 | Measured |', '| --- | --- | --- | --- |', ...rows, '', where].join(
    '\n',
  )
}
