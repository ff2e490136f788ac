/**
 * The use of an identifier that is good once (an identity assertion), together with everything that follows from it: one statement, so
 * that either all of it is written, or the identifier is as good as before.
 */

import { hashSecret, randomSecret } from '../../base/secrets.js'
import { isUnanswered, settle } from '../../database/outage.js'
import type { Sql, Statement } from '../../database/sql.js'
import { declareCondition, type Write, writeTogether } from '../../database/writes.js'

const use = declareCondition('use_once', {
  condition: `INSERT INTO artifacts (model, id_hash, payload, expires_at)
    VALUES ('ReplayDetection', $1::text, jsonb_build_object('by', $2::text), $3::timestamptz)
    ON CONFLICT (model, id_hash) DO NOTHING RETURNING 1`,
})

const readUser: Statement = {
  name: 'use_once_by',
  lane: 'read',
  text: `SELECT payload ->> 'by' AS by FROM artifacts WHERE model = 'ReplayDetection' AND id_hash = $1`,
}

export class OneTimeUse {
  readonly #idHash: string
  readonly #until: string
  /** Tells this use from another one of the same identifier, when the database's answer was lost. */
  readonly #by = randomSecret()

  constructor(identifier: string, until: Date) {
    this.#idHash = hashSecret(identifier)
    this.#until = until.toISOString()
  }

  /** False when the identifier was used before, and then nothing was written. */
  async commit(sql: Sql, writes: readonly Write[]): Promise<boolean> {
    const condition = { text: use, values: [this.#idHash, this.#by, this.#until] }
    const send = () => writeTogether(sql, writes, condition)
    return send().catch((error: unknown) => {
      if (!isUnanswered(error)) throw error
      return settle(async () => (await send()) || (await this.#isOurs(sql, writes)))
    })
  }

  async #isOurs(sql: Sql, writes: readonly Write[]): Promise<boolean> {
    const { rows } = await sql.query<{ by: string | null }>(readUser, [this.#idHash])
    if (rows[0]?.by !== this.#by) return false
    for (const { onWritten } of writes) onWritten?.()
    return true
  }
}
