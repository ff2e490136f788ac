/** Input and output schemas of the tools, with their limits. */
import { z } from 'zod'
import { type Note, type NoteSummary, noteLimits } from '../note.js'

/** PostgreSQL cannot store U+0000 in text. */
function withoutNul(value: string): boolean {
  return !value.includes('\0')
}

const nulMessage = 'must not contain the character U+0000'

export const titleSchema = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(noteLimits.titleLength, `must have at most ${noteLimits.titleLength} characters`)
  .refine(withoutNul, nulMessage)
  .describe(`Title, at most ${noteLimits.titleLength} characters.`)

export const bodySchema = z
  .string()
  .refine((value) => Buffer.byteLength(value) <= noteLimits.bodyBytes, `must be at most ${noteLimits.bodyBytes} bytes`)
  .refine(withoutNul, nulMessage)
  .describe('Text, at most 64 KiB.')

export const idSchema = z.uuid().describe('The id of a note, as list_notes, search_notes or create_note gave it.')

export const pageSchema = {
  limit: z
    .number()
    .int()
    .min(1)
    .max(noteLimits.pageSize)
    .default(20)
    .describe(`How many to answer, at most ${noteLimits.pageSize}.`),
  cursor: z.string().max(500).optional().describe('The nextCursor of an earlier answer, to go on from there.'),
}

export const summarySchema = { id: z.string(), title: z.string(), updatedAt: z.string() }
export const noteSchema = { ...summarySchema, body: z.string(), createdAt: z.string() }
export const nextCursorSchema = z.string().optional().describe('Absent when there is no more.')

/** A summary in the output format. */
export function summaryData({ id, title, updatedAt }: NoteSummary) {
  return { id, title, updatedAt: updatedAt.toISOString() }
}

/** A note in the output format. */
export function noteData(note: Note) {
  return { ...summaryData(note), body: note.body, createdAt: note.createdAt.toISOString() }
}

export const noSuchNote = {
  problem: 'You have no note with this id. Use list_notes or search_notes to find it.',
} as const
export const badCursor = {
  problem: 'This cursor is not valid here. Leave it out to start from the beginning.',
} as const
