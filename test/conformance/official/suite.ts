/** Runs the official conformance suite, fetched by npx at a fixed version, and reads what it found. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { npxArguments } from '../../support/npx.js'
import { temporaryFolder } from '../../support/run-folder.js'

/** The first release with an authorization-server mode and revision 2026-07-28 is an alpha; it has no tag, only this number. */
const suiteVersion = '@modelcontextprotocol/conformance@0.2.0-alpha.12'

const checkSchema = z.looseObject({
  id: z.string(),
  description: z.string().optional(),
  status: z.enum(['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'INFO']),
  errorMessage: z.string().optional(),
  details: z.unknown().optional(),
})
export type Check = z.infer<typeof checkSchema>

export interface SuiteRun {
  readonly exitCode: number | null
  readonly output: string
  /** What each scenario checked, by its name. */
  readonly scenarios: ReadonlyMap<string, readonly Check[]>
}

/** The suite's modes, and how it begins the names of their result folders. */
const folderPrefixes = { server: 'server-', authorization: 'authorization-server-' } as const
export type Mode = keyof typeof folderPrefixes

/** The suite writes `<prefix><scenario>-<time>/checks.json`. */
function readResults(folder: string, mode: Mode): Map<string, readonly Check[]> {
  return new Map(
    readdirSync(folder).map((name) => {
      const scenario = name.slice(folderPrefixes[mode].length).replace(/-\d{4}-\d\d-\d\dT.*$/, '')
      const checks: unknown = JSON.parse(readFileSync(join(folder, name, 'checks.json'), 'utf8'))
      return [scenario, z.array(checkSchema).parse(checks)]
    }),
  )
}

/** `onLine` gets each line of standard output as it comes. */
export async function runSuite(
  mode: Mode,
  args: readonly string[],
  onLine: (line: string) => void = () => {},
): Promise<SuiteRun> {
  const folder = temporaryFolder('conformance')
  const command = [...npxArguments(suiteVersion, 'conformance', [22, 0]), mode, ...args, '-o', folder]
  const child = spawn('npx', command, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let line = ''
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
    const lines = (line + String(chunk)).split('\n')
    line = lines.pop() ?? ''
    for (const complete of lines) onLine(complete)
  })
  child.stderr.on('data', (chunk) => {
    output += String(chunk)
  })
  await once(child, 'close')
  return { exitCode: child.exitCode, output, scenarios: readResults(folder, mode) }
}

/** Checks that did not go well; a warning is a SHOULD that we do not keep, so it counts. */
export function problemsOf(checks: readonly Check[]): readonly string[] {
  return checks
    .filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
    .map(({ id, status, description, errorMessage, details }) =>
      [`${status} ${id}: ${description}`, errorMessage, JSON.stringify(details)].join('\n    '),
    )
}

/** Throws with everything the suite said about a scenario that did not run or did not pass. */
export function expectPassed(run: SuiteRun, scenario: string): void {
  const checks = run.scenarios.get(scenario)
  if (checks === undefined) throw new Error(`the suite did not run ${scenario}:\n${run.output.slice(-4_000)}`)
  const problems = problemsOf(checks)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  if (!checks.some(({ status }) => status === 'SUCCESS' || status === 'INFO')) {
    throw new Error(`the suite checked nothing in ${scenario}: ${JSON.stringify(checks)}`)
  }
}
