/** Host lists of the operator: a name, or `*.name` for every name below it. Pure. */
import { canParseUrl } from './url.js'

export interface HostRules {
  /** Empty: every host. */
  readonly allowed: readonly string[]
  /** Takes precedence over `allowed`. */
  readonly denied: readonly string[]
}

/** True for a lower-case host name, optionally below `*.`; no scheme, port or path. */
export function isHostPattern(text: string): boolean {
  const name = text.replace(/^\*\./, '')
  if (!/^[a-z0-9._-]+$/.test(name) || /^[.-]|[.]$|\.\./.test(name) || !canParseUrl(`https://${name}/`)) return false
  // Parsers read `1.2.3` as 1.2.0.3, and `0x7f.1` as 127.0.0.1, so such an entry would never equal a host.
  return new URL(`https://${name}/`).hostname === name
}

/** `hostname` as URL parsers return it. `*.example.com` covers `a.example.com` and `a.b.example.com`, not `example.com`. */
export function matchesHost(pattern: string, hostname: string): boolean {
  return pattern.startsWith('*.') ? hostname.endsWith(pattern.slice(1)) : hostname === pattern
}

/** Whether the operator allows fetches from that host. A trailing dot does not make it a different host. */
export function allowsHost({ allowed, denied }: HostRules, hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  const isListed = (patterns: readonly string[]) => patterns.some((pattern) => matchesHost(pattern, name))
  return !isListed(denied) && (allowed.length === 0 || isListed(allowed))
}
