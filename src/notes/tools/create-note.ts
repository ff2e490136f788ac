import { z } from 'zod'
import { noteLimits } from '../note.js'
import { defineNotesTool } from '../notes-tool.js'
import { notesWrite } from '../scopes.js'
import { bodySchema, noteData, noteSchema, titleSchema } from './note-schema.js'

/** Writes a new note and answers it with its `id`. */
export const createNote = defineNotesTool({
  name: 'create_note',
  title: 'Create a note',
  description: 'Writes a new note and answers its id.',
  scopes: [notesWrite],
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.object({ title: titleSchema, body: bodySchema }),
  output: z.object(noteSchema),
  run: async (input, store, ownerId) => {
    const note = await store.create(ownerId, input)
    if (note !== 'full') return { data: noteData(note) }
    return {
      problem: `You already have ${noteLimits.notesPerUser} notes, the most one person may keep. Delete some first.`,
    }
  },
})
