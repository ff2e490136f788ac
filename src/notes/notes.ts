/**
 * The store of notes. Every statement is bound to `ownerId`, so nobody can reach another person's note or learn that it exists. Does not
 * check scopes (the guard does) or sizes (the tools' schemas do, with the limits below).
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.js'
import type { Database } from '../database/database.js'
import { PrismaClient } from '../mcp-host/generated/client.js'
import { decodeListCursor, encodeCursor } from './cursor.js'
import { type Note, type NoteSummary, noteLimits, type Page, type PageRequest, pageOf } from './note.js'
import { createSearch, type Search } from './search.js'

export interface NotesStore {
  /** Newest change first. `undefined` if the cursor is invalid. */
  list(ownerId: string, page: PageRequest): Promise<Page<NoteSummary> | undefined>
  readonly search: Search
  read(ownerId: string, id: string): Promise<Note | undefined>
  /**
   * `'full'` if the owner has the maximum number of notes. Concurrent requests may exceed the limit by their number: it protects the disk
   * and is not an exact quota.
   */
  create(ownerId: string, note: Pick<Note, 'title' | 'body'>): Promise<Note | 'full'>
  /** Replaces the given members. */
  update(
    ownerId: string,
    id: string,
    change: { readonly title?: string; readonly body?: string },
  ): Promise<Note | undefined>
  /** True if there was such a note. */
  remove(ownerId: string, id: string): Promise<boolean>
}

const noteFields = { id: true, title: true, body: true, createdAt: true, updatedAt: true } as const
const summaryFields = { id: true, title: true, updatedAt: true } as const

/** Opens the store on a migrated database. */
export function createNotesStore(database: Database, clock: Clock, newId: () => string = randomUUID): NotesStore {
  const { note: notes } = new PrismaClient({ adapter: database.adapter })
  return {
    list: async (ownerId, { limit, cursor }) => {
      const position = cursor === undefined ? undefined : decodeListCursor(cursor)
      if (cursor !== undefined && position === undefined) return undefined
      const [, time = 0, id = ''] = position ?? []
      const after = {
        updatedAt: { lte: new Date(time) },
        OR: [{ updatedAt: { lt: new Date(time) } }, { id: { gt: id } }],
      }
      const rows = await notes.findMany({
        where: { ownerId, ...(position !== undefined && after) },
        select: summaryFields,
        orderBy: [{ updatedAt: 'desc' }, { id: 'asc' }],
        take: limit + 1,
      })
      return pageOf(rows, limit, (row) => encodeCursor(['list', row.updatedAt.getTime(), row.id]))
    },
    search: createSearch(database),
    read: async (ownerId, id) => (await notes.findUnique({ where: { id, ownerId }, select: noteFields })) ?? undefined,
    create: async (ownerId, { title, body }) => {
      if ((await notes.count({ where: { ownerId } })) >= noteLimits.notesPerUser) return 'full'
      const now = clock.now()
      return notes.create({
        data: { id: newId(), ownerId, title, body, createdAt: now, updatedAt: now },
        select: noteFields,
      })
    },
    update: async (ownerId, id, change) => {
      const [updated] = await notes.updateManyAndReturn({
        where: { id, ownerId },
        data: { ...change, updatedAt: clock.now() },
        select: noteFields,
      })
      return updated
    },
    remove: async (ownerId, id) => (await notes.deleteMany({ where: { id, ownerId } })).count > 0,
  }
}
