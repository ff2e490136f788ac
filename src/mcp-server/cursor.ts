/** Opaque page cursors. They carry a position, no rights: every query stays bound to its owner whatever a cursor says. */
import { z } from 'zod'

const listPosition = z.tuple([z.literal('list'), z.number().int().nonnegative().max(8.64e15), z.string().max(64)])
const searchPosition = z.tuple([z.literal('search'), z.number(), z.string().max(64)])

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
