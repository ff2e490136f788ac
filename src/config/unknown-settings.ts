/**
 * Finds misspelt settings among the environment variables: near misses, unknown names of a family of settings, and `_FILE`
 * forms of settings that are not secrets. If a misspelt setting were ignored, its default would stay in force, which may be the
 * unsafe one. Pure.
 */
import { lettersOf, nearestName } from '../oauth/nearest-name.js'

export interface UnknownSettings {
  /** Refused: only a misspelling explains the name. Each is a sentence. */
  readonly mistakes: readonly string[]
  /** Reported only: short names such as API_KEY or LOGLEVEL may belong to another program on the same machine. */
  readonly warnings: readonly string[]
}

/** Names that begin so are taken to be meant for this program, however much of the rest is wrong. */
const family =
  /^(GATEHOUSE|METRICS|RATE_LIMIT|AUDIT|ISSUER|RESOURCE|BOOTSTRAP|ACCESS_TOKEN|REFRESH|REGISTRATION|INTROSPECTION|MCP_SERVER|REVOCATION|CLIENT_METADATA|KEY_|dangerously)/

/**
 * Kubernetes sets such variables in every container for each Service of the namespace (service links), so a Service named
 * `gatehouse` or `issuer` would otherwise keep the server from starting.
 */
function isServiceLink(name: string, value: string): boolean {
  if (/_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(name)) return true
  return name.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(value)
}

/** What these said stands in the declaration file. One that went unread would leave clients and trust as they were, silently. */
const former: ReadonlySet<string> = new Set(['RESOURCE_FILE', 'CLIENTS_FILE', 'TRUSTED_ASSERTION_ISSUERS'])

/** Names this long rarely resemble a variable of another program. */
const distinctiveLength = 9

/**
 * Judges the names of all variables that are set. `settings` are the names that are read, `_FILE` forms included. An empty variable
 * counts as unset.
 */
export function unknownSettings(
  environment: Readonly<Record<string, string | undefined>>,
  settings: readonly string[],
): UnknownSettings {
  const known = new Set(settings)
  const mistakes: string[] = []
  const warnings: string[] = []
  for (const [name, value] of Object.entries(environment)) {
    if (known.has(name) || value === undefined || value === '' || isServiceLink(name, value)) continue
    if (former.has(name)) {
      mistakes.push(`${name} is not a setting any more: say it in gatehouse.yaml (GATEHOUSE_FILE)`)
      continue
    }
    const meant = nearestName(name, settings) ?? nearestName(name.replace(/^GATEHOUSE_/i, ''), settings)
    if (meant === undefined && !family.test(name)) continue
    const sentence = `${name} is not a setting${meant === undefined ? '' : `: did you mean ${meant}?`}`
    const isOurs = family.test(name) || (meant !== undefined && lettersOf(meant).length >= distinctiveLength)
    ;(isOurs ? mistakes : warnings).push(sentence)
  }
  return { mistakes, warnings }
}
