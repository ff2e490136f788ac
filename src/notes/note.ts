/** Notes, their limits, and pages of notes. */

/** Lengths in characters, the body in bytes of UTF-8. */
export const noteLimits = { titleLength: 200, bodyBytes: 65_536, notesPerUser: 10_000, pageSize: 100 } as const

export interface Note {
  readonly id: string
  readonly title: string
  readonly body: string
  readonly createdAt: Date
  readonly updatedAt: Date
}

export type NoteSummary = Pick<Note, 'id' | 'title' | 'updatedAt'>

export interface FoundNote extends NoteSummary {
  /** The words around the match. */
  readonly excerpt: string
}

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Absent on the last page. */
  readonly nextCursor?: string
}

export interface PageRequest {
  readonly limit: number
  readonly cursor?: string | undefined
}

/** `items` has one more than the page, which shows whether there is a next page. */
export function pageOf<Item>(items: readonly Item[], limit: number, cursorAfter: (item: Item) => string): Page<Item> {
  const last = items[limit - 1]
  if (items.length <= limit || last === undefined) return { items }
  return { items: items.slice(0, limit), nextCursor: cursorAfter(last) }
}
