import { describe, expect, it } from '@jest/globals'
import { createResources } from '../../src/authorization-server/resources/resources.js'
import { notesResource } from '../../src/notes/notes-resource.js'
import type { ResourceDeclaration } from '../../src/oauth/resource.js'
import { declaring } from '../support/declarations.js'

describe('Which resource an identifier means (RFC 8707 §2)', () => {
  const alone = notesResource('https://a.example/mcp', ['https://former.example/notes'])
  const one = notesResource('https://shared.example/one')
  const two = notesResource('https://shared.example/two', ['https://a.example/two', 'https://third.example/x'])
  const root = notesResource('https://third.example')
  const found = (...declarations: readonly ResourceDeclaration[]) => {
    const resources = createResources(declaring(...declarations))
    return (identifier: string) => resources.find(identifier)?.resource
  }

  it('takes a bare origin for the only resource that has a URL there', () => {
    const find = found(alone, one)
    for (const origin of [
      'https://a.example',
      'HTTPS://A.example:443/',
      'https://former.example',
      'https://a.example//',
    ])
      expect([origin, find(origin)]).toEqual([origin, alone.resource])
    expect(find('https://shared.example/')).toBe(one.resource)
  })

  it('takes it for none of two, and for its own resource whenever there is one', () => {
    const find = found(alone, one, two, root)
    expect(find('https://shared.example')).toBeUndefined()
    expect(find('https://a.example')).toBeUndefined()
    expect(find('https://third.example/')).toBe(root.resource)
    expect(find('https://former.example')).toBe(alone.resource)
    expect(find('https://a.example/two/')).toBe(two.resource)
  })

  it('takes no other part of a URL for it', () => {
    const find = found(notesResource('https://a.example/deep/mcp'))
    const others = [
      'https://a.example/deep',
      'https://a.example/deep/mcp/x',
      'https://a.example/?',
      'https://a.example/?x',
      'https://a.example/#',
      'https://u@a.example/',
      'http://a.example',
      'https://a.example:444',
      'https://a.example.evil.example',
      'a.example',
      '',
    ]
    expect(others.map(find)).toEqual(
      others.map((other) => (other.endsWith('/?') ? 'https://a.example/deep/mcp' : undefined)),
    )
  })
})
