/** Opaque page cursors. They carry a position, but no authority: every query stays bound to its owner whatever a cursor says. */
import { z } from 'zod'

/** Only values that the database can compare: a forged cursor must be an invalid cursor, not a failure of the service. */
const noteId = z.string().regex(/^[\w-]{1,64}$/)
/** A float4 that PostgreSQL reads without overflow or underflow. */
const rank = z.number().refine((value) => value === 0 || (Math.abs(value) > 1e-37 && Math.abs(value) < 1e38))

const listPosition = z.tuple([z.literal('list'), z.number().int().nonnegative().max(8.64e15), noteId])
const searchPosition = z.tuple([z.literal('search'), rank, noteId])

export type ListPosition = z.infer<typeof listPosition>
export type SearchPosition = z.infer<typeof searchPosition>

export function encodeCursor(position: ListPosition | SearchPosition): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

function decode<T>(schema: z.ZodType<T>, cursor: string): T | undefined {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
  } catch {
    return undefined
  }
}

/** The position in a list, or `undefined` if the cursor is not from `list_notes`. */
export function decodeListCursor(cursor: string): ListPosition | undefined {
  return decode(listPosition, cursor)
}

/** The position in search results, or `undefined` if the cursor is not from `search_notes`. */
export function decodeSearchCursor(cursor: string): SearchPosition | undefined {
  return decode(searchPosition, cursor)
}
