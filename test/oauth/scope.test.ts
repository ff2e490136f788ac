import { describe, expect, it } from '@jest/globals'
import {
  expandScopes,
  formatScope,
  isScopeToken,
  meetsRequirement,
  nearestCombination,
  parseScope,
} from '../../src/oauth/scope.js'

const hierarchy = { 'notes:write': ['notes:read'], 'notes:admin': ['notes:write'], loop: ['loop'] }

describe('Scope values (RFC 6749 §3.3)', () => {
  it.each([
    ['notes:read', true],
    ['https://example.com/scope', true],
    ['!', true],
    ['', false],
    ['two words', false],
    ['quo"te', false],
    ['back\\slash', false],
    ['tab\t', false],
    ['line\n', false],
    ['nul\u0000', false],
    ['über', false],
  ])('knows whether %j is one scope token', (value, expected) => expect(isScopeToken(value)).toBe(expected))

  it.each([
    [undefined, []],
    ['', []],
    ['   ', []],
    ['a', ['a']],
    [' a  b a ', ['a', 'b']],
  ])('splits %j into tokens, each once, in order', (value, expected) => expect(parseScope(value)).toEqual(expected))

  it('joins scopes, each once', () => {
    expect(formatScope(['a', 'b', 'a'])).toBe('a b')
    expect(formatScope([])).toBe('')
  })
})

describe('Scopes that include others', () => {
  it('expands over several steps and survives a circle', () => {
    expect([...expandScopes(['notes:admin'], hierarchy)].sort()).toEqual(['notes:admin', 'notes:read', 'notes:write'])
    expect([...expandScopes(['loop'], hierarchy)]).toEqual(['loop'])
  })

  it('does not take names of Object.prototype for scopes of the hierarchy', () => {
    expect([...expandScopes(['constructor', '__proto__'], hierarchy)].sort()).toEqual(['__proto__', 'constructor'])
  })

  it.each([
    [['notes:write'], ['notes:read'], true],
    [['notes:admin'], ['notes:read', 'notes:write'], true],
    [['notes:read'], ['notes:write'], false],
    [['notes:readall'], ['notes:read'], false],
    [['notes:read'], ['notes:readall'], false],
    [['NOTES:READ'], ['notes:read'], false],
    [['notes:read'], ['notes:read', 'notes:delete'], false],
    [['notes:delete'], ['notes:read', 'notes:delete'], false],
    [[], [], true],
    [[], ['notes:read'], false],
  ])('%j covers %j: %s', (granted, required, expected) => {
    expect(meetsRequirement(granted, required, hierarchy)).toBe(expected)
  })

  it.each<[string[], string[][], string[]]>([
    // What lacks least, then what needs most of what is held, then what is named first.
    [
      ['a'],
      [
        ['b', 'c'],
        ['a', 'b'],
      ],
      ['a', 'b'],
    ],
    [['a'], [['b'], ['a', 'c']], ['a', 'c']],
    [[], [['b', 'c'], ['d']], ['d']],
    [[], [['b'], ['d']], ['b']],
    [['notes:write'], [['x'], ['notes:read', 'y']], ['notes:read', 'y']],
  ])('%j is nearest, of %j, to %j', (granted, anyOf, nearest) => {
    expect(nearestCombination(granted, { anyOf }, hierarchy)).toEqual(nearest)
  })
})
