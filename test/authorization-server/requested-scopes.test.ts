import { describe, expect, it } from '@jest/globals'
import {
  isSignInAlone,
  narrowingScopes,
  scopesForMachine,
  scopesForPerson,
  scopesForRefresh,
} from '../../src/authorization-server/endpoints/requested-scopes.js'
import { createResources } from '../../src/authorization-server/resources/resources.js'
import { notesResource } from '../../src/notes/notes-resource.js'
import { declaring } from '../support/declarations.js'

const notes = notesResource('https://a.example/mcp')
const tickets = {
  ...notes,
  resource: 'https://b.example/mcp',
  scopes: notes.scopes.map((scope) => ({ ...scope, name: scope.name.replace('notes', 'tickets') })),
  defaultScopes: ['tickets:read'],
}
const resources = createResources(declaring(notes, tickets))
const byDefault = 'notes:read notes:write'

describe('What a person is asked for (RFC 6749 §3.3)', () => {
  it.each<[string, string | undefined, string]>([
    ['no scope', undefined, byDefault],
    ['spaces alone', '   ', byDefault],
    ['scopes nobody knows', 'mcp:tools *', byDefault],
    ['a list with commas, which is one unknown scope', 'notes:read,notes:write', byDefault],
    ['scopes of another resource', 'tickets:read', byDefault],
    ['offline_access alone', 'offline_access', `offline_access ${byDefault}`],
    ['identity scopes without openid', 'email profile', `email profile ${byDefault}`],
    ['spaces around, between and a line break at the end', '  notes:write   notes:read \n', 'notes:write notes:read'],
    ['a known scope beside unknown ones', 'notes:read mcp:tools', 'notes:read'],
    ['a sign-in', 'openid email', 'openid email'],
    ['a sign-in with scopes of OpenID Connect that there are not', 'openid phone address', 'openid'],
    ['a sign-in and a tool', 'openid notes:delete', 'openid notes:delete'],
    ['the same scope twice', 'openid openid notes:read notes:read', 'openid notes:read'],
  ])('without a resource: %s', (_name, scope, meant) => {
    expect(scopesForPerson(scope, [], resources)).toBe(meant)
  })

  it.each<[string, string | undefined, string]>([
    ['no scope', undefined, 'tickets:read'],
    ['scopes of another resource', 'notes:read', 'tickets:read'],
    ['a sign-in', 'openid email', 'openid email tickets:read'],
    ['a sign-in and a scope', 'openid tickets:write', 'openid tickets:write'],
  ])('for a resource: %s', (_name, scope, meant) => {
    expect(scopesForPerson(scope, [tickets], resources)).toBe(meant)
  })

  it('keeps the scopes of each of several resources', () => {
    expect(scopesForPerson('notes:read tickets:write', [notes, tickets], resources)).toBe('notes:read tickets:write')
  })

  it.each([
    'notes:read\tnotes:write',
    'notes:read\nnotes:write',
    'notes:"read"',
    'notes:\\read',
    'nötes:read',
    'a\u0007',
  ])('leaves the malformed list %j for the engine to refuse', (scope) => {
    expect(scopesForPerson(scope, [], resources)).toBe(scope)
    expect(scopesForMachine(scope, notes)).toBe(scope)
    expect(narrowingScopes(scope, resources, true)).toBe(scope)
  })
})

describe('What a machine is given', () => {
  it.each<[string | undefined, string]>([
    [undefined, byDefault],
    ['', byDefault],
    ['mcp:tools', byDefault],
    ['openid email offline_access', byDefault],
    [' notes:delete  openid', 'notes:delete'],
  ])('%j: %j', (scope, meant) => expect(scopesForMachine(scope, notes)).toBe(meant))
})

describe('What narrows', () => {
  it.each<[string | undefined, string | undefined]>([
    [undefined, undefined],
    ['  ', undefined],
    ['mcp:tools', undefined],
    [' notes:read  mcp:tools offline_access', 'notes:read offline_access'],
    ['tickets:read', 'tickets:read'],
  ])('%j: %j', (scope, meant) => expect(narrowingScopes(scope, resources, true)).toBe(meant))

  it('is no scope about a person where an assertion is exchanged', () => {
    expect(narrowingScopes('openid email', resources, false)).toBeUndefined()
    expect(narrowingScopes('openid notes:read', resources, false)).toBe('notes:read')
  })

  const granted = { identity: ['openid', 'email'], ofResource: ['notes:read', 'notes:write'], namesResource: false }
  it.each<[string, string, Partial<typeof granted>, string | undefined]>([
    ['a scope of the resource', 'notes:read', {}, 'notes:read'],
    ['the sign-in alone', 'openid email', {}, 'openid email'],
    ['the sign-in, for the resource', 'openid email', { namesResource: true }, 'openid email notes:read notes:write'],
    ['an identity scope without openid', 'email', {}, 'email notes:read notes:write'],
    ['offline_access that was ignored', 'notes:read offline_access', {}, 'notes:read'],
    ['nothing but that', 'offline_access', {}, undefined],
    [
      'offline_access that was granted',
      'openid offline_access',
      { identity: ['openid', 'offline_access'] },
      'openid offline_access',
    ],
    ['what was not granted, which the engine refuses', 'notes:delete', {}, 'notes:delete'],
    ['a malformed list, whole', 'offline_access \tnotes:read', {}, 'offline_access \tnotes:read'],
  ])('at a refresh: %s', (_name, scope, changes, meant) => {
    expect(scopesForRefresh(scope, { ...granted, ...changes })).toBe(meant)
  })
})

describe('A sign-in alone', () => {
  it.each<[string | undefined, boolean]>([
    ['openid', true],
    [' openid  email ', true],
    ['email', false],
    ['openid notes:read', false],
    ['', false],
    [undefined, false],
  ])('%j: %s', (scope, expected) => expect(isSignInAlone(scope)).toBe(expected))
})
