/** Keeps what is in force in a running process: applies the followed file when it changes, and reads what others applied. */

import type { Logger } from '../../base/log.js'
import { runRegularly } from '../../base/sweeper.js'
import type { Config } from '../../config/config.js'
import { FileMistakes } from '../../declarations/declaration-file.js'
import type { ServedDeclarations } from '../../mcp-host/served-declarations.js'
import type { Declarations } from '../../oauth/declared-resource.js'
import type { DeclaredState } from '../../storage/declarations/declarations.js'
import { declaredVersion, readDeclared } from '../../storage/declarations/declarations.js'
import type { Storage } from '../../storage/storage.js'
import { applyFile, endLateAccess } from './applying.js'
import { rowsIn, servedBefore } from './declared-by-file.js'
import { createFileWatch, lookSeconds, type Seen } from './file-watch.js'
import { declaredBy, LiveDeclarations } from './in-force.js'
import { type Environment, type FileText, followedPath, judgeFile, publicLines, readFollowed } from './judging.js'

/** How often a process asks whether others applied something, in seconds. */
const askSeconds = 1

export interface FollowingOptions {
  readonly config: Config
  readonly log: Logger
  readonly environment: Environment
  /** This process applies what it reads; the others of its machine only judge it. */
  readonly applies: boolean
  /** What a start does once: a file that was never applied must be sound. */
  readonly isStart: boolean
}

export interface FollowedDeclarations {
  readonly live: LiveDeclarations
  /** Mistakes of the file, as long as it has some; what was in force before is in force then. */
  warnings(): readonly string[]
  /** Reads the file now, and applies it whether or not it changed. */
  reload(): Promise<void>
  /** Follows the file and the database until the returned function is called. */
  follow(): () => Promise<void>
}

/** Remembers and tells what is wrong with the file. */
class Warnings {
  #lines: readonly string[] = []
  readonly #path: string
  readonly #log: Logger

  constructor(config: Config, log: Logger) {
    this.#path = followedPath(config)
    this.#log = log
  }

  lines = (): readonly string[] => this.#lines

  clear(): void {
    this.#lines = []
  }

  /** False for an error that is none of the file. */
  take(error: unknown): boolean {
    if (!(error instanceof FileMistakes)) return false
    this.#lines = publicLines(this.#path, error.lines)
    this.#log.error({ mistakes: error.lines }, 'the declaration file has mistakes: what was in force stays in force')
    return true
  }
}

const gone = (config: Config) =>
  new FileMistakes([`${followedPath(config)}:1:1: the file is gone: what it declared stays in force`])

function seenNow(config: Config): Seen {
  try {
    return readFollowed(config)
  } catch (error) {
    if (error instanceof FileMistakes) return error
    throw error
  }
}

