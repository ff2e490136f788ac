/** The two servers, and which database each is on. Loads nothing: the primary of several workers asks it too. */
import type { Config } from '../config/config.js'

export type Part = 'auth' | 'mcp'

export function databaseSetting(part: Part): 'DATABASE_URL' | 'NOTES_DATABASE_URL' {
  return part === 'auth' ? 'DATABASE_URL' : 'NOTES_DATABASE_URL'
}

export function isEmbedded(config: Pick<Config, 'DATABASE_URL' | 'NOTES_DATABASE_URL'>, part: Part): boolean {
  return config[databaseSetting(part)] === undefined
}

/** The parts that a process serves; `only`: one of them. */
export function partsServed(only: Part | undefined): readonly Part[] {
  return only === undefined ? ['auth', 'mcp'] : [only]
}

/** How many processes serve on a machine with so many `cores`. The settings are checked by those who serve (settings-check.ts). */
export function workerCount(config: Config, only: Part | undefined, cores: number): number {
  if (partsServed(only).some((part) => isEmbedded(config, part))) return 1
  return config.WORKERS === 'auto' ? cores : config.WORKERS
}
