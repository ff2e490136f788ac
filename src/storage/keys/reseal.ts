/**
 * Re-encrypts stored secrets under the first encryption key, so that older keys can be removed, and reports what is still under
 * an older one. Safe beside running servers, and safe to repeat.
 */

import { encryptionKeyIdOf } from '../../base/secrets.js'
import type { Statement } from '../../database/sql.js'
import { secretPurpose } from '../clients/clients.js'
import { expiryLimit } from '../engine-model.js'
import { expiredDeviceCodeSeconds } from '../grants/artifacts.js'
import type { Storage } from '../storage.js'
import { cookieKeyPurpose, signingKeyPurpose } from './keys.js'

/** A column of sealed values. Device codes, sealed too, are left to their end, which comes within the hour. */
interface SealedColumn {
  readonly what: 'keys' | 'client secrets'
  readonly table: string
  readonly key: string
  readonly column: string
  readonly purpose: (id: string) => string
}

const columns: readonly SealedColumn[] = [
  { what: 'keys', table: 'signing_keys', key: 'kid', column: 'sealed_private_jwk', purpose: signingKeyPurpose },
  { what: 'keys', table: 'cookie_keys', key: 'id', column: 'sealed', purpose: cookieKeyPurpose },
  { what: 'client secrets', table: 'clients', key: 'id', column: 'sealed_secret', purpose: secretPurpose },
]

const batchSize = 500

const readBatch = ({ table, key, column }: SealedColumn): Statement => ({
  name: `reseal_read_${table}`,
  lane: 'read',
  text: `SELECT ${key} AS id, ${column} AS sealed FROM ${table} WHERE ${key} > $1 AND ${column} IS NOT NULL ORDER BY ${key} LIMIT ${batchSize}`,
})

/** Replaces a value only if it is unchanged since it was read: one that changed is already under the first key. */
const replace = ({ table, key, column }: SealedColumn): Statement => ({
  name: `reseal_write_${table}`,
  lane: 'write',
  text: `UPDATE ${table} SET ${column} = $3 WHERE ${key} = $1 AND ${column} = $2`,
})

export type ResealCounts = Readonly<Record<SealedColumn['what'], number>>

/**
 * Re-encrypts everything that is not yet under the first key, and returns the counts. Throws SealError if a key is missing;
 * nothing is lost then.
 */
export async function resealAll({ database: { sql }, secretBox }: Storage): Promise<ResealCounts> {
  const counts = { keys: 0, 'client secrets': 0 }
  for (const sealedColumn of columns) {
    const { what, purpose } = sealedColumn
    let last = ''
    for (let size = batchSize; size === batchSize; ) {
      const { rows } = await sql.query<{ id: string; sealed: string }>(readBatch(sealedColumn), [last])
      for (const { id, sealed } of rows) {
        if (secretBox.isSealedAnew(sealed)) continue
        const anew = secretBox.seal(secretBox.open(sealed, purpose(id)), purpose(id))
        counts[what] += (await sql.query(replace(sealedColumn), [id, sealed, anew])).rowCount
      }
      size = rows.length
      last = rows.at(-1)?.id ?? last
    }
  }
  return counts
}

const examineColumn = ({ table, key, column }: SealedColumn): Statement => ({
  name: `reseal_examine_${table}`,
  lane: 'read',
  text: `SELECT id, sealed, key_id, count FROM (
      SELECT ${key} AS id, ${column} AS sealed, ${encryptionKeyIdOf(column)} AS key_id,
        row_number() OVER (PARTITION BY ${encryptionKeyIdOf(column)}) AS place,
        count(*) OVER (PARTITION BY ${encryptionKeyIdOf(column)})::int AS count
      FROM ${table} WHERE ${column} IS NOT NULL
    ) sealed_values WHERE place <= $1::int`,
})

/** How many of each encryption key are tried: what opens one opens them all, but for a row that was changed. */
const samples = 50

/** Values of one kind under one encryption key. */
export interface SealedValues {
  readonly what: SealedColumn['what']
  readonly count: number
  /** `closed`: secrets that none of the configured keys can decrypt. `older`: secrets under a key other than the first. */
  readonly state: 'newest' | 'older' | 'closed'
}

/** Whether every stored secret can be decrypted with the configured encryption keys. Changes nothing. */
export async function examineSeals({
  database: { sql },
  secretBox,
}: Pick<Storage, 'database' | 'secretBox'>): Promise<readonly SealedValues[]> {
  const found: SealedValues[] = []
  for (const sealedColumn of columns) {
    const { what, purpose } = sealedColumn
    const byKey = new Map<string, SealedValues>()
    type Row = { readonly id: string; readonly sealed: string; readonly key_id: string; readonly count: number }
    for (const row of (await sql.query<Row>(examineColumn(sealedColumn), [samples])).rows) {
      const state = !secretBox.opens(row.sealed, purpose(row.id))
        ? 'closed'
        : secretBox.isSealedAnew(row.sealed)
          ? 'newest'
          : 'older'
      if (byKey.get(row.key_id)?.state !== 'closed') byKey.set(row.key_id, { what, count: row.count, state })
    }
    found.push(...byKey.values())
  }
  return found
}

const countOlder: Statement = {
  name: 'reseal_older',
  lane: 'read',
  text: `SELECT ${['keys', 'client secrets']
    .map((what) => {
      const of = columns.filter((sealedColumn) => sealedColumn.what === what)
      const counts = of.map(
        ({ table, column }) =>
          `(SELECT count(*) FROM ${table} WHERE ${column} IS NOT NULL AND ${encryptionKeyIdOf(column)} <> $1::text)`,
      )
      return `(${counts.join(' + ')})::int AS "${what}"`
    })
    .join(', ')},
    ((SELECT count(*) FROM artifacts WHERE model = 'DeviceCode' AND expires_at > $2::timestamptz
        AND ${encryptionKeyIdOf("payload->>'sealedValue'")} <> $1::text)
      + (SELECT count(*) FROM ephemeral_artifacts WHERE model = 'Interaction' AND expires_at > $2::timestamptz
        AND ${encryptionKeyIdOf("payload->>'deviceCode'")} <> $1::text))::int AS "sign-ins by device"`,
}

/** What still needs an encryption key other than the first. */
export type OlderSeals = Readonly<Record<SealedColumn['what'] | 'sign-ins by device', number>>

/** Counts everything that is lost when the encryption keys behind the first go. Reads whole tables: for the command line. */
export async function countOlderSeals(storage: Storage): Promise<OlderSeals> {
  const values = [storage.secretBox.keyId, expiryLimit(storage, expiredDeviceCodeSeconds)]
  const { rows } = await storage.database.sql.query<OlderSeals>(countOlder, values)
  if (rows[0] === undefined) throw new Error('nothing was counted')
  return rows[0]
}
