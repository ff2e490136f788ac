import { z } from 'zod'
import { defineNotesTool } from '../notes-tool.js'
import { notesWrite } from '../scopes.js'
import { bodySchema, idSchema, noSuchNote, noteData, noteSchema, titleSchema } from './note-schema.js'

/** Replaces title, body or both of one of the caller's notes. The old text is gone, so clients are told it is destructive. */
export const updateNote = defineNotesTool({
  name: 'update_note',
  title: 'Change a note',
  description: 'Replaces the title, the text, or both of one of your notes. What is left out stays as it is.',
  scopes: [notesWrite],
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.object({ id: idSchema, title: titleSchema.optional(), body: bodySchema.optional() }),
  output: z.object(noteSchema),
  run: async ({ id, title, body }, store, ownerId) => {
    if (title === undefined && body === undefined) return { problem: 'Give a new title, a new body, or both.' }
    const change = { ...(title !== undefined && { title }), ...(body !== undefined && { body }) }
    const note = await store.update(ownerId, id, change)
    return note === undefined ? noSuchNote : { data: noteData(note) }
  },
})
