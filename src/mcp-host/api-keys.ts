/** The MCP server's API keys, in its own database: the operator's list, and the look-up for each request with a key. */

import type { Clock } from '../base/clock.js'
import { randomSecret } from '../base/secrets.js'
import type { Database } from '../database/database.js'
import type { ColumnsOf, Sql } from '../database/sql.js'
import { moment, text } from '../database/table.js'
import { parseScope } from '../oauth/scope.js'
import { type ApiKeyRecord, type ApiKeyStore, formatApiKey, hashApiKey } from '../resource-server/api-keys.js'
import { PrismaClient } from './generated/client.js'
import { apiKeys } from './tables.js'

/** A key as the operator sees it, without its hash. */
export interface ListedApiKey extends Omit<ApiKeyRecord, 'keyHash'> {
  readonly name: string
  readonly createdAt: Date
}

export interface NewApiKey {
  /** The operator's name for it. */
  readonly name: string
  readonly subject?: string | undefined
  /** Canonical identifier of the resource that it is for. */
  readonly resource: string
  readonly scopes: readonly string[]
  readonly expiresAt: Date
}

/** Operations of the command line. */
export interface ApiKeyList {
  /** The key is returned only here and cannot be shown again. */
  add(key: NewApiKey): Promise<{ readonly id: string; readonly key: string }>
  /** All keys, including expired ones, newest first. */
  list(): Promise<readonly ListedApiKey[]>
  /** False if there is none with this id. */
  remove(id: string): Promise<boolean>
}

interface Row {
  readonly id: string
  readonly keyHash: string
  readonly name: string
  readonly subject: string | null
  readonly resource: string | null
  readonly scope: string
  readonly createdAt: Date
  readonly expiresAt: Date
}

const columns: ColumnsOf<Row> = {
  ...apiKeys.pick('id', 'name', 'subject', 'resource', 'scope'),
  ...{ keyHash: text, createdAt: moment, expiresAt: moment },
}

// By way of JSON, because a schema of the release before has no such column.
const find = apiKeys.read(
  'api_key_find',
  columns,
  `SELECT id, key_hash AS "keyHash", name, subject, to_jsonb(api_keys) ->> 'resource' AS resource, scope, created_at AS "createdAt", expires_at AS "expiresAt"
    FROM api_keys WHERE id = $1`,
  'security',
)

function listed({ id, name, subject, resource, scope, createdAt, expiresAt }: Row): ListedApiKey {
  const scopes = parseScope(scope)
  return {
    ...{ id, name, scopes, createdAt, expiresAt },
    ...(subject !== null && { subject }),
    ...(resource !== null && { resource }),
  }
}

/** The look-up for each request with a key. */
export function createApiKeyStore(sql: Sql): ApiKeyStore {
  return {
    find: async (id) => {
      const [row] = (await sql.query(find, [id])).rows
      return row && { ...listed(row), keyHash: row.keyHash }
    },
  }
}

export function createApiKeyList({ adapter }: Pick<Database, 'adapter'>, clock: Clock): ApiKeyList {
  const { apiKey: keys } = new PrismaClient({ adapter })
  return {
    add: async ({ name, subject = null, resource, scopes, expiresAt }) => {
      const id = Buffer.from(randomSecret(6), 'base64url').toString('hex')
      const key = formatApiKey(id, randomSecret())
      const row = { id, keyHash: hashApiKey(key), name, subject, resource, scope: scopes.join(' ') }
      await keys.create({ data: { ...row, createdAt: clock.now(), expiresAt } })
      return { id, key }
    },
    list: async () => (await keys.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'asc' }] })).map(listed),
    remove: async (id) => (await keys.deleteMany({ where: { id } })).count === 1,
  }
}
