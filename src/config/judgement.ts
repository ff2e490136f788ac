/**
 * Judges settings one check after the other and collects every mistake. A check that reads a setting whose own text is wrong is left
 * out: what it would say of the default in that setting's place could be false.
 */
import { type Config, ConfigError } from './config.js'

/** A check read a setting that is not known. */
class NotJudged extends Error {}

/** What follows from a setting, beside the setting itself. */
const consequences: Readonly<Record<string, readonly (keyof Config)[]>> = {
  ISSUER_URL: ['issuerIsLoopback', 'hidesAddresses', 'registrationMode', 'authPort', 'usageLimits'],
  TRUSTED_PROXIES: ['hidesAddresses'],
  AUTH_PORT: ['authPort'],
  RESOURCE_URL: ['mcpPort'],
  MCP_PORT: ['mcpPort'],
  REGISTRATION: ['registrationMode'],
  RATE_LIMITS: ['usageLimits'],
  INTROSPECTION_CLIENT_ID: ['introspectionClient'],
  INTROSPECTION_CLIENT_SECRET: ['introspectionClient'],
  CALL_LIMIT_PER_CALLER: ['callLimits'],
  CALL_LIMIT_TOTAL: ['callLimits'],
}

/** The settings without those in `wrong`: `mistakesOf` leaves out what reads one of these. */
export function withoutWrong(config: Config, wrong: readonly string[]): Config {
  const unknown = new Set<string | symbol>(wrong.flatMap((name) => [name, ...(consequences[name] ?? [])]))
  return new Proxy(config, {
    get: (target, name) => {
      if (unknown.has(name)) throw new NotJudged(`${String(name)} is not known`)
      return Reflect.get(target, name)
    },
  })
}

/** What the check throws, one line for each mistake; empty if it does not throw. */
export async function mistakesOf(check: () => unknown): Promise<readonly string[]> {
  try {
    await check()
    return []
  } catch (error) {
    if (error instanceof NotJudged) return []
    if (error instanceof ConfigError) return error.mistakes
    // Of a file that the settings name: one line each.
    if (error instanceof Error && 'lines' in error && Array.isArray(error.lines)) return error.lines.map(String)
    return [error instanceof Error ? error.message : String(error)]
  }
}

/** Runs every check. Rejects with one ConfigError that has every mistake, each once. */
export async function judgeAll(checks: readonly (() => unknown)[], known: readonly string[] = []): Promise<void> {
  const mistakes = [...known]
  for (const check of checks) mistakes.push(...(await mistakesOf(check)))
  if (mistakes.length > 0) throw new ConfigError([...new Set(mistakes)])
}
