/** The MCP server's API keys, in its own database: the operator's list, and the look-up of each request that brings one. */

import type { Clock } from '../base/clock.js'
import { randomSecret } from '../base/secrets.js'
import type { Sql, Statement } from '../database/sql.js'
import { parseScope } from '../oauth/scope.js'
import { type ApiKeyRecord, type ApiKeyStore, formatApiKey, hashApiKey } from '../resource-server/index.js'

/** A key as its operator sees it, without what proves it. */
export interface ListedApiKey extends Omit<ApiKeyRecord, 'keyHash'> {
  readonly name: string
  readonly createdAt: Date
}

export interface NewApiKey {
  /** What the operator calls it. */
  readonly name: string
  readonly subject?: string | undefined
  readonly scopes: readonly string[]
  readonly expiresAt: Date
}

export interface ApiKeys extends ApiKeyStore {
  /** The key, which is in nobody's hands but the caller's: it cannot be shown again. */
  add(key: NewApiKey): Promise<{ readonly id: string; readonly key: string }>
  /** All, expired ones too, the newest first. */
  list(): Promise<readonly ListedApiKey[]>
  /** False when there is none of this id. */
  remove(id: string): Promise<boolean>
}

interface Row {
  readonly id: string
  readonly keyHash: string
  readonly name: string
  readonly subject: string | null
  readonly scope: string
  readonly createdAt: Date
  readonly expiresAt: Date
}

const columns = `id, key_hash AS "keyHash", name, subject, scope, created_at AS "createdAt", expires_at AS "expiresAt"`

const find: Statement = {
  name: 'api_key_find',
  lane: 'security',
  text: `SELECT ${columns} FROM api_keys WHERE id = $1`,
}
const list: Statement = {
  name: 'api_key_list',
  lane: 'read',
  text: `SELECT ${columns} FROM api_keys ORDER BY created_at DESC, id`,
}
const remove: Statement = { name: 'api_key_remove', lane: 'write', text: `DELETE FROM api_keys WHERE id = $1` }
const insert: Statement = {
  name: 'api_key_insert',
  lane: 'write',
  text: `INSERT INTO api_keys (id, key_hash, name, subject, scope, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6::timestamptz, $7::timestamptz)`,
}

function listed({ id, name, subject, scope, createdAt, expiresAt }: Row): ListedApiKey {
  const scopes = parseScope(scope)
  return { id, name, scopes, createdAt, expiresAt, ...(subject !== null && { subject }) }
}

export function createApiKeys(sql: Sql, clock: Clock): ApiKeys {
  return {
    find: async (id) => {
      const [row] = (await sql.query<Row>(find, [id])).rows
      return row && { ...listed(row), keyHash: row.keyHash }
    },
    add: async ({ name, subject, scopes, expiresAt }) => {
      const id = Buffer.from(randomSecret(6), 'base64url').toString('hex')
      const key = formatApiKey(id, randomSecret())
      const values = [id, hashApiKey(key), name, subject ?? null, scopes.join(' '), clock.now(), expiresAt]
      await sql.query(insert, values)
      return { id, key }
    },
    list: async () => (await sql.query<Row>(list, [])).rows.map(listed),
    remove: async (id) => (await sql.query(remove, [id])).rowCount === 1,
  }
}
