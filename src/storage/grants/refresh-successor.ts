/**
 * Successors of refresh tokens as they are stored: sealed under the token that they replaced, so that only its holder can open them.
 * Which use gets one is decided in refresh-reuse.ts.
 */

import { createHolderBox, hashSecret } from '../../base/secrets.js'
import type { Sql } from '../../database/sql.js'
import type { Condition } from '../../database/writes.js'
import type { Payload } from '../adapter-types.js'
import type { Storage } from '../storage.js'
import { artifacts } from '../tables.js'
import { judgeRefreshUse, type RefreshUse } from './refresh-reuse.js'

/** The columns of a refresh token that tell what a use of it means. */
export interface ReplaceableRow {
  readonly payload: Payload
  readonly consumed_at: Date | string | null
  /** Sealed; null when it was not replaced. */
  readonly successor: string | null
}

export interface ReplacedRow extends ReplaceableRow {
  readonly grant_id: string | null
}

const purpose = 'refresh token successor'

/** How far a chain is followed in one request. A family that was refreshed more often within the grace goes on from there. */
const maxFollowed = 16

export const readReplaced = artifacts.read(
  'token_request_replaced',
  artifacts.pick('payload', 'successor', 'consumed_at', 'grant_id'),
  'SELECT payload, successor, consumed_at, grant_id FROM artifacts WHERE model = $1 AND id_hash = $2',
)

/** Check and mark are one statement: a use of the token at the same moment comes before it, and is seen, or after it. */
const reissue = artifacts.condition('refresh_reissue', {
  condition: `UPDATE artifacts SET payload = payload || '{"reissued": true}'
    WHERE model = 'RefreshToken' AND id_hash = $1 AND consumed_at IS NULL RETURNING 1`,
})

export async function readRow(sql: Sql, model: string, idHash: string): Promise<ReplacedRow | undefined> {
  return (await sql.query(readReplaced, [model, idHash])).rows[0]
}

export function sealSuccessor(value: string, successor: string): string {
  return createHolderBox(value).seal(successor, purpose)
}

export function openSuccessor(value: string, sealed: string): string {
  return createHolderBox(value).open(sealed, purpose)
}

/** What a use of the token in this row means, by the time of now. */
export function judgeRow({ clock, refreshGraceSeconds }: Storage, row: ReplaceableRow): RefreshUse {
  const state = {
    consumedAt: row.consumed_at === null ? undefined : new Date(row.consumed_at).getTime(),
    isReplaced: row.successor !== null,
    isReissued: row.payload['reissued'] === true,
  }
  return judgeRefreshUse(state, clock.now().getTime(), refreshGraceSeconds)
}

/** Whether the successor of the token `value` was never used. False when it is gone. */
export async function isSuccessorUnused(sql: Sql, value: string, sealed: string): Promise<boolean> {
  const row = await readRow(sql, 'RefreshToken', hashSecret(openSuccessor(value, sealed)))
  return row?.consumed_at === null
}

/**
 * The newest token of the chain that starts with `value`; `undefined` when the family is gone. Another caller may have replaced the
 * successor already: handed out now, it would look like a reuse when it is used after the grace.
 */
export async function newestAfter(sql: Sql, value: string, sealed: string): Promise<string | undefined> {
  let newest = openSuccessor(value, sealed)
  for (let followed = 0; followed < maxFollowed; followed += 1) {
    const row = await readRow(sql, 'RefreshToken', hashSecret(newest))
    if (row === undefined) return undefined
    if (row.consumed_at === null) return newest
    if (row.successor === null) return undefined
    newest = openSuccessor(newest, row.successor)
  }
  return newest
}

/** Marks a token as handed out again, unless it was used. */
export function reissuing(token: string): Condition {
  return { text: reissue, values: [hashSecret(token)] }
}
