/**
 * Settings without effect, because another setting overrides them. The operator would believe that something is limited,
 * allowed or tuned when it is not, so the start is refused. Pure.
 */
import { matchesHost } from '../oauth/host-pattern.js'

export interface JudgedSettings {
  readonly RESOURCE_URL: string
  readonly RESOURCE_ALIASES: readonly string[]
  readonly DATABASE_URL: string | undefined
  readonly NOTES_DATABASE_URL: string | undefined
  readonly CLIENT_METADATA_ALLOWED_HOSTS: readonly string[]
  readonly CLIENT_METADATA_DENIED_HOSTS: readonly string[]
}

/** They tune connections to a PostgreSQL; the embedded database has none. */
const ofServerDatabases = [
  'DATABASE_POOLER',
  'DATABASE_POOL_SIZE',
  'DATABASE_CONNECT_TIMEOUT_SECONDS',
  'DATABASE_STATEMENT_TIMEOUT_SECONDS',
  'DATABASE_LOCK_TIMEOUT_SECONDS',
  'DATABASE_IDLE_TRANSACTION_TIMEOUT_SECONDS',
  'DATABASE_QUEUE_LIMIT',
] as const

/** True when every host that `pattern` covers is covered by one of `others`. */
function isCovered(pattern: string, others: readonly string[]): boolean {
  const covers = (other: string) =>
    other === pattern || (other.startsWith('*.') && matchesHost(other, pattern.replace(/^\*/, 'any')))
  return others.some(covers)
}

/** One sentence for each, beginning with its name. `isGiven`: whether the operator set it at all. */
export function effectlessSettings(values: JudgedSettings, isGiven: (name: string) => boolean): string[] {
  const mistakes: string[] = []
  if (values.RESOURCE_ALIASES.includes(values.RESOURCE_URL)) {
    mistakes.push(`RESOURCE_ALIASES has no effect for ${values.RESOURCE_URL}: that is RESOURCE_URL itself`)
  }
  if (values.DATABASE_URL === undefined && values.NOTES_DATABASE_URL === undefined) {
    for (const name of ofServerDatabases.filter(isGiven)) {
      mistakes.push(
        `${name} has no effect on the embedded database: set DATABASE_URL or NOTES_DATABASE_URL, or leave it out`,
      )
    }
  }
  for (const pattern of values.CLIENT_METADATA_ALLOWED_HOSTS) {
    if (isCovered(pattern, values.CLIENT_METADATA_DENIED_HOSTS)) {
      mistakes.push(
        `CLIENT_METADATA_ALLOWED_HOSTS has no effect for ${pattern}: CLIENT_METADATA_DENIED_HOSTS covers it`,
      )
    }
  }
  return mistakes
}
