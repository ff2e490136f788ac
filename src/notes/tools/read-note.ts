import { z } from 'zod'
import { defineNotesTool } from '../notes-tool.js'
import { notesRead } from '../scopes.js'
import { idSchema, noSuchNote, noteData, noteSchema } from './note-schema.js'

/** One of the caller's notes, whole. */
export const readNote = defineNotesTool({
  name: 'read_note',
  title: 'Read a note',
  description: 'Gives the title and the whole text of one of your notes.',
  scopes: [notesRead],
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({ id: idSchema }),
  output: z.object(noteSchema),
  run: async ({ id }, store, ownerId) => {
    const note = await store.read(ownerId, id)
    return note === undefined ? noSuchNote : { data: noteData(note) }
  },
})
