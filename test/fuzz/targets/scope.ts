/** Scope lists: one reading, at every endpoint and for every grant. */
import {
  narrowingScopes,
  scopesForMachine,
  scopesForPerson,
  scopesForRefresh,
} from '../../../src/authorization-server/endpoints/requested-scopes.js'
import { isOpenidScope } from '../../../src/authorization-server/resources/resources.js'
import { formatChallenge, parseChallenge } from '../../../src/oauth/challenge.js'
import { scopeHierarchyOf } from '../../../src/oauth/resource.js'
import { expandScopes, formatScope, isScopeToken, meetsRequirement, parseScope } from '../../../src/oauth/scope.js'
import { files, notes, resources } from '../declared-resources.js'
import { type FuzzTarget, insist, insistEqual, textOf } from '../target.js'

/** RFC 6749 §3.3, written once more. */
const scopeToken = /^(?:[!#-[\]-~])+$/
const hierarchy = scopeHierarchyOf(notes)

type Reading = readonly [string, (scope: string) => string | undefined]

/** Every place that reads a list, with what it may contain in the end. */
const readings: readonly Reading[] = [
  ['authorization request', (scope) => scopesForPerson(scope, [], resources)],
  ['authorization request for one resource', (scope) => scopesForPerson(scope, [notes], resources)],
  ['authorization request for two', (scope) => scopesForPerson(scope, [files, notes], resources)],
  ['machine', (scope) => scopesForMachine(scope, notes)],
  ['refresh', (scope) => narrowingScopes(scope, resources, true)],
  ['assertion', (scope) => narrowingScopes(scope, resources, false)],
]

const refreshed = { identity: ['openid'], ofResource: ['notes:read'], namesResource: false }

function isKnown(token: string): boolean {
  return isOpenidScope(token) || [notes, files].some(({ scopes }) => scopes.some(({ name }) => name === token))
}

function isDestructive(token: string): boolean {
  return [notes, files].some(({ scopes }) => scopes.some(({ name, destructive }) => name === token && destructive))
}

function checkList(text: string): readonly string[] {
  const tokens = parseScope(text)
  insistEqual(new Set(tokens).size, tokens.length, 'each scope once', tokens)
  insist(
    tokens.every((token) => token !== '' && !token.includes(' ')),
    'no empty scope, none with a space',
    tokens,
  )
  // White space around a list is forgiven, so that a malformed scope may lose its own at the edge.
  const wellFormed = tokens.filter((token) => scopeToken.test(token))
  insistEqual(parseScope(formatScope(wellFormed)), wellFormed, 'a list reads back as it was written', text)
  insist(
    tokens.every((token) => isScopeToken(token) === scopeToken.test(token)),
    'a token is one of RFC 6749',
    tokens,
  )
  const expanded = expandScopes(tokens, hierarchy)
  insist(
    tokens.every((token) => expanded.has(token)),
    'a scope includes itself',
    tokens,
  )
  insistEqual(
    meetsRequirement(tokens, ['notes:delete'], hierarchy),
    tokens.includes('notes:delete'),
    'none brings delete',
  )
  return tokens
}

function checkReading([place, read]: Reading, text: string, tokens: readonly string[]): void {
  const meant = read(text)
  if (!tokens.every((token) => scopeToken.test(token))) {
    insistEqual(meant, text, `${place}: a malformed list stays for the engine to refuse`)
    return
  }
  insistEqual(read(` ${text.replaceAll(' ', '  ')} `), meant, `${place}: spaces mean nothing`, text)
  if (meant === undefined) return
  insist(meant !== '', `${place}: no empty list`, text)
  insistEqual(read(meant), meant, `${place}: what is meant means itself`, text)
  const granted = parseScope(meant)
  insist(granted.every(isKnown), `${place}: unknown scopes are ignored`, text, meant)
  const gained = granted.filter((token) => !tokens.includes(token))
  insist(!gained.some(isDestructive), `${place}: nobody gets what destroys without asking`, text, meant)
  // The engine splits at each space, and takes '' for a scope.
  insistEqual(meant.split(' '), granted, `${place}: the engine reads the same list`, text)
}

export const scope: FuzzTarget = {
  name: 'scope',
  surface: 'scope lists: one reading at every endpoint, idempotent, never more than was asked for',
  maxBytes: 16_384,
  dictionary: [
    'openid',
    'offline_access',
    'profile',
    'notes:read',
    'notes:write',
    'notes:delete',
    'files:purge',
    ' ',
    '\t',
    '\u00a0',
    '"',
  ],
  check: (input) => {
    const text = textOf(input)
    const tokens = checkList(text)
    for (const reading of readings) checkReading(reading, text, tokens)
    const asked = scopesForRefresh(formatScope(tokens), refreshed)
    if (asked !== undefined) insistEqual(scopesForRefresh(asked, refreshed), asked, 'a refresh means itself', text)
    const header = formatChallenge({
      scheme: 'Bearer',
      parameters: { scope: formatScope(tokens.filter(isScopeToken)) },
    })
    insist(/^[\x20-\x7e]*$/.test(header), 'a challenge is a header', header)
    insistEqual(
      parseScope(parseChallenge(header)?.parameters['scope']),
      tokens.filter(isScopeToken),
      'a challenge tells it',
    )
  },
}
