/**
 * The authorization server's rate limits: name, default and window of each, and the parser of the setting `RATE_LIMITS`. Pure; does not
 * count. No specification gives figures. These leave room for an office, or for a hosted client's servers, behind one address, but stop a
 * client in a loop.
 */

/** The key of a limit. `address`: the sender's; for IPv6 its /64, with 4 and 16 times the limit for its /56 and /48. */
export type CountedBy = 'address' | 'address and client' | 'client' | 'person' | 'person and client'

export interface UsageLimit {
  /** Maximum uses in a window; 0: no limit. */
  readonly limit: number
  readonly windowSeconds: number
  /** Maximum uses from all addresses together. Beyond it, each address gets `limitBeyond` instead of `limit`. */
  readonly total?: number
  readonly limitBeyond?: number
}

interface DeclaredLimit extends UsageLimit {
  /** What is counted, in Markdown. */
  readonly what: string
  readonly by: CountedBy
}

const minute = 60
const tenMinutes = 600

export const declaredLimits = {
  authorize: {
    what: 'authorization requests that are stored: `/authorize`, `/par`; each is kept for up to an hour',
    by: 'address',
    limit: 1_000,
    windowSeconds: tenMinutes,
  },
  'authorize-bytes': {
    what: 'bytes of stored authorization requests and device code requests; one request has 16 KiB at most',
    by: 'address',
    limit: 4_194_304,
    windowSeconds: tenMinutes,
    total: 268_435_456,
    limitBeyond: 65_536,
  },
  'sign-in': {
    what: 'forms posted from the sign-in and consent pages by a browser that has the page; wrong passwords have separate limits',
    by: 'address',
    limit: 600,
    windowSeconds: tenMinutes,
  },
  logout: {
    what: 'sign-out requests that are stored: `/logout`',
    by: 'address',
    limit: 300,
    windowSeconds: tenMinutes,
  },
  token: { what: 'token requests: `/token`', by: 'address', limit: 3_000, windowSeconds: minute },
  'token-refused': {
    what: 'refused token requests, except early polls (`slow_down`)',
    by: 'address and client',
    limit: 300,
    windowSeconds: minute,
  },
  'token-person': {
    what: 'tokens issued to one client for one person',
    by: 'person and client',
    limit: 120,
    windowSeconds: minute,
  },
  'token-client': {
    what: 'tokens issued to one authenticated client',
    by: 'client',
    limit: 6_000,
    windowSeconds: minute,
  },
  introspection: {
    what: 'requests of resource servers: `/introspect`, `/revocations`',
    by: 'address',
    limit: 60_000,
    windowSeconds: minute,
  },
  'introspection-client': {
    what: 'answers to one resource server: `/introspect`',
    by: 'client',
    limit: 60_000,
    windowSeconds: minute,
  },
  mail: {
    what: 'mails that a stranger asks for: `/recover`',
    by: 'address',
    limit: 20,
    windowSeconds: 3_600,
    total: 1_000,
    limitBeyond: 2,
  },
  'mail-person': {
    what: 'mails to one address that strangers asked for; more are left out, and the page says nothing of it',
    by: 'person',
    limit: 3,
    windowSeconds: 1_800,
  },
  other: {
    what: 'all other requests, and those of `authorize`, `logout` and `sign-in` that came to nothing; except metadata, keys, styles and health',
    by: 'address',
    limit: 6_000,
    windowSeconds: minute,
  },
} as const satisfies Readonly<Record<string, DeclaredLimit>>

export type UsageLimitName = keyof typeof declaredLimits

/** All limits in effect. */
export type UsageLimits = Readonly<Record<UsageLimitName, UsageLimit>>

const names = Object.keys(declaredLimits) as readonly UsageLimitName[]

function withLimits(limitOf: (name: UsageLimitName) => number): UsageLimits {
  const entries = names.map((name) => {
    const { what: _what, by: _by, ...limit }: DeclaredLimit = declaredLimits[name]
    return [name, { ...limit, limit: limitOf(name) }]
  })
  return Object.fromEntries(entries) as UsageLimits
}

export const noUsageLimits: UsageLimits = withLimits(() => 0)

/** `off`, or comma-separated `name=count` pairs that replace defaults. Throws an Error whose message completes "NAME …". */
export function parseUsageLimits(text: string): UsageLimits {
  if (text === 'off') return noUsageLimits
  const given = new Map<string, number>()
  for (const pair of text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')) {
    const [, name = '', count = ''] = /^([a-z-]+)=(\d{1,9})$/.exec(pair) ?? []
    if (!Object.hasOwn(declaredLimits, name)) {
      throw new Error(`must be off, or pairs such as token=6000 of these names: ${names.join(', ')}`)
    }
    if (given.has(name)) throw new Error(`names ${name} twice`)
    given.set(name, Number(count))
  }
  return withLimits((name) => given.get(name) ?? declaredLimits[name].limit)
}
