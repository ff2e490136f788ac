/**
 * Faults that are planted one by one in the rules that are pure functions. For each one a test file of the unit tier has to fail
 * (`npm run test:mutations`). A survivor is a test that is missing.
 */
export interface Fault {
  /** Below src/. */
  readonly file: string
  /** What stands there, once. */
  readonly code: string
  readonly fault: string
  /** Below test/, without `.test.ts`. */
  readonly noticedBy: string
}

type Row = readonly [code: string, fault: string]

const faultsIn = (file: string, noticedBy: string, rows: readonly Row[]): Fault[] =>
  rows.map(([code, fault]) => ({ file: `${file}.ts`, code, fault, noticedBy }))

export const faults: readonly Fault[] = [
  ...faultsIn('oauth/challenge', 'oauth/challenge', [
    [`/["\\\\]/g, '\\\\$&'`, `/["]/g, '\\\\$&'`],
    ['name.toLowerCase()] =', 'name] ='],
    [`replace(/[^\\x20-\\x7e]/g, '?')`, `replace(/[^\\x20-\\x7e]/, '?')`],
  ]),
  ...faultsIn('oauth/client-id', 'oauth/client-id', [
    [" || clientId.includes('#')", ''],
    ['!/^[\\d.]+$/.test(hostname)', 'true'],
    ['isName(url.hostname) && ', ''],
    ['const maxLength = 1_024', 'const maxLength = 1_025'],
  ]),
  ...faultsIn('oauth/cors', 'oauth/cors', [
    [' && !/^x-gatehouse-/i.test(name)', ''],
    ['(?!\\*$)', ''],
  ]),
  ...faultsIn('oauth/deployment', 'oauth/deployment', [
    ["  'revocations',\n", ''],
    ['(base)}/`', '(base)}`'],
  ]),
  ...faultsIn('oauth/host-pattern', 'oauth/host-pattern', [
    ['hostname.endsWith(pattern.slice(1))', 'hostname.endsWith(pattern.slice(2))'],
    ['!isListed(denied) && ', ''],
    [".replace(/\\.$/, '')", ''],
  ]),
  ...faultsIn('oauth/own-hosts', 'oauth/own-hosts', [
    ["hostname.replace(/\\.+$/, '')", 'hostname'],
    ["(protocol === 'https:' ? '443' : '80')", "'443'"],
    ['family.length === labels.length && ', ''],
    ['!namesAnyPort && ', ''],
  ]),
  ...faultsIn('oauth/redirect-uri', 'oauth/redirect-uri', [
    ['spelledOut.test(value) && ', ''],
    [' || /^[^/]*\\/\\/[^/?]*@/.test(value)', ''],
    ['javascript data ', 'data '],
    ['host.toLowerCase())', 'host)'],
  ]),
  ...faultsIn('oauth/resource', 'oauth/resource', [
    ['withoutTrailingSlashes(url.pathname)', 'url.pathname'],
    ['(url.pathname)}${url.search', '(url.pathname)'],
  ]),
  ...faultsIn('oauth/resource', 'oauth/resource', [['readOnly === true)\n', 'readOnly !== false)\n']]),
  ...faultsIn('oauth/resource-pattern', 'oauth/resource-pattern', [
    ['if (isIpAddress(labels)) return', 'if (false) return'],
    ['host === issuerHost || ', ''],
    ['other.literal - one.literal', 'one.literal - other.literal'],
  ]),
  ...faultsIn('oauth/scope', 'oauth/scope', [
    ['Object.hasOwn(hierarchy, scope) ? (hierarchy[scope] ?? []) : []', 'hierarchy[scope] ?? []'],
    ['combination.every((scope)', 'combination.some((scope)'],
    ['one.lacking - other.lacking', 'other.lacking - one.lacking'],
    ['\\x23-\\x5b', '\\x22-\\x5b'],
  ]),
  ...faultsIn('oauth/trusted-issuer', 'oauth/trusted-issuer', [
    ['(jwksUri === undefined) === (jwks === undefined)', '(jwksUri === undefined) && (jwks === undefined)'],
    [' && !privateMembers.some((name) => name in key)', ''],
    ['lifetime : 600', 'lifetime : 60'],
    ['domains.map((domain) => domain.toLowerCase())', 'domains'],
  ]),
  ...faultsIn('oauth/web-origin', 'oauth/web-origin', [
    [" && !origin.includes('*')) return true", ') return true'],
    ["host !== '*' && schemes", 'schemes'],
    [' || new URL(text).origin !== text', ''],
  ]),
  ...faultsIn('oauth/well-known', 'oauth/well-known', [['(identifier)}${search', '(identifier)']]),
  ...faultsIn('base/bounded-map', 'base/bounded-map', [
    ['this.#entries.delete(key)\n    this.#entries.set(key, value)\n    return value', 'return value'],
  ]),
  ...faultsIn('base/display-text', 'base/display-text', [
    [".replace(invisible, '')", ''],
    ["protocol === 'https:' && username === ''", "username === ''"],
  ]),
  ...faultsIn('base/fair-queue', 'base/fair-queue', [
    ['perSender * 2 ** level', 'perSender * 4 ** level'],
    [' && (knownTo === undefined || !ahead.has(knownTo))', ''],
    ['isKnown ? 0 :', ''],
  ]),
  ...faultsIn('base/secrets', 'base/secrets', [
    ['if (material.length < 32)', 'if (material.length < 16)'],
    ['setAAD(Buffer.from(purpose))\n  const body', "setAAD(Buffer.from(''))\n  const body"],
  ]),
  ...faultsIn('resource-server/api-keys', 'resource-server/api-keys', [
    ['record.expiresAt.getTime() <= clock', 'record.expiresAt.getTime() < clock'],
    [' || !isSame(record.keyHash, hashApiKey(token))', ''],
  ]),
  ...faultsIn('resource-server/compact-jwt', 'resource-server/compact-jwt', [
    ['iss === rules.issuer &&', 'true &&'],
    [' && crit === undefined', ''],
    ['!rules.algorithms.includes(alg)', 'false'],
  ]),
  ...faultsIn('resource-server/operations', 'resource-server/operations', [
    ["'anyOf' in scopes && scopes.anyOf.length === 0", 'false'],
    ['tools(name).some(({ readOnly }) => readOnly === true)', 'tools(name).some(({ readOnly }) => readOnly !== false)'],
  ]),
  ...faultsIn('resource-server/revocation-list', 'resource-server/revocation-list', [
    ['refusedUntil = Math.max(refusedUntil, at)', 'refusedUntil = at'],
    ["kind === 'client' || kind === 'account'", "kind === 'client'"],
    ['issuedAt <= fact.at + sameMomentSeconds', 'issuedAt < fact.at + sameMomentSeconds'],
  ]),
  ...faultsIn('resource-server/token-cache', 'resource-server/token-cache', [
    ['now >= entry.diesAt', 'now > entry.diesAt'],
    ['.finally(() => flights.delete(key))', ''],
    ["error instanceof OAuthError && error.code === 'invalid_token'", 'error instanceof OAuthError'],
  ]),
  ...faultsIn('storage/keys/key-lifecycle', 'storage/keys/key-lifecycle', [
    ['rotationSeconds > 0 && ', ''],
    ['publishedUntil <= now', 'publishedUntil < now'],
    ['Math.max(longestTokenSeconds, sessionTtlSeconds)', 'longestTokenSeconds'],
  ]),
  ...faultsIn('storage/grants/refresh-reuse', 'storage/grants/refresh-reuse', [
    ['nowMs - consumedAt < graceSeconds * 1000', 'nowMs - consumedAt <= graceSeconds * 1000'],
    ["isReissued ? 'reuse' : 'late retry'", "'late retry'"],
  ]),
  ...faultsIn('config/setting-values', 'config/setting-rules', [
    ["Buffer.from(key, 'base64url').length < 32", "Buffer.from(key, 'base64url').length < 24"],
  ]),
  ...faultsIn('config/secret-rules', 'config/setting-rules', [['password === username || ', '']]),
  ...faultsIn('config/setting-effects', 'config/setting-rules', [['other === pattern || (', '(']]),
  ...faultsIn('config/unknown-settings', 'config/setting-rules', [["name.endsWith('_PORT') && ", '']]),
  ...faultsIn('config/unknown-settings', 'config/unknown-settings', [
    ['lettersOf(meant).length >= distinctiveLength', 'true'],
  ]),
]
