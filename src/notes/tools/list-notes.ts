import { z } from 'zod'
import { defineNotesTool } from '../notes-tool.js'
import { notesRead } from '../scopes.js'
import { badCursor, nextCursorSchema, pageSchema, summaryData, summarySchema } from './note-schema.js'

/** Titles of the caller's notes, newest change first, page by page. */
export const listNotes = defineNotesTool({
  name: 'list_notes',
  title: 'List notes',
  description: 'Lists the titles of your notes, the ones changed last first. Use read_note for the text.',
  scopes: [notesRead],
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object(pageSchema),
  output: z.object({ notes: z.array(z.object(summarySchema)), nextCursor: nextCursorSchema }),
  run: async (input, store, ownerId) => {
    const page = await store.list(ownerId, input)
    if (page === undefined) return badCursor
    const { items, ...rest } = page
    return { data: { notes: items.map(summaryData), ...rest } }
  },
})
