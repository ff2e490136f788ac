/**
 * Searches the notes of one person. The cost is bounded for any notes and query, because the embedded database cannot abort a statement and
 * serves nobody else during it: a query has few words, and the bytes of notes whose words are read are limited.
 */
import { createFairQueue, QueueFull } from '../base/fair-queue.js'
import type { Database } from '../database/database.js'
import { isStatementTimeout } from '../database/outage.js'
import type { ColumnsOf, Sql } from '../database/sql.js'
import { float, moment, text } from '../database/table.js'
import { decodeSearchCursor, encodeCursor } from './cursor.js'
import { excerptOf } from './excerpt.js'
import { type FoundNote, type Page, type PageRequest, pageOf } from './note.js'
import { notes } from './tables.js'

/** Why there is no result. `no-word`: a query that only excludes words, in a store too large to scan. */
export type SearchRefusal = 'busy' | 'too-slow' | 'too-many-words' | 'no-word'

export class SearchRefused extends Error {
  readonly reason: SearchRefusal

  constructor(reason: SearchRefusal, options?: ErrorOptions) {
    super(reason, options)
    this.name = 'SearchRefused'
    this.reason = reason
  }
}

/** Per process. Searches of one person run one after the other, and in turn with those of others. */
export const searchLimits = { concurrency: 2, runningPerSender: 1, perSender: 8, queueLimit: 40 } as const

/**
 * `words`: of one query, as PostgreSQL counts them: the parts of a compound word, repetitions within quotes.
 * `bytes`: of notes whose words one search reads. The words of a note take at most about four times its bytes.
 */
export const searchBounds = { words: 16, bytes: 6 * 1_024 * 1_024 } as const

/** The parsed query, and the size of the owner's notes, read from the rows without their texts. */
const planStatement = notes.read<Plan>(
  'notes_search_plan',
  { query: text, wanted: text, bytes: float },
  `SELECT query::text AS query, querytree(query) AS wanted,
      (SELECT coalesce(sum(octet_length(body)), 0)::float8 FROM notes WHERE owner_id = $1) AS bytes
    FROM websearch_to_tsquery('simple', $2) AS query`,
  'search',
)

interface Plan {
  readonly query: string
  /** The query without excluded words; empty or `T` if it requires no word. */
  readonly wanted: string
  readonly bytes: number
}

/**
 * The rank is that of the query OR-ed with itself. For words that must occur together, `ts_rank` compares all pairs of positions: a note of
 * a few repeated words and a query of all of them would take seconds. For alternatives it only sums over positions.
 *
 * `rank` travels as text: PostgreSQL writes a float4 so that reading it gives the same float4, and pages
 * never overlap.
 */
const pageOfMatches = `
    hits AS (
      SELECT id, ts_rank(search, query || query) AS rank FROM matching, asked
    ), page AS (
      SELECT * FROM hits
      WHERE $3::float4 IS NULL OR rank < $3::float4 OR (rank = $3::float4 AND id > $4)
      ORDER BY rank DESC, id LIMIT $5
    )
    SELECT id, title, body, updated_at AS "updatedAt", rank::text AS rank
    FROM page JOIN notes USING (id) ORDER BY page.rank DESC, id`

interface FoundRow extends Omit<FoundNote, 'excerpt'> {
  readonly body: string
  readonly rank: string
}

const foundColumns: ColumnsOf<FoundRow> = { ...notes.pick('id', 'title', 'body'), updatedAt: moment, rank: text }

/** Reads the words of all notes of a person. OFFSET 0 forces the index on the person instead of the index on everyone's words. */
const wholeStoreStatement = notes.read(
  'notes_search',
  foundColumns,
  `WITH asked AS MATERIALIZED (SELECT $2::tsquery AS query),
    matching AS (
      SELECT id, search FROM (SELECT id, search FROM notes WHERE owner_id = $1 OFFSET 0) AS own, asked WHERE search @@ query
    ), ${pageOfMatches}`,
  'search',
)

/**
 * For a store that is too large to scan. The index finds the notes with the words without reading any note, and the newest of them are
 * read. The expression on `owner_id` keeps the planner from reading all of this person's notes instead.
 */
const largeStoreStatement = notes.read(
  'notes_search_large',
  foundColumns,
  `WITH asked AS MATERIALIZED (SELECT $2::tsquery AS query, $6::tsquery AS words),
    candidates AS MATERIALIZED (
      SELECT id, sum(octet_length(body)) OVER (ORDER BY updated_at DESC, id) AS bytes
      FROM asked, notes WHERE search @@ words AND owner_id || '' = $1
    ), matching AS (
      SELECT id, search FROM (
        SELECT id, search FROM candidates JOIN notes USING (id) WHERE bytes <= ${searchBounds.bytes} OFFSET 0
      ) AS newest, asked WHERE search @@ query
    ), ${pageOfMatches}`,
  'search',
)

/** Removes repeated words where they have no effect: outside quotes and alternatives. */
function withoutRepetitions(query: string): string {
  const words = query.split(/\s+/)
  if (query.includes('"') || words.some((word) => word.toLowerCase() === 'or')) return query
  return [...new Map(words.map((word) => [word.toLowerCase(), word])).values()].join(' ')
}

/** The words in the text of a tsquery, in which quotes and backslashes are doubled. */
function wordsIn(tsquery: string): string[] {
  return [...tsquery.matchAll(/'((?:[^']|'')+)'/g)].map(([, word = '']) =>
    word.replaceAll("''", "'").replaceAll('\\\\', '\\'),
  )
}

async function matchesOf(sql: Sql, ownerId: string, plan: Plan, page: readonly unknown[]): Promise<FoundRow[]> {
  if (plan.bytes <= searchBounds.bytes) {
    return (await sql.query(wholeStoreStatement, [ownerId, plan.query, ...page])).rows
  }
  if (wordsIn(plan.wanted).length === 0) throw new SearchRefused('no-word')
  // The index ignores the order of words. Words never contain these characters, which are separators.
  const words = plan.wanted.replaceAll(/<(?:-|\d+)>/g, '&')
  return (await sql.query(largeStoreStatement, [ownerId, plan.query, ...page, words])).rows
}

async function findNotes(
  { sql }: Database,
  ownerId: string,
  query: string,
  { limit, cursor }: PageRequest,
): Promise<Page<FoundNote> | undefined> {
  const position = cursor === undefined ? undefined : decodeSearchCursor(cursor)
  if (cursor !== undefined && position === undefined) return undefined
  const { rows: plans } = await sql.query(planStatement, [ownerId, withoutRepetitions(query)])
  const [plan] = plans
  if (plan === undefined || plan.query === '') return { items: [] }
  if (wordsIn(plan.query).length > searchBounds.words) throw new SearchRefused('too-many-words')
  const [, rank = null, id = null] = position ?? []
  const rows = await matchesOf(sql, ownerId, plan, [rank, id, limit + 1])
  const words = wordsIn(plan.wanted)
  const page = pageOf(rows, limit, (row) => encodeCursor(['search', Number(row.rank), row.id]))
  return {
    ...page,
    items: page.items.map(({ rank: _rank, body, ...found }) => ({ ...found, excerpt: excerptOf(body, words) })),
  }
}

/**
 * Best match first; `query` in the syntax of a web search. `undefined` if the cursor is invalid. Throws SearchRefused. In a store above
 * `searchBounds.bytes` only the newest notes with the words are ranked, up to that many bytes.
 */
export type Search = (ownerId: string, query: string, page: PageRequest) => Promise<Page<FoundNote> | undefined>

export function createSearch(database: Database): Search {
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
