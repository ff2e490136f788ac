/** What a test may need beyond Node. */
export type Capability = 'postgresql' | 'pgbouncer' | 'python' | 'go' | 'java'

/** Path of an executable program of that name: on the PATH, or in a usual folder beside it. */
export function findProgram(name: string): string | undefined

/** Of Chromium: CHROMIUM_PATH, or where Debian's package puts it. The tests in it have a command of their own and fail without it. */
export function chromiumPath(): string

/** What gives a Debian machine the capability. */
export function howToGet(name: string): string

/** What this machine has, and what it lacks. `postgresFolder`: where `initdb` and `postgres` are. */
export function lookAround(): {
  readonly postgresFolder: string | undefined
  readonly present: readonly Capability[]
  readonly missing: readonly Capability[]
}

/** Which languages of test/foreign this machine has; by name, the path of the interpreter or compiler. */
export function lookForLanguages(): {
  readonly places: Readonly<Record<string, string>>
  readonly missing: readonly Capability[]
}

/** The title of a `describe` that does not run, with what it lacks. */
export function markMissing(title: string, missing: readonly Capability[]): string

/** What a test that did not run lacks, by the titles of the `describe` blocks around it. */
export function missingIn(titles: readonly string[]): string[]
