/** The authorization server's storage on a database of its own, with a clock that a test moves. */
import type { Adapter } from 'oidc-provider'
import { createEngineAdapters } from '../../src/authorization-server/engine/engine-adapter.js'
import { createSecretBox, randomSecret } from '../../src/base/secrets.js'
import { createStorage, type Storage } from '../../src/storage/storage.js'
import { type DatabaseKind, openTestDatabase } from '../support/databases.js'

export interface TestStorage {
  readonly storage: Storage
  readonly adapter: (model: string) => Adapter
  advance(seconds: number): void
  /** A saved grant of an account of its own; returns the grant's id. */
  newGrant(options?: { clientId?: string; disabled?: boolean }): Promise<{ grantId: string; accountId: string }>
  /** Whether any column of any table holds the text. */
  holds(text: string): Promise<boolean>
  close(): Promise<void>
}

export const refreshGraceSeconds = 20

export async function openTestStorage(kind: DatabaseKind): Promise<TestStorage> {
  // The full minute at hand: near the database's clock, and where windows of a minute begin.
  let now = Math.floor(Date.now() / 60_000) * 60_000
  const storage = createStorage({
    database: await openTestDatabase(kind, 'auth'),
    secretBox: createSecretBox(randomSecret()),
    clock: { now: () => new Date(now) },
    refreshGraceSeconds,
  })
  const adapter = createEngineAdapters(storage)
  const query = (text: string) =>
    storage.database.sql.query<{ text: string }>({ name: `test_${randomSecret(6)}`, lane: 'read', text }, [])
  return {
    storage,
    adapter,
    advance: (seconds) => {
      now += seconds * 1000
    },
    newGrant: async ({ clientId = 'client-1', disabled = false } = {}) => {
      const accountId = randomSecret(8)
      const grantId = randomSecret(8)
      const email = `${accountId.toLowerCase()}@example.com`
      const disabledAt = disabled ? new Date(now) : null
      await storage.prisma.account.create({
        data: { id: accountId, email, passwordHash: 'x', updatedAt: new Date(now), disabledAt },
      })
      await adapter('Grant').upsert(grantId, { jti: grantId, kind: 'Grant', accountId, clientId }, 86_400)
      return { grantId, accountId }
    },
    holds: async (wanted) => {
      const tables = await query(
        `SELECT table_name AS text FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
      )
      const dumps = await Promise.all(
        tables.rows.map(({ text: table }) => query(`SELECT row_to_json(t)::text AS text FROM ${table} t`)),
      )
      return dumps.some(({ rows }) => rows.some(({ text }) => text.includes(wanted)))
    },
    close: () => storage.close(),
  }
}
