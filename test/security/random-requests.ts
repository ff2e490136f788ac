/**
 * Requests that a program makes up around honest ones: bytes, forms, JSON, JWTs, cookies and headers, bent a little or out of
 * nothing. The same seed makes the same requests, so that a failure can be had again.
 */

/** A number from 0 up to, not including, 1. */
export type Random = () => number

/** mulberry32: small, and good enough to choose with. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** What an endpoint expects; requests are bent from here. */
export interface HonestRequest {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
}

export interface MadeUpRequest {
  readonly method: string
  /** With the query; ASCII without blanks, as a request line takes it. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const nasty = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\r\n',
  '\u202e',
  '\ud800',
  '\uffff',
  '😀',
  '%00',
  '%zz',
  '../..',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'true',
  '-1',
  '1e999',
  'NaN',
  '9007199254740993',
  "' OR '1'='1",
  '"; DROP TABLE accounts; --',
  '<script>alert(1)</script>',
  '<%= 7*7 %>',
  '#{7*7}',
  '{"a":1}',
  '[]',
  'javascript:alert(1)',
  'https://evil.example/x?y#z',
  'http://[::1]:1/',
  'http://127.0.0.1:1/',
  'https://[',
  'urn:ietf:params:oauth:request_uri:x',
  'eyJhbGciOiJub25lIn0.e30.',
  'a.b.c',
  '*',
  '%',
  'x'.repeat(300),
  'x'.repeat(5_000),
]

export function pick<T>(random: Random, from: readonly T[]): T {
  const chosen = from[Math.floor(random() * from.length)]
  if (chosen === undefined) throw new Error('there is nothing to pick from')
  return chosen
}

const chance = (random: Random, probability: number): boolean => random() < probability
const below = (random: Random, limit: number): number => Math.floor(random() * limit)

function bytes(random: Random, most = 64): Buffer {
  return Buffer.from(Array.from({ length: below(random, most) }, () => below(random, 256)))
}

function jwt(random: Random): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = {
    alg: pick(random, ['none', 'HS256', 'ES256', 'RS256', 'x', 7]),
    typ: text(random, 1),
    kid: text(random, 1),
  }
  return `${part(header)}.${part(value(random, 2))}.${bytes(random).toString('base64url')}`
}

/** `depth` keeps texts in texts apart. */
function text(random: Random, depth = 0): string {
  const kind = random()
  if (kind < 0.6) return pick(random, nasty)
  if (kind < 0.75) return bytes(random).toString('latin1')
  if (kind < 0.85) return bytes(random).toString('base64url')
  if (kind < 0.93 && depth === 0) return jwt(random)
  return String.fromCodePoint(...Array.from({ length: below(random, 20) }, () => below(random, 0xd7ff)))
}

function value(random: Random, depth: number): unknown {
  const kind = random()
  if (depth === 0 || kind < 0.4) return text(random, 1)
  if (kind < 0.6) return pick<unknown>(random, [null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, [], {}])
  const length = below(random, 4)
  if (kind < 0.8) return Array.from({ length }, () => value(random, depth - 1))
  return Object.fromEntries(Array.from({ length }, () => [text(random, 1), value(random, depth - 1)]))
}

/** One to three letters of a text, changed, added or left out. */
function bent(random: Random, honest: string): string {
  const at = below(random, honest.length + 1)
  const by = pick(random, ['', 'A', '\0', ' ', '%', '"', '\u0301', pick(random, nasty)])
  return honest.slice(0, at) + by + honest.slice(at + below(random, 3))
}

function bentPairs(random: Random, honest: Readonly<Record<string, string>>): [string, string][] {
  const pairs = Object.entries(honest)
  for (let changes = below(random, 4); changes > 0; changes -= 1) {
    const at = below(random, pairs.length)
    const [name, own] = pairs[at] ?? ['x', '']
    const how = below(random, 6)
    if (how === 0) pairs.splice(at, 1)
    else if (how === 1) pairs.push([name, text(random)])
    else if (how === 2) pairs.splice(at, 1, [name, text(random)])
    else if (how === 3) pairs.splice(at, 1, [name, bent(random, own)])
    else if (how === 4) pairs.splice(at, 1, [bent(random, name), own])
    else pairs.push([text(random), text(random)])
  }
  return pairs
}

function bentJson(random: Random, honest: unknown): unknown {
  if (chance(random, 0.15)) return value(random, 4)
  if (Array.isArray(honest)) return honest.map((item) => (chance(random, 0.3) ? bentJson(random, item) : item))
  if (typeof honest !== 'object' || honest === null) {
    return chance(random, 0.5) && typeof honest === 'string' ? bent(random, honest) : value(random, 3)
  }
  const members = Object.entries(honest).filter(() => !chance(random, 0.08))
  const changed = members.map(([name, own]) => [name, chance(random, 0.25) ? bentJson(random, own) : own] as const)
  return Object.fromEntries(chance(random, 0.2) ? [...changed, [text(random, 1), value(random, 3)]] : changed)
}

/** What a header may hold (RFC 9110 §5.5): anything else would not leave this machine. */
const headerText = (words: string): string => words.replace(/[^\t\x20-\x7e\x80-\xff]/g, '').trim()

const authorizations = ['Bearer', 'Basic', 'DPoP', 'bearer', 'Digest', ''] as const
const cookieNames = [
  'gatehouse_session',
  'gatehouse_session.sig',
  'gatehouse_interaction',
  'gatehouse_resume',
  'gatehouse_known_browser',
  'answered',
]

const odd: readonly ((random: Random) => Readonly<Record<string, string>>)[] = [
  (random) => ({ authorization: `${pick(random, authorizations)} ${text(random)}` }),
  (random) => ({ authorization: `Basic ${Buffer.from(`${text(random)}:${text(random)}`).toString('base64')}` }),
  (random) => ({ authorization: `Bearer ${jwt(random)}` }),
  (random) => ({ dpop: chance(random, 0.5) ? jwt(random) : text(random) }),
  (random) => ({
    cookie: `${pick(random, cookieNames)}=${text(random)}; ${pick(random, cookieNames)}=${text(random)}`,
  }),
  (random) => ({ cookie: text(random) }),
  (random) => ({ accept: pick(random, ['text/html', 'application/json', '*/*', 'text/event-stream', text(random)]) }),
  (random) => ({ 'accept-language': text(random) }),
  (random) => ({
    'content-type': pick(random, ['application/json', 'text/plain', 'multipart/form-data', 'x', text(random)]),
  }),
  (random) => ({ 'x-forwarded-for': text(random), 'x-forwarded-host': text(random), forwarded: text(random) }),
  (random) => ({ origin: pick(random, ['null', 'https://evil.example', text(random)]) }),
  (random) => ({ 'sec-fetch-site': pick(random, ['cross-site', 'none', text(random)]) }),
  (random) => ({ 'if-none-match': text(random), range: 'bytes=0-1', 'if-modified-since': text(random) }),
  (random) => ({ 'content-encoding': pick(random, ['gzip', 'br', 'identity', text(random)]) }),
  (random) => ({ 'mcp-protocol-version': text(random), 'mcp-session-id': text(random), 'last-event-id': text(random) }),
  (random) => ({ 'mcp-method': text(random), 'mcp-name': text(random) }),
  (random) => ({ traceparent: text(random), 'x-request-id': text(random), expect: text(random) }),
]

function bodyOf(random: Random, { form, json }: HonestRequest): { readonly body: Buffer; readonly type?: string } {
  if (chance(random, 0.08)) return { body: bytes(random, 2_000), type: 'application/x-www-form-urlencoded' }
  if (form !== undefined) {
    const pairs = new URLSearchParams(bentPairs(random, form)).toString()
    const whole = Buffer.from(chance(random, 0.1) ? bent(random, pairs) : pairs)
    return { body: whole, type: 'application/x-www-form-urlencoded' }
  }
  if (json === undefined) return { body: Buffer.alloc(0) }
  const whole = JSON.stringify(bentJson(random, json))
  return { body: Buffer.from(chance(random, 0.1) ? bent(random, whole) : whole), type: 'application/json' }
}

/** A request line takes printable ASCII only; everything else is percent-encoded, and some escapes are broken. */
function targetOf(random: Random, { path, query = {} }: HonestRequest): string {
  const place = chance(random, 0.15) ? bent(random, path) : path
  const pairs = chance(random, 0.4) || Object.keys(query).length > 0 ? bentPairs(random, query) : []
  const search = new URLSearchParams(pairs).toString()
  const whole = `/${place.replace(/^\//, '')}${search === '' ? '' : `?${search}`}`
  return whole.replace(/[^\x21-\x7e]/gu, (letter) => Buffer.from(letter).toString('hex').replace(/../g, '%$&'))
}

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'] as const

/** One request, bent from an honest one. */
export function madeUp(random: Random, honest: HonestRequest): MadeUpRequest {
  const method = chance(random, 0.05) ? pick(random, methods) : honest.method
  const { body, type } = bodyOf(random, honest)
  const headers: Record<string, string> = { ...honest.headers, ...(type === undefined ? {} : { 'content-type': type }) }
  for (let more = below(random, 3); more > 0; more -= 1) {
    for (const [name, words] of Object.entries(pick(random, odd)(random))) {
      // `Expect` is answered before the body by Node itself.
      if (name !== 'expect') headers[name] = headerText(words)
    }
  }
  const sends = method !== 'GET' && method !== 'HEAD'
  return { method, target: targetOf(random, honest), headers, body: sends ? body : Buffer.alloc(0) }
}
