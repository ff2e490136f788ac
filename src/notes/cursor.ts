/** Opaque page cursors. They carry a position, no rights: every query stays bound to its owner whatever a cursor says. */
import { z } from 'zod'

/** Only what the database can compare with: a cursor made by hand is a wrong cursor, not a failure of the service. */
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

/** The position in a list, or `undefined` when the cursor is not one `list_notes` gave out. */
export function decodeListCursor(cursor: string): ListPosition | undefined {
  return decode(listPosition, cursor)
}

/** The position in search results, or `undefined` when the cursor is not one `search_notes` gave out. */
export function decodeSearchCursor(cursor: string): SearchPosition | undefined {
  return decode(searchPosition, cursor)
}
