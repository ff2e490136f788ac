/**
 * Warnings about settings that are supported but unusual for servers that others can reach. Each start logs them; `gatehouse
 * config check` prints them. Pure. config.ts refuses settings that are never right.
 */

import { isIP } from 'node:net'
import type { Config } from '../config/config.js'
import type { Declarations } from '../oauth/declared-resource.js'
import { isLoopbackHost } from '../oauth/redirect-uri.js'
import { canParseUrl } from '../oauth/url.js'
import { isPublicAddress } from '../outbound/public-address.js'

/** Names that only a network of one's own knows: single labels (compose, Kubernetes) and the suffixes kept for that. */
const privateName = /^[^.]+$|\.(?:internal|local|localdomain|lan|home\.arpa|svc|cluster\.local)$/i

/** True when statements and the password to this database cross the Internet unencrypted, or may. */
function isOpenlyDialled(databaseUrl: string | undefined): boolean {
  if (databaseUrl === undefined || !canParseUrl(databaseUrl)) return false
  const { hostname, searchParams } = new URL(databaseUrl)
  const host = hostname.replace(/^\[|\]$/g, '')
  const isEncrypted =
    /^(?:require|verify-ca|verify-full)$/.test(searchParams.get('sslmode') ?? '') ||
    /^(?:true|1)$/.test(searchParams.get('ssl') ?? '')
  if (isEncrypted || host === '' || isLoopbackHost(host) || searchParams.get('host')?.startsWith('/') === true)
    return false
  return isIP(host) === 0 ? !privateName.test(host) : isPublicAddress(host)
}

function authWarnings(config: Config): string[] {
  const warnings: string[] = []
  if (config.hidesAddresses) {
    warnings.push(
      'TRUSTED_PROXIES is not set: all clients seem to have the address of your proxy, and share its rate limits',
    )
  }
  if (config.DATABASE_URL === undefined) {
    warnings.push(
      'DATABASE_URL is not set: the embedded database is for one process on one disk; replicas need PostgreSQL',
    )
  } else if (config.ENCRYPTION_KEY === undefined) {
    warnings.push('ENCRYPTION_KEY is not set: the key is a file in DATA_DIR, which the next machine will not have')
  }
  if (isOpenlyDialled(config.DATABASE_URL)) {
    warnings.push('DATABASE_URL has no sslmode=verify-full, and its host is not a private one')
  }
  if (config.REGISTRATION === 'open') warnings.push('REGISTRATION=open: anyone may register any number of clients')
  if (config.RATE_LIMITS === 'off') warnings.push('RATE_LIMITS=off: requests of strangers are not rate-limited')
  return warnings
}

function mcpWarnings(config: Config): string[] {
  const warnings: string[] = []
  if (isOpenlyDialled(config.NOTES_DATABASE_URL)) {
    warnings.push('NOTES_DATABASE_URL has no sslmode=verify-full, and its host is not a private one')
  }
  if (config.DATABASE_URL !== undefined && config.DATABASE_URL === config.NOTES_DATABASE_URL) {
    warnings.push('DATABASE_URL and NOTES_DATABASE_URL are the same: give the MCP server its own database and role')
  }
  return warnings
}

/** Settings that say nothing of the resources of a file, which have rules of their own. One line each. */
export function overruledSettings(
  { tokenSettings }: Pick<Config, 'tokenSettings'>,
  { resources }: Declarations,
): readonly string[] {
  if (!resources.some(({ source }) => source === 'file')) return []
  const member = (name: string) => (name === 'ACCESS_TOKEN_FORMAT' ? 'tokens.format' : 'tokens.ttl')
  return tokenSettings.map(
    (name) => `${name} has no effect on the resources of the declaration file: set ${member(name)} there`,
  )
}

/** One line each; none for an issuer on localhost. `only`: the one server that runs. */
export function productionWarnings(config: Config, only?: 'auth' | 'mcp'): readonly string[] {
  if (config.issuerIsLoopback) return []
  return [...(only === 'mcp' ? [] : authWarnings(config)), ...(only === 'auth' ? [] : mcpWarnings(config))]
}
