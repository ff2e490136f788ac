/** Registered clients, with their secret sealed beside their metadata. Client ID metadata documents are never stored here. */
import type { Adapter, ClientMetadata } from 'oidc-provider'
import type { Statement } from '../platform/database.js'
import type { ClientRow } from './credential.js'
import { type Payload, unsupported } from './engine-model.js'
import { revokeGrantsOfClient } from './grants.js'
import type { Storage } from './storage.js'
import { currentTokenRequest } from './token-request.js'

/** `static`: made by the operator. `dynamic`: registered itself (RFC 7591). */
export type ClientOrigin = 'static' | 'dynamic'

export interface StoredClient {
  readonly clientId: string
  readonly origin: ClientOrigin
  readonly name: string | undefined
  readonly metadata: ClientMetadata
  readonly createdAt: Date
}

const upsert: Statement = {
  name: 'client_upsert',
  text: `INSERT INTO clients (id, origin, name, payload, sealed_secret, updated_at) VALUES ($1, $2, $3, $4::jsonb, $5, $6::timestamptz)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, payload = excluded.payload, sealed_secret = excluded.sealed_secret, updated_at = excluded.updated_at`,
}

const find: Statement = { name: 'client_find', text: 'SELECT payload, sealed_secret FROM clients WHERE id = $1' }

const destroy: Statement = { name: 'client_destroy', text: 'DELETE FROM clients WHERE id = $1' }

function secretPurpose(clientId: string): string {
  return `client secret of ${clientId}`
}

async function save(storage: Storage, clientId: string, payload: Payload, origin: ClientOrigin): Promise<void> {
  const { client_secret: secret, ...metadata } = payload
  const sealed = typeof secret === 'string' ? storage.secretBox.seal(secret, secretPurpose(clientId)) : null
  const name = typeof payload['client_name'] === 'string' ? payload['client_name'] : null
  const now = storage.clock.now().toISOString()
  await storage.database.sql.query(upsert, [clientId, origin, name, JSON.stringify(metadata), sealed, now])
}

async function remove(storage: Storage, clientId: string): Promise<boolean> {
  const { rowCount } = await storage.database.sql.query(destroy, [clientId])
  await revokeGrantsOfClient(storage, clientId)
  return rowCount > 0
}

export function createClientAdapter(storage: Storage): Adapter {
  return {
    upsert: (id, payload) => save(storage, id, payload, 'dynamic'),
    find: async (id) => {
      // A URL is a client ID metadata document: the engine fetches it, no row exists.
      if (id.startsWith('https://')) return undefined
      // PostgreSQL cannot even be asked for it.
      if (id.includes('\0')) return undefined
      const together = await currentTokenRequest()?.readClient(id)
      const row = together ?? (await storage.database.sql.query<ClientRow>(find, [id])).rows[0]
      if (row === undefined) return undefined
      if (row.sealed_secret === null) return row.payload
      return { ...row.payload, client_secret: storage.secretBox.open(row.sealed_secret, secretPurpose(id)) }
    },
    destroy: async (id) => void (await remove(storage, id)),
    consume: unsupported('Client', 'single use'),
    findByUid: unsupported('Client', 'uid'),
    findByUserCode: unsupported('Client', 'user code'),
    revokeByGrantId: unsupported('Client', 'grant'),
  }
}

/** What the command line does with clients. Metadata shown never holds the secret. */
export interface ClientStore {
  list(): Promise<StoredClient[]>
  find(clientId: string): Promise<StoredClient | undefined>
  /** Stores metadata as given, `client_secret` sealed. Does not validate it: the engine does, at first use. */
  save(clientId: string, metadata: ClientMetadata, origin: ClientOrigin): Promise<void>
  /** Removes the client and revokes all its grants; false when there was none. */
  remove(clientId: string): Promise<boolean>
}

function toStoredClient(row: {
  id: string
  origin: string
  name: string | null
  payload: unknown
  createdAt: Date
}): StoredClient {
  return {
    clientId: row.id,
    origin: row.origin === 'static' ? 'static' : 'dynamic',
    name: row.name ?? undefined,
    metadata: row.payload as ClientMetadata,
    createdAt: row.createdAt,
  }
}

export function createClientStore(storage: Storage): ClientStore {
  const { client } = storage.prisma
  return {
    list: async () => (await client.findMany({ orderBy: { createdAt: 'asc' } })).map(toStoredClient),
    find: async (clientId) => {
      const row = await client.findUnique({ where: { id: clientId } })
      return row === null ? undefined : toStoredClient(row)
    },
    save: (clientId, metadata, origin) => save(storage, clientId, { ...metadata }, origin),
    remove: (clientId) => remove(storage, clientId),
  }
}
