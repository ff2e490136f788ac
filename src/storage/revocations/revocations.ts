/**
 * The facts of the revocation feed: which grants, access tokens, clients, accounts and keys ended before their access tokens did. Owns
 * reading them from where a reader stopped. Nearly all are written by the database's own triggers (see the migration), in the
 * transaction that ends something; a single revoked access token is written here, a revoked key by key-rotation.ts.
 *
 * A reader's place is a snapshot of PostgreSQL, not the last id: ids are given before commits, so a lower one may become visible
 * later. What a snapshot did not see is exactly what is new, however transactions overlap.
 */

import { hashSecret } from '../../base/secrets.js'
import type { ColumnsOf } from '../../database/sql.js'
import { bool, float, jsonList, orNull, text, textList, textOf } from '../../database/table.js'
import { patternExpression, wildcardsIn } from '../../oauth/resource-pattern.js'
import type { Storage } from '../storage.js'
import { revocations } from '../tables.js'

export interface Revocation {
  readonly kind: 'grant' | 'grant-scopes' | 'token' | 'client' | 'account' | 'key'
  /** SHA-256, in base64url, of what the kind says: the grant's id, the token's `jti`, the client's or account's id, the key's `kid`. */
  readonly id: string
  /** Seconds since the epoch. A client or account that came back has tokens again, issued after this. */
  readonly at: number
  /** Seconds since the epoch: no token that it ends lives longer. */
  readonly expiresAt: number
  /** Of `grant-scopes`: a grant was narrowed, and its tokens for this resource have these scopes at most, whenever they were issued. */
  readonly resource?: string | undefined
  readonly scopes?: readonly string[] | undefined
}

export interface RevocationPage {
  readonly revocations: readonly Revocation[]
  /** Where to go on. */
  readonly cursor: string
  /** There are more already. */
  readonly more: boolean
  /** False when the cursor came from another life of this database, before a restore: this page starts from the beginning. */
  readonly known: boolean
}

export interface Revocations {
  /**
   * What concerns these resources or families (patterns) and was not seen at `cursor`; without one, everything kept. Throws RangeError for
   * a cursor never given.
   */
  read(audience: string | readonly string[], cursor?: string): Promise<RevocationPage>
  /** Whether anything was written since the snapshot of an earlier call; true without one. */
  look(snapshot?: string): Promise<{ readonly changed: boolean; readonly snapshot: string }>
}

const pageSize = 2_000

/**
 * True of rows that a dump of another life of this database brought along: their transactions are still to come here, so no
 * snapshot ever sees them. A reader that starts from the beginning gets them once; they are never repeated as news.
 */
const ofAnotherLife = 'transaction_id >= pg_snapshot_xmax(pg_current_snapshot())'

/** Not seen by a snapshot, by an index; everything when it is null. */
const unseenBy = (snapshot: string) =>
  `(${snapshot} IS NULL OR (transaction_id >= pg_snapshot_xmin(${snapshot}) AND NOT ${ofAnotherLife} AND NOT pg_visible_in_snapshot(transaction_id, ${snapshot})))`

const pageColumns: ColumnsOf<ReadRow> = {
  snapshot: text,
  known: bool,
  position: orNull(text),
  kind: textOf<Revocation['kind']>(),
  id: text,
  at: float,
  expiresAt: float,
  resource: orNull(text),
  scopes: orNull(textList),
}

/**
 * Whether a fact with these audiences, which may be patterns of families that were removed, is about one of the resources, which may be
 * patterns themselves (`expression`; none if null). A pattern of a fact may mean a little more than it matches: it only makes a client
 * ask for another token.
 */
const concerns = (audiences: string, resources: string, expression: string) =>
  `EXISTS (SELECT 1 FROM unnest(${audiences}) AS audience WHERE audience = ANY (${resources}::text[])
      OR audience ~ ${expression}::text OR (audience LIKE '%*%' AND EXISTS (SELECT 1 FROM unnest(${resources}::text[]) AS resource
        WHERE resource LIKE replace(replace(replace(audience, '\\', '\\\\'), '_', '\\_'), '*', '%'))))`

function audienceValues(audience: string | readonly string[]): readonly [readonly string[], string | null] {
  const resources = [audience].flat()
  const patterns = resources.filter((resource) => wildcardsIn(resource) > 0)
  return [
    resources,
    patterns.length === 0 ? null : patterns.map((pattern) => `(?:${patternExpression(pattern)})`).join('|'),
  ]
}

