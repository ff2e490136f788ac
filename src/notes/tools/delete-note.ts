import { z } from 'zod'
import { defineNotesTool } from '../notes-tool.js'
import { notesDelete } from '../scopes.js'
import { idSchema, noSuchNote } from './note-schema.js'

/** Removes one of the caller's notes for good. */
export const deleteNote = defineNotesTool({
  name: 'delete_note',
  title: 'Delete a note',
  description: 'Removes one of your notes for good. This cannot be undone.',
  scopes: [notesDelete],
  destructive: true,
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.object({ id: idSchema }),
  output: z.object({ id: z.string(), deleted: z.boolean() }),
  run: async ({ id }, store, ownerId) =>
    (await store.remove(ownerId, id)) ? { data: { id, deleted: true } } : noSuchNote,
})
