/**
 * Signing and cookie keys: making and reading them. They live in the database so that every process agrees; private parts are sealed
 * with the encryption key, which is not in the database. When they change: key-lifecycle.ts, key-rotation.ts.
 */

import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { encryptionKeyIdOf, randomSecret, SealError } from '../../base/secrets.js'
import type { Database } from '../../database/database.js'
import type { ColumnsOf } from '../../database/sql.js'
import { int, orNull, text, textOf } from '../../database/table.js'
import type { Storage } from '../storage.js'
import { cookieKeys, signingKeys } from '../tables.js'
import {
  orderCookieKeys,
  type SigningAlgorithm,
  type SigningKeyStatus,
  type StoredKey,
  signingAlgorithms,
} from './key-lifecycle.js'

/** A private key as the engine's key store takes it: `kid`, `alg`, `use` and the private members. */
export type PrivateSigningKey = JWK & { readonly kid: string; readonly alg: string; readonly use: 'sig' }

/** Held while keys are made or changed, so that processes which do it together do it once. */
export const keyLock = 0x6a7e_0002

const statusOrder: readonly string[] = ['current', 'next', 'previous'] satisfies SigningKeyStatus[]

export function signingKeyPurpose(kid: string): string {
  return `signing key ${kid}`
}

export function cookieKeyPurpose(id: string): string {
  return `cookie key ${id}`
}

/** A signing key that is in no table yet. Takes up to a second: RSA keys are searched for. */
export async function newSigningKey({ secretBox, clock }: Storage, algorithm: SigningAlgorithm) {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const kid = randomSecret(9)
  const members = { kid, alg: algorithm, use: 'sig' }
  const privateJwk = JSON.stringify({ ...(await exportJWK(privateKey)), ...members })
  return {
    kid,
    algorithm,
    publicJwk: { ...(await exportJWK(publicKey)), ...members },
    sealedPrivateJwk: secretBox.seal(privateJwk, signingKeyPurpose(kid)),
    createdAt: clock.now(),
  }
}

/** A cookie key that is in no table yet. */
export function newCookieKey({ secretBox, clock }: Storage) {
  const id = randomSecret(9)
  return { id, sealed: secretBox.seal(randomSecret(), cookieKeyPurpose(id)), createdAt: clock.now() }
}

async function createMissing(storage: Storage): Promise<void> {
  const existing = await storage.prisma.signingKey.findMany({
    where: { status: 'current' },
    select: { algorithm: true },
  })
  for (const algorithm of signingAlgorithms) {
    if (existing.some((key) => key.algorithm === algorithm)) continue
    await storage.prisma.signingKey.create({
      data: { ...(await newSigningKey(storage, algorithm)), status: 'current' },
    })
  }
  if ((await storage.prisma.cookieKey.count()) === 0) {
    await storage.prisma.cookieKey.create({ data: newCookieKey(storage) })
  }
}

// Reads of keys are statements, because every start makes them: an idle server need not load what Prisma's first query loads.
const countKeys = signingKeys.read(
  'keys_count',
  { signing: int, cookie: int },
  `SELECT (SELECT count(*)::int FROM signing_keys WHERE status = 'current') AS signing,
    (SELECT count(*)::int FROM cookie_keys) AS cookie`,
)

/** Makes the first keys when there are none. Safe to call from several processes at once. */
export async function ensureKeys(storage: Storage): Promise<void> {
  const [found] = (await storage.database.sql.query(countKeys, [])).rows
  if (found !== undefined && found.signing >= signingAlgorithms.length && found.cookie > 0) return
  await storage.database.exclusively(keyLock, () => createMissing(storage))
}

const anyStored = signingKeys.read(
  'keys_any',
  {},
  'SELECT 1 FROM signing_keys UNION ALL SELECT 1 FROM cookie_keys LIMIT 1',
)

/** Whether a start has made keys already. */
export async function hasKeys({ sql }: Pick<Database, 'sql'>): Promise<boolean> {
  return (await sql.query(anyStored, [])).rows.length > 0
}

