/** The scopes of the notes service, and their descriptions for people. */
import type { ScopeDeclaration } from '../oauth/resource.js'

export const notesRead = 'notes:read'
export const notesWrite = 'notes:write'
export const notesDelete = 'notes:delete'

/** In the order of the consent page: from harmless to destructive. */
export const scopes: readonly ScopeDeclaration[] = [
  {
    name: notesRead,
    title: 'Read your notes',
    description: 'See the titles and the text of all your notes, and search them.',
    includes: [],
    destructive: false,
  },
  {
    name: notesWrite,
    title: 'Write and change your notes',
    description: 'Add new notes and replace the title or the text of existing ones.',
    includes: [notesRead],
    destructive: false,
  },
  {
    // Does not include reading: deleting by id reveals nothing, and a permission must not allow more than its description says.
    name: notesDelete,
    title: 'Delete your notes',
    description: 'Remove notes for good. This cannot be undone.',
    includes: [],
    destructive: true,
  },
]
