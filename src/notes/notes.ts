/**
 * The store of notes. Promises: every statement is bound to `ownerId`, so nobody reaches another person's note, not even its
 * existence. Does not check scopes (the guard does) nor sizes (the tools' schemas do, with the limits below).
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.js'
import { createFairQueue, QueueFull } from '../base/fair-queue.js'
import type { Database } from '../database/database.js'
import { isStatementTimeout } from '../database/outage.js'
import type { Statement } from '../database/sql.js'
import { PrismaClient } from '../mcp-host/generated/client.js'
import { decodeListCursor, decodeSearchCursor, encodeCursor } from './cursor.js'

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

export interface NotesStore {
  /** Newest change first. `undefined` if the cursor is invalid. */
  list(ownerId: string, page: PageRequest): Promise<Page<NoteSummary> | undefined>
  /**
   * Best match first; `query` in the syntax of a web search. `undefined` if the cursor is invalid. Throws SearchRefused when too
   * many searches of this owner wait already, or this one took too long.
   */
  search(ownerId: string, query: string, page: PageRequest): Promise<Page<FoundNote> | undefined>
  read(ownerId: string, id: string): Promise<Note | undefined>
  /**
   * `'full'` when the owner has as many notes as one may have. Requests at the same instant may overshoot the limit by their
   * number: it protects the disk, it is not a quota to bill by.
   */
  create(ownerId: string, note: Pick<Note, 'title' | 'body'>): Promise<Note | 'full'>
  /** Replaces what is given. */
  update(
    ownerId: string,
    id: string,
    change: { readonly title?: string; readonly body?: string },
  ): Promise<Note | undefined>
  /** True when there was such a note. */
  remove(ownerId: string, id: string): Promise<boolean>
}

interface FoundRow extends FoundNote {
  readonly rank: string
}

export class SearchRefused extends Error {
  readonly reason: 'busy' | 'too-slow'

  constructor(reason: 'busy' | 'too-slow', options: ErrorOptions) {
    super(reason, options)
    this.name = 'SearchRefused'
    this.reason = reason
  }
}

/** In one process. Searches of one person run one after the other, and take turns with those of others. */
export const searchLimits = { concurrency: 2, runningPerSender: 1, perSender: 8, queueLimit: 40 } as const

/**
 * An excerpt is looked for in this many characters around the first word that matches: `ts_headline` reads its whole text, and a page of
 * long notes would take seconds, in which the embedded database answers nobody else. It is found by the first letters of a few words, since
 * `strpos` compares up to all letters of a word at each place.
 */
const excerptWindow = { before: 500, length: 2_000, words: 4, letters: 16 } as const

/**
 * The rank is that of the query as an alternative to itself. `ts_rank` compares each two places of each two words that have to occur
 * together: a note of few words, repeated, and a query of all of them would take seconds. Of alternatives it adds up places.
 *
 * `rank` travels as text: PostgreSQL writes a float4 so that reading it gives the same float4, and pages
 * never overlap.
 */
const searchStatement: Statement = {
  name: 'notes_search',
  lane: 'search',
  text: `
    WITH wanted AS (
      SELECT replace(found[1], '''''', '''') AS word
      FROM regexp_matches(websearch_to_tsquery('simple', $2)::text, '''((?:[^'']|'''')+)''', 'g') AS found
      LIMIT ${excerptWindow.words}
    ), hits AS (
      SELECT id, title, body, updated_at, ts_rank(search, query || query) AS rank
      FROM notes, websearch_to_tsquery('simple', $2) AS query
      WHERE owner_id = $1 AND search @@ query
    ), page AS (
      SELECT * FROM hits
      WHERE $3::float4 IS NULL OR rank < $3::float4 OR (rank = $3::float4 AND id > $4)
      ORDER BY rank DESC, id LIMIT $5
    )
    SELECT id, title, updated_at AS "updatedAt", rank::text AS rank,
      ts_headline('simple', substr(body, greatest(1, first_match - ${excerptWindow.before}), ${excerptWindow.length}),
        websearch_to_tsquery('simple', $2), 'StartSel="", StopSel="", MinWords=10, MaxWords=30') AS excerpt
    FROM page, LATERAL (
      SELECT coalesce(min(coalesce(nullif(strpos(folded, ' ' || begin), 0), nullif(strpos(folded, begin), 0))), 1) AS first_match
      FROM (SELECT left(word, ${excerptWindow.letters}) AS begin FROM wanted) AS begins, (SELECT ' ' || translate(lower(body), E'\\n\\t', '  ') AS folded OFFSET 0) AS text
    ) AS place ORDER BY page.rank DESC, id`,
}

const noteFields = { id: true, title: true, body: true, createdAt: true, updatedAt: true } as const
const summaryFields = { id: true, title: true, updatedAt: true } as const

/** One item more than the page was asked for, so that the last page is known to be the last. */
function pageOf<Item>(items: readonly Item[], limit: number, cursorAfter: (item: Item) => string): Page<Item> {
  const last = items[limit - 1]
  if (items.length <= limit || last === undefined) return { items }
  return { items: items.slice(0, limit), nextCursor: cursorAfter(last) }
}

async function findNotes(database: Database, ownerId: string, query: string, { limit, cursor }: PageRequest) {
  const position = cursor === undefined ? undefined : decodeSearchCursor(cursor)
  if (cursor !== undefined && position === undefined) return undefined
  const [, rank = null, id = null] = position ?? []
  const { rows } = await database.sql.query<FoundRow>(searchStatement, [ownerId, query, rank, id, limit + 1])
  const page = pageOf(rows, limit, (row) => encodeCursor(['search', Number(row.rank), row.id]))
  return { ...page, items: page.items.map(({ rank: _rank, ...found }) => found) }
}

function createSearch(database: Database): NotesStore['search'] {
  const queue = createFairQueue(searchLimits)
  return async (ownerId, query, page) => {
    try {
      return await queue.run({ networks: [ownerId] }, () => findNotes(database, ownerId, query, page))
    } catch (error) {
      if (error instanceof QueueFull) throw new SearchRefused('busy', { cause: error })
      if (isStatementTimeout(error)) throw new SearchRefused('too-slow', { cause: error })
      throw error
    }
  }
}

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
