/** What `parseConfig` says of an environment, for the tests of settings. */
import { ConfigError, type Environment, parseConfig } from '../../src/config/config.js'

/** Reads files where there are none. */
export const noFiles = (path: string): string => {
  throw new Error(`cannot be read: ${path}`)
}

export function mistakesOf(environment: Environment, readFile = noFiles): readonly string[] {
  try {
    parseConfig(environment, readFile)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
}
