/**
 * Signing and cookie keys. They live in the database so that every process agrees; private parts are sealed with the encryption
 * key, which is not in the database. Does not own when keys change: it keeps `next`, `current` and `previous` apart.
 */
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { randomSecret, SealError } from '../platform/secrets.js'
import type { Storage } from './storage.js'

export type SigningAlgorithm = 'ES256' | 'RS256'

/** A private key as the engine's key store takes it: `kid`, `alg`, `use` and the private members. */
export type PrivateSigningKey = JWK & { readonly kid: string; readonly alg: string; readonly use: 'sig' }

/** ES256 signs our tokens; RS256 is there for OpenID clients that registered for it. */
const algorithms: readonly SigningAlgorithm[] = ['ES256', 'RS256']

/** Held while first keys are made, so that processes which start together make one set. */
const keyLock = 0x6a7e_0002

const statusOrder: readonly string[] = ['current', 'next', 'previous']

function signingKeyPurpose(kid: string): string {
  return `signing key ${kid}`
}

async function createSigningKey(storage: Storage, algorithm: SigningAlgorithm): Promise<void> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const kid = randomSecret(9)
  const members = { kid, alg: algorithm, use: 'sig' }
  await storage.prisma.signingKey.create({
    data: {
      kid,
      algorithm,
      status: 'current',
      publicJwk: { ...(await exportJWK(publicKey)), ...members },
      sealedPrivateJwk: storage.secretBox.seal(
        JSON.stringify({ ...(await exportJWK(privateKey)), ...members }),
        signingKeyPurpose(kid),
      ),
      createdAt: storage.clock.now(),
    },
  })
}

async function createMissing(storage: Storage): Promise<void> {
  const existing = await storage.prisma.signingKey.findMany({
    where: { status: 'current' },
    select: { algorithm: true },
  })
  for (const algorithm of algorithms) {
    if (!existing.some((key) => key.algorithm === algorithm)) await createSigningKey(storage, algorithm)
  }
  if ((await storage.prisma.cookieKey.count()) === 0) {
    const id = randomSecret(9)
    const sealed = storage.secretBox.seal(randomSecret(), `cookie key ${id}`)
    await storage.prisma.cookieKey.create({ data: { id, sealed, createdAt: storage.clock.now() } })
  }
}

/** Makes the first keys when there are none. Safe to call from several processes at once. */
export async function ensureKeys(storage: Storage): Promise<void> {
  const [signing, cookie] = await Promise.all([
    storage.prisma.signingKey.count({ where: { status: 'current' } }),
    storage.prisma.cookieKey.count(),
  ])
  if (signing >= algorithms.length && cookie > 0) return
  await storage.database.exclusively(keyLock, () => createMissing(storage))
}

function explain(error: unknown): unknown {
  if (!(error instanceof SealError)) return error
  return new Error(
    'the encryption key is not the one this database was set up with; restore ENCRYPTION_KEY or its file',
    { cause: error },
  )
}

/** All signing keys with their private parts, signing keys first. Throws when the encryption key is the wrong one. */
export async function loadSigningKeys(storage: Storage): Promise<PrivateSigningKey[]> {
  const rows = await storage.prisma.signingKey.findMany({ orderBy: { createdAt: 'desc' } })
  try {
    return rows
      .sort((left, right) => statusOrder.indexOf(left.status) - statusOrder.indexOf(right.status))
      .map(
        (row) =>
          JSON.parse(storage.secretBox.open(row.sealedPrivateJwk, signingKeyPurpose(row.kid))) as PrivateSigningKey,
      )
  } catch (error) {
    throw explain(error)
  }
}

/** Cookie keys, the one that signs first. Throws when the encryption key is the wrong one. */
export async function loadCookieKeys(storage: Storage): Promise<string[]> {
  const rows = await storage.prisma.cookieKey.findMany({ orderBy: { createdAt: 'desc' } })
  try {
    return rows.map((row) => storage.secretBox.open(row.sealed, `cookie key ${row.id}`))
  } catch (error) {
    throw explain(error)
  }
}
