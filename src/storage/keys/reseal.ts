/**
 * Re-encrypts stored secrets under the first encryption key, so that older keys can be removed, and reports what is still under
 * an older one. Safe beside running servers, and safe to repeat.
 */

import { encryptionKeyIdOf } from '../../base/secrets.js'
import { type Columns, int, type Table, text } from '../../database/table.js'
import { providerSecretPurpose, toIdentityProvider } from '../../oauth/identity-provider.js'
import { secretPurpose } from '../clients/clients.js'
import { expiryLimit } from '../engine-model.js'
import { appPurpose } from '../factors/authenticator-apps.js'
import type { Prisma, PrismaClient } from '../generated/client.js'
import { expiredDeviceCodeSeconds } from '../grants/artifacts.js'
import type { Storage } from '../storage.js'
import { authenticatorApps, clients, cookieKeys, declarations, signingKeys } from '../tables.js'
import { cookieKeyPurpose, signingKeyPurpose } from './keys.js'

interface SealedRow {
  readonly id: string
  readonly sealed: string
}

/** A column of sealed values. Device codes, sealed too, are left to their end, which comes within the hour. */
interface SealedColumn {
  readonly what: 'keys' | 'client secrets' | 'authenticator apps'
  readonly table: Table<Columns>
  readonly key: string
  /** Or an expression over the row. */
  readonly column: string
  readonly purpose: (id: string) => string
  /** At most `batchSize` rows behind this id, in the order of ids. */
  read(prisma: PrismaClient, after: string): Promise<readonly SealedRow[]>
  /** Replaces a value only if it is unchanged since it was read: one that changed is already under the first key. */
  replace(prisma: PrismaClient, row: SealedRow, resealed: string): Promise<Prisma.BatchPayload>
}

const batchSize = 500

/** Empty for a provider without a secret. */
const sealedIn = (payload: string): string => toIdentityProvider(JSON.parse(payload)).sealedSecret ?? ''

const columns: readonly SealedColumn[] = [
  {
    ...{ what: 'keys', table: signingKeys, key: 'kid', column: 'sealed_private_jwk', purpose: signingKeyPurpose },
    read: async ({ signingKey }, after) => {
      const rows = await signingKey.findMany({
        where: { kid: { gt: after } },
        orderBy: { kid: 'asc' },
        take: batchSize,
      })
      return rows.map(({ kid: id, sealedPrivateJwk: sealed }) => ({ id, sealed }))
    },
    replace: ({ signingKey }, { id, sealed }, resealed) =>
      signingKey.updateMany({ where: { kid: id, sealedPrivateJwk: sealed }, data: { sealedPrivateJwk: resealed } }),
  },
  {
    ...{ what: 'keys', table: cookieKeys, key: 'id', column: 'sealed', purpose: cookieKeyPurpose },
    read: ({ cookieKey }, after) =>
      cookieKey.findMany({ where: { id: { gt: after } }, orderBy: { id: 'asc' }, take: batchSize }),
    replace: ({ cookieKey }, row, resealed) =>
      cookieKey.updateMany({ where: { id: row.id, sealed: row.sealed }, data: { sealed: resealed } }),
  },
  {
    ...{ what: 'client secrets', table: clients, key: 'id', column: 'sealed_secret', purpose: secretPurpose },
    read: async ({ client }, after) => {
      const rows = await client.findMany({
        where: { id: { gt: after }, sealedSecret: { not: null } },
        ...{ select: { id: true, sealedSecret: true }, orderBy: { id: 'asc' }, take: batchSize },
      })
      return rows.flatMap(({ id, sealedSecret: sealed }) => (sealed === null ? [] : [{ id, sealed }]))
    },
    replace: ({ client }, { id, sealed }, resealed) =>
      client.updateMany({ where: { id, sealedSecret: sealed }, data: { sealedSecret: resealed } }),
  },
  {
    ...{ what: 'client secrets', table: declarations, key: 'id', purpose: providerSecretPurpose },
    // Of other kinds of declarations the payload may be empty, which is no JSON.
    column: "(CASE WHEN kind = 'provider' THEN payload::jsonb ->> 'client_secret' END)",
    read: async ({ declaration }, after) => {
      const rows = await declaration.findMany({
        where: { kind: 'provider', id: { gt: after } },
        ...{ orderBy: { id: 'asc' }, take: batchSize },
      })
      return rows.map(({ id, payload }) => ({ id, sealed: sealedIn(payload) }))
    },
    replace: async ({ declaration }, { id, sealed }, resealed) => {
      const row = await declaration.findUnique({ where: { kind_id: { kind: 'provider', id } } })
      if (row === null || sealedIn(row.payload) !== sealed) return { count: 0 }
      const payload = JSON.stringify({ ...JSON.parse(row.payload), client_secret: resealed })
      return declaration.updateMany({ where: { kind: 'provider', id, payload: row.payload }, data: { payload } })
    },
  },
  {
    ...{ what: 'authenticator apps', table: authenticatorApps, key: 'account_id', column: 'sealed_secret' },
    purpose: appPurpose,
    read: async ({ authenticatorApp }, after) => {
      const rows = await authenticatorApp.findMany({
        where: { accountId: { gt: after } },
        ...{ orderBy: { accountId: 'asc' }, take: batchSize },
      })
      return rows.map(({ accountId: id, sealedSecret: sealed }) => ({ id, sealed }))
    },
    replace: ({ authenticatorApp }, { id, sealed }, anew) =>
      authenticatorApp.updateMany({ where: { accountId: id, sealedSecret: sealed }, data: { sealedSecret: anew } }),
  },
]

