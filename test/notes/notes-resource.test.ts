import { describe, expect, it } from '@jest/globals'
import { notesResource } from '../../src/notes/notes-resource.js'
import { canonicalResource, readOnlyDeclaration, scopeHierarchyOf } from '../../src/oauth/resource.js'
import { isScopeToken, meetsRequirement, scopesNamed } from '../../src/oauth/scope.js'

const resource = notesResource('http://localhost:4000/mcp')
const names = resource.scopes.map(({ name }) => name)

describe('the declaration of the notes service', () => {
  it('is named by its canonical URL', () => {
    expect(resource.resource).toBe(canonicalResource('HTTP://LOCALHOST:4000/mcp/'))
  })

  it('uses only scopes it declares', () => {
    const { tools, defaultScopes, scopes } = resource
    const used = [
      ...tools.flatMap((tool) => scopesNamed(tool.scopes)),
      ...scopes.flatMap(({ includes }) => includes),
      ...defaultScopes,
    ]
    expect(names).toEqual(expect.arrayContaining(used))
    expect(names.every(isScopeToken)).toBe(true)
  })

  it('lets writing include reading, and deleting stand alone', () => {
    const hierarchy = scopeHierarchyOf(resource)
    expect(meetsRequirement(['notes:write'], ['notes:read'], hierarchy)).toBe(true)
    expect(meetsRequirement(['notes:delete'], ['notes:read'], hierarchy)).toBe(false)
    expect(meetsRequirement(['notes:write'], ['notes:delete'], hierarchy)).toBe(false)
  })

  it('asks for nothing destructive at the first sign-in, and never for offline_access', () => {
    expect(resource.defaultScopes).toEqual(['notes:read', 'notes:write'])
  })

  it('holds in read-only mode what changes nothing, and asks for what that needs', () => {
    const { tools, defaultScopes, scopes } = readOnlyDeclaration(resource)
    expect(tools.map(({ name }) => name)).toEqual(['whoami', 'list_notes', 'search_notes', 'read_note'])
    expect(defaultScopes).toEqual(['notes:read'])
    // A token for writing still reads.
    expect(scopes).toEqual(resource.scopes)
  })

  it('marks exactly the deleting tool and scope as destructive', () => {
    expect(resource.tools.filter(({ destructive }) => destructive).map(({ name }) => name)).toEqual(['delete_note'])
    expect(resource.scopes.filter(({ destructive }) => destructive).map(({ name }) => name)).toEqual(['notes:delete'])
  })
})