/** Over the issuer's database. Rejects with FileMistakes at the first start with a wrong file. */
export async function openDeclarations(storage: Storage, options: FollowingOptions): Promise<FollowedDeclarations> {
  const { config, log, environment } = options
  const warnings = new Warnings(config, log)
  let version = 0
  let live: LiveDeclarations | undefined
  // Resources that went while this process served them: it issued tokens for them until it knew.
  const late = new Set<string>()
  const endLate = async () => {
    const lost = [...late]
    if (lost.length === 0) return
    await endLateAccess(storage, config, lost)
    for (const url of lost) late.delete(url)
  }

  const take = (state: DeclaredState): LiveDeclarations => {
    version = state.version
    const declared = declaredBy(config, state.rows)
    const urls = new Set(declared.resources.map(({ url }) => url))
    const lost = (live?.current().resources ?? []).map(({ url }) => url).filter((url) => !urls.has(url))
    for (const url of lost) late.add(url)
    if (live === undefined) live = new LiveDeclarations(declared)
    else live.set(declared)
    return live
  }

  const apply = async (file: FileText, force: boolean): Promise<void> => {
    if (!options.applies) {
      await judgeFile(config, file, { environment, state: await readDeclared(storage) })
      return
    }
    const plan = await applyFile(storage, config, file, { environment, by: 'file', isFollowed: true, force })
    if (plan !== undefined) log.info({ file: file.path, changes: plan.changes }, 'the declaration file was applied')
  }

  const use = async (seen: Seen, force = false): Promise<boolean> => {
    try {
      if (seen instanceof FileMistakes) throw seen
      if (seen === undefined) throw gone(config)
      await apply(seen, force)
      warnings.clear()
      take(await readDeclared(storage))
      await endLate()
      return true
    } catch (error) {
      const isTold = warnings.take(error)
      if (!isTold) log.error({ err: error }, 'the declaration file could not be applied')
      return isTold
    }
  }

  const ask = async (): Promise<void> => {
    try {
      if ((await declaredVersion(storage)) !== version) take(await readDeclared(storage))
      await endLate()
    } catch (error) {
      log.debug({ err: error }, 'whether declarations changed could not be asked')
    }
  }

  const first = seenNow(config)
  try {
    if (first instanceof FileMistakes) throw first
    if (first !== undefined) await apply(first, false)
    // Nobody named the file, so it need not be there; but it was.
    else if ((await readDeclared(storage)).fileHash !== undefined) warnings.take(gone(config))
  } catch (error) {
    const isFirst = options.isStart && (await declaredVersion(storage)) === 0
    if (isFirst || !warnings.take(error)) throw error
  }
  const inForce = take(await readDeclared(storage))
  const watch = createFileWatch(() => readFollowed(config), first, use)
  return {
    live: inForce,
    warnings: warnings.lines,
    reload: async () => {
      const seen = seenNow(config)
      if (seen !== undefined) await use(seen, true)
    },
    follow: () => {
      const ends = [runRegularly(watch.look, lookSeconds), runRegularly(ask, askSeconds)]
      return async () => void (await Promise.all(ends.map((end) => end())))
    },
  }
}

/**
 * For an MCP server without the issuer's database: its own copy of the file. `served` keeps what it said last. Rejects with FileMistakes at
 * the first start with a wrong file.
 */
export async function openFileCopy(
  options: FollowingOptions,
  served: ServedDeclarations,
): Promise<FollowedDeclarations> {
  const { config, log, environment } = options
  const warnings = new Warnings(config, log)
  const read = async (file: FileText | undefined) => {
    const rows = await rowsIn(config, file, { environment, withClients: false })
    const text = JSON.stringify(rows)
    await served
      .read()
      .then((kept) => (file === undefined || kept === text ? undefined : served.write(text)))
      .catch((error: unknown) => log.warn({ err: error }, 'what the declaration file says could not be kept'))
    return declaredBy(config, rows)
  }
  const first = seenNow(config)
  const start = async (): Promise<Declarations> => {
    const before = await servedBefore(config, served)
    try {
      if (first instanceof FileMistakes) throw first
      if (first === undefined && before !== undefined && before.length > 0) throw gone(config)
      return await read(first)
    } catch (error) {
      if ((options.isStart && before === undefined) || !warnings.take(error)) throw error
      return declaredBy(config, before ?? [])
    }
  }
  const live = new LiveDeclarations(await start())
  const use = async (seen: Seen): Promise<boolean> => {
    try {
      if (seen instanceof FileMistakes) throw seen
      if (seen === undefined) throw gone(config)
      live.set(await read(seen))
      warnings.clear()
      return true
    } catch (error) {
      const isTold = warnings.take(error)
      if (!isTold) log.error({ err: error }, 'the declaration file could not be read')
      return isTold
    }
  }
  const watch = createFileWatch(() => readFollowed(config), first, use)
  return {
    live,
    warnings: warnings.lines,
    reload: async () => {
      const seen = seenNow(config)
      if (seen !== undefined) await use(seen)
    },
    follow: () => runRegularly(watch.look, lookSeconds),
  }
}