const examineColumn = ({ table, key, column }: SealedColumn) =>
  table.read(
    `reseal_examine_${table.name}`,
    { id: text, sealed: text, key_id: text, count: int },
    `SELECT id, sealed, key_id, count FROM (
      SELECT ${key} AS id, ${column} AS sealed, ${encryptionKeyIdOf(column)} AS key_id,
        row_number() OVER (PARTITION BY ${encryptionKeyIdOf(column)}) AS place,
        count(*) OVER (PARTITION BY ${encryptionKeyIdOf(column)})::int AS count
      FROM ${table.name} WHERE ${column} IS NOT NULL
    ) sealed_values WHERE place <= $1::int`,
  )

const examined = columns.map((sealed) => ({
  ...{ what: sealed.what, purpose: sealed.purpose, examine: examineColumn(sealed) },
}))

export type ResealCounts = Readonly<Record<SealedColumn['what'], number>>

/**
 * Re-encrypts everything that is not yet under the first key, and returns the counts. Throws SealError if a key is missing;
 * nothing is lost then.
 */
export async function resealAll({ prisma, secretBox }: Storage): Promise<ResealCounts> {
  const counts = { keys: 0, 'client secrets': 0, 'authenticator apps': 0 }
  for (const { what, purpose, read, replace } of columns) {
    let last = ''
    for (let size = batchSize; size === batchSize; ) {
      const rows = await read(prisma, last)
      for (const row of rows) {
        const { id, sealed } = row
        if (sealed === '' || secretBox.isSealedByFirstKey(sealed)) continue
        const resealed = secretBox.seal(secretBox.open(sealed, purpose(id)), purpose(id))
        counts[what] += (await replace(prisma, row, resealed)).count
      }
      size = rows.length
      last = rows.at(-1)?.id ?? last
    }
  }
  return counts
}

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
  for (const { what, purpose, examine } of examined) {
    const byKey = new Map<string, SealedValues>()
    for (const row of (await sql.query(examine, [samples])).rows) {
      const state = !secretBox.opens(row.sealed, purpose(row.id))
        ? 'closed'
        : secretBox.isSealedByFirstKey(row.sealed)
          ? 'newest'
          : 'older'
      if (byKey.get(row.key_id)?.state !== 'closed') byKey.set(row.key_id, { what, count: row.count, state })
    }
    found.push(...byKey.values())
  }
  return found
}

const countOlder = signingKeys.read(
  'reseal_older',
  { keys: int, 'client secrets': int, 'authenticator apps': int, 'sign-ins by device': int },
  `SELECT ${['keys', 'client secrets', 'authenticator apps']
    .map((what) => {
      const of = columns.filter((sealedColumn) => sealedColumn.what === what)
      const counts = of.map(
        ({ table, column }) =>
          `(SELECT count(*) FROM ${table.name} WHERE ${column} IS NOT NULL AND ${encryptionKeyIdOf(column)} <> $1::text)`,
      )
      return `(${counts.join(' + ')})::int AS "${what}"`
    })
    .join(', ')},
    ((SELECT count(*) FROM artifacts WHERE model = 'DeviceCode' AND expires_at > $2::timestamptz
        AND ${encryptionKeyIdOf("payload->>'sealedValue'")} <> $1::text)
      + (SELECT count(*) FROM ephemeral_artifacts WHERE model = 'Interaction' AND expires_at > $2::timestamptz
        AND ${encryptionKeyIdOf("payload->>'deviceCode'")} <> $1::text))::int AS "sign-ins by device"`,
)

/** What still needs an encryption key other than the first. */
export type OlderSeals = Readonly<Record<SealedColumn['what'] | 'sign-ins by device', number>>

/** Counts everything that is lost when the encryption keys behind the first go. Reads whole tables: for the command line. */
export async function countOlderSeals(storage: Storage): Promise<OlderSeals> {
  const values = [storage.secretBox.keyId, expiryLimit(storage, expiredDeviceCodeSeconds)]
  const { rows } = await storage.database.sql.query(countOlder, values)
  if (rows[0] === undefined) throw new Error('nothing was counted')
  return rows[0]
}
