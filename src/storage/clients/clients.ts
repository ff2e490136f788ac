/** Registered clients, with their secret sealed beside their metadata. Client ID metadata documents are never stored here. */

import { bool, int, moment } from '../../database/table.js'
import type { NamedClientMetadata } from '../../oauth/registration.js'
import type { Payload } from '../adapter-types.js'
import type { Storage } from '../storage.js'
import { clients } from '../tables.js'
import { belongingTables, deleteBelongings, hasLiveAccess } from './client-hygiene.js'

/** `static`: added by the operator. `file`: from the operator's CLIENTS_FILE. `dynamic`: registered itself (RFC 7591). */
export type ClientOrigin = 'static' | 'file' | 'dynamic'

export function isMadeByOperator(origin: string): boolean {
  return origin === 'static' || origin === 'file'
}

export interface StoredClient {
  readonly clientId: string
  readonly origin: ClientOrigin
  readonly name: string | undefined
  readonly metadata: NamedClientMetadata
  readonly createdAt: Date
}

/** A client in a list. */
export interface ListedClient extends StoredClient {
  /** Somebody's access by it still works. */
  readonly inUse: boolean
}

/** SQL. Its values are `clientValues`. A dynamic client is looked at a day later (client-hygiene.ts), a static one never. */
export const insertClient = `INSERT INTO clients (id, origin, name, payload, sealed_secret, created_at, updated_at, review_at)
    SELECT $1::text, $2::text, $3::text, $4::jsonb, $5::text, $6::timestamptz, $6::timestamptz,
      CASE WHEN $2::text = 'dynamic' THEN $6::timestamptz + interval '1 day' END`

const upsert = clients.write(
  'client_upsert',
  `${insertClient}
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, payload = excluded.payload, sealed_secret = excluded.sealed_secret, updated_at = excluded.updated_at`,
)

/** Grants go even when there is no such client: those of a metadata document (CIMD) have none. */
const destroy = clients.writeReturning(
  'client_destroy',
  { removed: int },
  `WITH removed AS (DELETE FROM clients WHERE id = $1::text RETURNING 1), gone AS (SELECT $1::text AS id), ${deleteBelongings}
    SELECT count(*)::int AS removed FROM removed`,
  { also: belongingTables },
)

const listedColumns = {
  ...clients.pick('id', 'origin', 'name', 'payload'),
  createdAt: moment,
  inUse: bool,
}

const list = clients.read(
  'client_list',
  listedColumns,
  `SELECT c.id, c.origin, c.name, c.payload, c.created_at AS "createdAt", ${hasLiveAccess('c.id', '$1::timestamptz')} AS "inUse"
    FROM clients c ORDER BY c.created_at, c.id`,
)

export function secretPurpose(clientId: string): string {
  return `client secret of ${clientId}`
}

/** Values of `insertClient`. */
export function clientValues(storage: Storage, clientId: string, payload: Payload, origin: ClientOrigin): unknown[] {
  const { client_secret: secret, ...metadata } = payload
  const sealed = typeof secret === 'string' ? storage.secretBox.seal(secret, secretPurpose(clientId)) : null
  const name = typeof payload['client_name'] === 'string' ? payload['client_name'] : null
  return [clientId, origin, name, JSON.stringify(metadata), sealed, storage.clock.now().toISOString()]
}

export async function saveClient(
  storage: Storage,
  clientId: string,
  payload: Payload,
  origin: ClientOrigin,
): Promise<void> {
  await storage.database.sql.query(upsert, clientValues(storage, clientId, payload, origin))
}

/** A client that registered itself is not taken over: whoever registered it holds its registration access token. */
const upsertFromFile = clients.write(
  'client_upsert_from_file',
  `${insertClient}
    ON CONFLICT (id) DO UPDATE SET origin = excluded.origin, name = excluded.name, payload = excluded.payload, sealed_secret = excluded.sealed_secret, updated_at = excluded.updated_at
    WHERE clients.origin <> 'dynamic'`,
)

/** Held while a file's clients are stored, so that processes which start together do it one after the other. */
const fileLock = 0x6a7e_0003

/** What replacing the clients of the last file did. */
export interface FileClientsOutcome {
  /** `client_id`s of clients that were in the last file and are not in this one. Everything granted to them is gone. */
  readonly removed: readonly string[]
}

/**
 * Replaces the clients of CLIENTS_FILE with exactly these. Metadata may hold `client_secret`, which is sealed. Throws before
 * anything is changed when an id belongs to a client that registered itself.
 */
export function replaceFileClients(
  storage: Storage,
  clients: readonly NamedClientMetadata[],
): Promise<FileClientsOutcome> {
  const ids = new Set(clients.map(({ client_id: id }) => id))
  return storage.database.exclusively(fileLock, async () => {
    const known = await storage.prisma.client.findMany({
      select: { id: true, origin: true },
      where: { OR: [{ origin: 'file' }, { id: { in: [...ids] } }] },
    })
    const taken = known.find(({ id, origin }) => origin === 'dynamic' && ids.has(id))
    if (taken !== undefined) throw new Error(`the client_id ${taken.id} belongs to a client that registered itself`)
    for (const client of clients) {
      const values = clientValues(storage, client.client_id, { ...client }, 'file')
      await storage.database.sql.query(upsertFromFile, values)
    }
    const removed = known.filter(({ id, origin }) => origin === 'file' && !ids.has(id)).map(({ id }) => id)
    for (const id of removed) await removeClient(storage, id)
    return { removed }
  })
}

export async function removeClient(storage: Storage, clientId: string): Promise<boolean> {
  const { rows } = await storage.database.sql.query(destroy, [clientId])
  return rows[0]?.removed === 1
}

/** What the command line does with clients. Metadata shown never holds the secret. */
export interface ClientStore {
  /** Every client, oldest first. */
  list(): Promise<ListedClient[]>
  find(clientId: string): Promise<StoredClient | undefined>
  /** Stores metadata as given, `client_secret` sealed. Does not judge it: the caller has. */
  save(clientId: string, metadata: NamedClientMetadata, origin: ClientOrigin): Promise<void>
  /** Removes the client and revokes all its grants; false when there was none. */
  remove(clientId: string): Promise<boolean>
}

interface StoredRow {
  id: string
  origin: string
  name: string | null
  payload: unknown
  createdAt: Date
}

function toStoredClient(row: StoredRow): StoredClient {
  return {
    clientId: row.id,
    origin: row.origin === 'static' || row.origin === 'file' ? row.origin : 'dynamic',
    name: row.name ?? undefined,
    metadata: row.payload as NamedClientMetadata,
    createdAt: row.createdAt,
  }
}

export function createClientStore(storage: Storage): ClientStore {
  const { client } = storage.prisma
  return {
    list: async () => {
      const values = [storage.clock.now().toISOString()]
      const { rows } = await storage.database.sql.query(list, values)
      return rows.map((row) => ({ ...toStoredClient(row), inUse: row.inUse }))
    },
    find: async (clientId) => {
      const row = await client.findUnique({ where: { id: clientId } })
      return row === null ? undefined : toStoredClient(row)
    },
    save: (clientId, metadata, origin) => saveClient(storage, clientId, { ...metadata }, origin),
    remove: (clientId) => removeClient(storage, clientId),
  }
}
