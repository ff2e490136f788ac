/** Checks that the published keys exist, are usable, and are public (RFC 7517, RFC 7518). */
import type { Evidence } from '../evidence.js'
import { type JsonObject, stringIn } from '../exchange.js'
import { type CheckGroup, type Problem, problem, problemIf } from '../finding.js'
import { formProblems } from './documents.js'

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `undefined` if there is no key set. */
function keysOf({ server }: Evidence): readonly JsonObject[] | undefined {
  const reading = server?.keys?.reading
  if (reading === undefined || 'flaw' in reading) return undefined
  const { keys } = reading.document
  return Array.isArray(keys) ? keys.filter(isObject) : []
}

/** Required members of a public key. */
const neededMembers: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'x', 'y'],
  RSA: ['n', 'e'],
  OKP: ['crv', 'x'],
}

/** RFC 7518 §6.2.2, §6.3.2, §6.4.1: members of private keys. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

function nameOf(key: JsonObject, index: number): string {
  return typeof key['kid'] === 'string' ? `key ${key['kid']}` : `key ${index + 1}`
}

function isUsable(key: JsonObject): boolean {
  const type = stringIn(key, 'kty') ?? ''
  const members = Object.hasOwn(neededMembers, type) ? neededMembers[type] : undefined
  return members?.every((name) => typeof key[name] === 'string') ?? false
}

/** RFC 7518 §3.3: at least 2048 bits. Base64url holds six bits a character. */
function isShort(key: JsonObject): boolean {
  return key['kty'] === 'RSA' && typeof key['n'] === 'string' && Math.floor(key['n'].length * 0.75) < 256
}

function fetchable({ server }: Evidence): Problem[] | undefined {
  const keys = server?.keys
  if (keys === undefined) return undefined
  const isAbsent = 'flaw' in keys.reading && keys.reading.flaw === 'absent'
  return [...problemIf(isAbsent, 'keys-not-found', keys.exchange.request.url), ...formProblems(keys)]
}

function usable(evidence: Evidence): Problem[] | undefined {
  const keys = keysOf(evidence)
  if (keys === undefined) return undefined
  if (keys.length === 0) return [problem('keys-none', 'the key set holds no key')]
  const kids = keys.map((key) => key['kid']).filter((kid) => typeof kid === 'string')
  const isAmbiguous = keys.length > 1 && new Set(kids).size < keys.length
  return [
    ...keys.flatMap((key, index) =>
      problemIf(!isUsable(key), 'key-unusable', `${nameOf(key, index)}: "kty" is ${JSON.stringify(key['kty'])}`),
    ),
    ...keys.flatMap((key, index) => problemIf(isShort(key), 'key-short', nameOf(key, index))),
    ...problemIf(isAmbiguous, 'keys-ambiguous', `${keys.length} keys, "kid" of them: ${kids.join(', ')}`),
  ]
}

function isPublicOnly(evidence: Evidence): Problem[] | undefined {
  return keysOf(evidence)?.flatMap((key, index) => {
    const found = privateMembers.filter((name) => key[name] !== undefined)
    // Never the values.
    return problemIf(found.length > 0, 'key-private', `${nameOf(key, index)} has ${found.join(', ')}`)
  })
}

export const keyChecks: CheckGroup = {
  name: 'Keys',
  checks: [
    { id: 'keys', title: 'the key set can be fetched', examine: fetchable },
    { id: 'keys-usable', title: 'its keys can verify a signature', examine: usable },
    { id: 'keys-public', title: 'it holds nothing private', examine: isPublicOnly },
  ],
}