/** Snapshot and rows come from one statement: it sees exactly what its snapshot says. */
const readPage = revocations.read(
  'revocations_read',
  pageColumns,
  `WITH place AS (
      SELECT pg_current_snapshot() AS now, $1::pg_snapshot IS NULL
        OR pg_snapshot_xmax($1::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()) AS known
    ), base AS (SELECT now, known, CASE WHEN known THEN $1::pg_snapshot END AS seen,
      CASE WHEN known THEN $2::pg_snapshot END AS until, CASE WHEN known THEN $3::bigint ELSE 0 END AS after FROM place)
    SELECT base.now::text AS snapshot, base.known, fresh.* FROM base LEFT JOIN LATERAL (
      SELECT id::text AS position, kind, subject_hash AS id, ceil(extract(epoch FROM at))::float8 AS at,
        ceil(extract(epoch FROM expires_at))::float8 AS "expiresAt",
        CASE kind WHEN 'grant-scopes' THEN audiences[1] END AS resource, scopes
      FROM revocations r
      WHERE ${unseenBy('base.seen')} AND (base.until IS NULL OR ${ofAnotherLife} OR pg_visible_in_snapshot(transaction_id, base.until))
        AND r.id > base.after AND expires_at > $4::timestamptz AND (audiences IS NULL OR ${concerns('audiences', '$5', '$6')})
      ORDER BY r.id LIMIT ${pageSize + 1}
    ) AS fresh ON true`,
  'security',
)

const lookAgain = revocations.read(
  'revocations_look',
  { snapshot: text, changed: bool },
  `SELECT pg_current_snapshot()::text AS snapshot,
    $1::pg_snapshot IS NULL OR EXISTS (SELECT 1 FROM revocations WHERE ${unseenBy('$1::pg_snapshot')}) AS changed`,
  'security',
)

/** Stored once: the holder of a token could revoke it again and again, and every resource server would be told each time. */
const insertToken = revocations.write(
  'revocations_token',
  `INSERT INTO revocations (kind, subject_hash, audiences)
    SELECT 'token', $1::text, ARRAY(SELECT jsonb_array_elements_text($2::jsonb))
    WHERE NOT EXISTS (SELECT 1 FROM revocations WHERE subject_hash = $1::text AND kind = 'token')`,
  { lane: 'security' },
)

/**
 * Ends one access token that verifies itself (RFC 7009 §2), by its `jti`, for the resources in its `aud`. False when it was ended
 * before.
 */
export async function revokeAccessToken(
  storage: Storage,
  tokenId: string,
  audiences: readonly string[],
): Promise<boolean> {
  const { rowCount } = await storage.database.sql.query(insertToken, [hashSecret(tokenId), JSON.stringify(audiences)])
  return rowCount > 0
}

/** What an access token that verifies itself says it depends on. */
export interface RevocableToken {
  /** Its claim `gid`. */
  readonly grantHash: string | undefined
  readonly tokenId: string | undefined
  readonly clientId: string | undefined
  readonly accountId: string | undefined
  readonly keyId: string | undefined
  /** Its `iat`: a client or account that came back has tokens again, issued later. */
  readonly issuedAt: number | undefined
  /** Its `aud`: a grant or a client may have ended for one resource alone. */
  readonly audience: string
}

/** A second more for clients and accounts, as resource servers count it (resource-server/revocation-list.ts). */
const findRevocation = revocations.read(
  'revocations_find',
  { revoked: bool, kept: orNull(jsonList<readonly string[]>()) },
  `SELECT EXISTS (
      SELECT 1 FROM jsonb_array_elements($1::jsonb) AS asked JOIN revocations r
        ON r.subject_hash = asked->>1 AND r.kind = asked->>0
      WHERE (r.kind NOT IN ('client', 'account') OR $2::float8 <= ceil(extract(epoch FROM r.at)) + 1)
        AND (r.audiences IS NULL OR ${concerns('r.audiences', '$3', '$4')})
    ) AS revoked,
    (SELECT json_agg(r.scopes) FROM jsonb_array_elements($1::jsonb) AS asked JOIN revocations r
        ON asked->>0 = 'grant' AND r.subject_hash = asked->>1 AND r.kind = 'grant-scopes'
      WHERE r.audiences && $3::text[]) AS kept`,
  'security',
)

