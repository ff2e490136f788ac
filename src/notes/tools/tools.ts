/** All tools of the notes service, in the order clients list them. One file each: name, scopes, schemas, what it does. */
import type { Tool } from '../../mcp-host/tool.js'
import type { NotesCall } from '../notes-tool.js'
import { createNote } from './create-note.js'
import { deleteNote } from './delete-note.js'
import { listNotes } from './list-notes.js'
import { readNote } from './read-note.js'
import { searchNotes } from './search-notes.js'
import { updateNote } from './update-note.js'
import { whoami } from './whoami.js'

export const tools: readonly Tool<NotesCall>[] = [
  whoami,
  listNotes,
  searchNotes,
  readNote,
  createNote,
  updateNote,
  deleteNote,
]
