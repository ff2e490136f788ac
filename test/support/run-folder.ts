/** The temporary folder of one test run, shared by its worker processes, and work that is done once per run. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'

let ownFolder: string | undefined

/** Made and removed by the global set-up; without one (a single file run by hand), a folder of this process. */
export function runFolder(): string {
  const shared = process.env['TEST_RUN_FOLDER']
  if (shared !== undefined) return shared
  if (ownFolder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
    process.once('exit', () => rmSync(made, { recursive: true, force: true }))
    ownFolder = made
  }
  return ownFolder
}

/** A fresh folder inside the run's folder; gone after the run even when the test forgets it. */
export function temporaryFolder(prefix: string): string {
  return mkdtempSync(join(runFolder(), `${prefix}-`))
}

const outcomeSchema = z.union([z.object({ value: z.unknown() }), z.object({ error: z.string() })])

function readOutcome(file: string): unknown {
  const outcome = outcomeSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  if ('error' in outcome) throw new Error(outcome.error)
  return outcome.value
}

function isFirst(lock: string): boolean {
  try {
    mkdirSync(lock)
    return true
  } catch {
    return false
  }
}

async function record(file: string, work: () => Promise<unknown>): Promise<void> {
  let outcome: object
  try {
    outcome = { value: (await work()) ?? null }
  } catch (error) {
    outcome = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  // Renamed into place, so that no other worker reads half a file.
  writeFileSync(`${file}.part`, JSON.stringify(outcome))
  renameSync(`${file}.part`, file)
}

/**
 * Runs `work` in the first worker that asks and gives every worker its JSON result; a failure is everybody's failure.
 * The result stands in `<run folder>/<name>.json` as `{ value }`.
 */
export async function oncePerRun(name: string, work: () => Promise<unknown>): Promise<unknown> {
  const file = join(runFolder(), `${name}.json`)
  if (!existsSync(file) && isFirst(join(runFolder(), `${name}.lock`))) await record(file, work)
  for (let waited = 0; !existsSync(file); waited += 50) {
    if (waited > 100_000) throw new Error(`another worker did not finish ${name} in time`)
    await sleep(50)
  }
  return readOutcome(file)
}