/** Whether anything ended a token before its `exp`, and which scopes its grant still has if it was narrowed. */
export interface TokenStanding {
  readonly revoked: boolean
  /** Lists of scopes: the token has those that are in all. */
  readonly kept: readonly (readonly string[])[]
}

export async function standingOf(storage: Storage, token: RevocableToken): Promise<TokenStanding> {
  const { grantHash, tokenId, clientId, accountId, keyId, issuedAt = 0, audience } = token
  const hashOf = (value: string | undefined) => (value === undefined ? undefined : hashSecret(value))
  const asked = Object.entries({
    grant: grantHash,
    token: hashOf(tokenId),
    client: hashOf(clientId),
    account: hashOf(accountId),
    key: hashOf(keyId),
  }).filter(([, hash]) => hash !== undefined)
  const values = [JSON.stringify(asked), issuedAt, ...audienceValues(audience)]
  const { rows } = await storage.database.sql.query(findRevocation, values)
  return { revoked: rows[0]?.revoked !== false, kept: rows[0]?.kept ?? [] }
}

interface Place {
  /** What the reader has seen before this round of pages. */
  readonly seen: string | null
  /** Within a round of several pages: what the first of them saw, and the last row. */
  readonly until: string | null
  readonly after: string
}

/** `xmin:xmax:running,running` (PostgreSQL, "pg_snapshot"), which is checked by PostgreSQL itself too. */
const snapshotSyntax = String.raw`\d{1,19}:\d{1,19}:(?:\d{1,19}(?:,\d{1,19})*)?`
const cursorSyntax = new RegExp(
  `^(?:(?<whole>${snapshotSyntax})|(?<seen>${snapshotSyntax})?/(?<until>${snapshotSyntax})/(?<after>\\d{1,18}))$`,
)

function placeOf(cursor: string | undefined): Place {
  if (cursor === undefined) return { seen: null, until: null, after: '0' }
  const parts = cursorSyntax.exec(cursor)?.groups
  if (parts === undefined) throw new RangeError('not a cursor of this feed')
  const { whole, seen, until, after } = parts
  return { seen: whole ?? seen ?? null, until: until ?? null, after: after ?? '0' }
}

/** 22P02, 22023: PostgreSQL refuses the snapshot. */
function isMalformed(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && /^22(?:P02|023)$/.test(String(error.code))
}

interface ReadRow extends Omit<Revocation, 'resource' | 'scopes'> {
  readonly resource: string | null
  readonly scopes: readonly string[] | null
  readonly snapshot: string
  readonly known: boolean
  /** Null in the one row of an empty page. */
  readonly position: string | null
}

function pageOf(rows: readonly ReadRow[], place: Place): RevocationPage {
  const [first] = rows
  if (first === undefined) throw new Error('the feed always has a snapshot')
  const { known } = first
  const found = rows.filter(({ position }) => position !== null)
  const shown = found.slice(0, pageSize)
  const more = found.length > shown.length
  const until = (known ? place.until : null) ?? first.snapshot
  const seen = (known ? place.seen : null) ?? ''
  return {
    revocations: shown.map(({ kind, id, at, expiresAt, resource, scopes }) => ({
      ...{ kind, id, at, expiresAt },
      ...(resource !== null && scopes !== null && { resource, scopes }),
    })),
    cursor: more ? `${seen}/${until}/${shown.at(-1)?.position}` : until,
    more,
    known,
  }
}

export function createRevocations(storage: Storage): Revocations {
  const { sql } = storage.database
  return {
    read: async (audience, cursor) => {
      const place = placeOf(cursor)
      const values = [
        place.seen,
        place.until,
        place.after,
        storage.clock.now().toISOString(),
        ...audienceValues(audience),
      ]
      try {
        const { rows } = await sql.query(readPage, values)
        return pageOf(rows, place)
      } catch (error) {
        throw isMalformed(error) ? new RangeError('not a cursor of this feed', { cause: error }) : error
      }
    },
    look: async (snapshot) => {
      const { rows } = await sql.query(lookAgain, [snapshot ?? null])
      const [found] = rows
      if (found === undefined) throw new Error('the feed always has a snapshot')
      return found
    },
  }
}