const storedColumns: ColumnsOf<StoredRow> = {
  kind: textOf<StoredKey['kind']>(),
  id: text,
  algorithm: orNull(textOf<SigningAlgorithm>()),
  status: orNull(textOf<SigningKeyStatus>()),
  ...signingKeys.pick('created_at', 'activates_at', 'published_until'),
  sealedUnder: text,
}

/** One short statement, because every process asks it every few seconds. */
const readStored = signingKeys.read(
  'keys_stored',
  storedColumns,
  `SELECT 'signing' AS kind, kid AS id, algorithm, status, created_at, activates_at, published_until,
      ${encryptionKeyIdOf('sealed_private_jwk')} AS "sealedUnder" FROM signing_keys
    UNION ALL SELECT 'cookie', id, NULL, NULL, created_at, activates_at, NULL, ${encryptionKeyIdOf('sealed')} FROM cookie_keys
    ORDER BY kind, id`,
)

/** A stored key, with the id of the encryption key that it is sealed under; '' when it was sealed by a release that named none. */
export interface SealedKey extends StoredKey {
  readonly sealedUnder: string
}

interface StoredRow extends Pick<SealedKey, 'kind' | 'id' | 'algorithm' | 'status' | 'sealedUnder'> {
  readonly created_at: Date
  readonly activates_at: Date | null
  readonly published_until: Date | null
}

/** All keys, without their secret parts, in an order that changes only with them. */
export async function readStoredKeys({ database }: Storage): Promise<readonly SealedKey[]> {
  const { rows } = await database.sql.query(readStored, [])
  return rows.map(({ kind, id, algorithm, status, created_at, activates_at, published_until, sealedUnder }) => ({
    ...{ kind, id, algorithm, status, sealedUnder },
    ...{ createdAt: created_at, activatesAt: activates_at, publishedUntil: published_until },
  }))
}

/** A stored key cannot be decrypted with the configured encryption keys. */
export class EncryptionKeyError extends Error {
  constructor(cause: SealError) {
    super('the database was set up with another encryption key: restore ENCRYPTION_KEY or its file', {
      cause,
    })
    this.name = 'EncryptionKeyError'
  }
}

function explain(error: unknown): unknown {
  return error instanceof SealError ? new EncryptionKeyError(error) : error
}

const selectSigningKeys = signingKeys.read(
  'keys_signing',
  signingKeys.pick('kid', 'status', 'sealed_private_jwk'),
  'SELECT kid, status, sealed_private_jwk FROM signing_keys ORDER BY created_at DESC',
)

const selectCookieKeys = cookieKeys.read(
  'keys_cookie',
  cookieKeys.pick('id', 'sealed', 'created_at', 'activates_at'),
  'SELECT id, sealed, created_at, activates_at FROM cookie_keys',
)

/** All signing keys with their private parts, signing keys first. Throws when the encryption key is the wrong one. */
export async function loadSigningKeys(storage: Storage): Promise<PrivateSigningKey[]> {
  const { rows } = await storage.database.sql.query(selectSigningKeys, [])
  try {
    return [...rows]
      .sort((left, right) => statusOrder.indexOf(left.status) - statusOrder.indexOf(right.status))
      .map(
        (row) =>
          JSON.parse(storage.secretBox.open(row.sealed_private_jwk, signingKeyPurpose(row.kid))) as PrivateSigningKey,
      )
  } catch (error) {
    throw explain(error)
  }
}

/** Cookie keys, the one that signs first. Throws when the encryption key is the wrong one. */
export async function loadCookieKeys(storage: Storage): Promise<string[]> {
  const { rows } = await storage.database.sql.query(selectCookieKeys, [])
  const stored = rows.map(({ id, created_at: createdAt, activates_at: activatesAt }) => ({
    ...{ kind: 'cookie' as const, id, createdAt, activatesAt },
    ...{ algorithm: null, status: null, publishedUntil: null },
  }))
  const sealed = new Map(rows.map((row) => [row.id, row.sealed]))
  try {
    return orderCookieKeys(stored, storage.clock.now()).map(({ id }) =>
      storage.secretBox.open(sealed.get(id) ?? '', cookieKeyPurpose(id)),
    )
  } catch (error) {
    throw explain(error)
  }
}
