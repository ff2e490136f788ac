/** Two protected resources, small enough to see through; the first is the one that a request means that names none. */
import { createResources } from '../../src/authorization-server/resources/resources.js'
import type { ResourceDeclaration, ScopeDeclaration } from '../../src/oauth/resource.js'
import { declaring } from '../support/declarations.js'

function scope(name: string, includes: readonly string[] = [], destructive = false): ScopeDeclaration {
  return { name, title: name, description: '', includes, destructive }
}

function declaration(
  resource: string,
  aliases: readonly string[],
  scopes: readonly ScopeDeclaration[],
): ResourceDeclaration {
  const defaultScopes = scopes.filter(({ destructive }) => !destructive).map(({ name }) => name)
  return { resource, aliases, name: resource, description: '', scopes, tools: [], defaultScopes }
}

export const notes = declaration(
  'https://notes.example/mcp',
  ['https://old.example/mcp'],
  [scope('notes:read'), scope('notes:write', ['notes:read']), scope('notes:delete', [], true)],
)

export const files = declaration('https://files.example/mcp', [], [scope('files:read'), scope('files:purge', [], true)])

export const resources = createResources(declaring(notes, files))
