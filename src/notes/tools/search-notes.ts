import { z } from 'zod'
import { defineNotesTool } from '../notes-tool.js'
import { notesRead } from '../scopes.js'
import { type SearchRefusal, SearchRefused, searchBounds } from '../search.js'
import { badCursor, nextCursorSchema, pageSchema, summaryData, summarySchema } from './note-schema.js'

const problems: Readonly<Record<SearchRefusal, { readonly problem: string }>> = {
  busy: { problem: 'Other searches of yours are still running. Wait for their answers first.' },
  'too-slow': { problem: 'This search took too long. Use fewer words, or rarer ones.' },
  'too-many-words': {
    problem: `A search takes at most ${searchBounds.words} words; the parts of a compound word count too. Leave out the words that tell least.`,
  },
  'no-word': {
    problem: 'You have too many notes for a search that only leaves words out. Give a word that must occur.',
  },
}

/** Full-text search over title and body of the caller's notes. Finds whole words, in any case. */
export const searchNotes = defineNotesTool({
  name: 'search_notes',
  title: 'Search notes',
  description: `Finds notes by words in their title or text, best match first. All words must occur; "quotes" keep words together, OR gives a choice, -word leaves out. At most ${searchBounds.words} words.`,
  scopes: [notesRead],
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.object({
    query: z
      .string()
      .min(1)
      .max(500)
      .refine((value) => !value.includes('\0'), 'must not contain the character U+0000')
      .describe('Words to look for.'),
    ...pageSchema,
  }),
  output: z.object({
    notes: z.array(z.object({ ...summarySchema, excerpt: z.string() })),
    nextCursor: nextCursorSchema,
  }),
  run: async ({ query, ...request }, store, ownerId) => {
    try {
      const page = await store.search(ownerId, query, request)
      if (page === undefined) return badCursor
      const { items, ...rest } = page
      return { data: { notes: items.map((found) => ({ ...summaryData(found), excerpt: found.excerpt })), ...rest } }
    } catch (error) {
      if (error instanceof SearchRefused) return problems[error.reason]
      throw error
    }
  },
})
