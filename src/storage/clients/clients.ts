/** Registered clients, with their secret sealed beside their metadata. Client ID metadata documents are never stored here. */

import { bool, moment } from '../../database/table.js'
import type { NamedClientMetadata } from '../../oauth/registration.js'
import type { Payload } from '../adapter-types.js'
import type { Prisma } from '../generated/client.js'
import type { Storage } from '../storage.js'
import { clients } from '../tables.js'
import { deletionsOf, hasLiveAccess } from './client-hygiene.js'

/** `static`: added by the operator. `file`: from the operator's declaration file. `dynamic`: registered itself (RFC 7591). */
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

/** SQL. Its values are `clientValues`. A dynamic client is looked at a day later (client-hygiene.ts), others never. */
export const insertClient = `INSERT INTO clients (id, origin, name, payload, sealed_secret, created_at, updated_at, review_at)
    SELECT $1::text, $2::text, $3::text, $4::jsonb, $5::text, $6::timestamptz, $6::timestamptz,
      CASE WHEN $2::text = 'dynamic' THEN $6::timestamptz + interval '1 day' END`

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

/** What of a row a new registration replaces. The metadata has no secret: that is sealed beside it. */
function contentOf({ secretBox, clock }: Storage, clientId: string, payload: Payload) {
  const { client_secret: secret, ...metadata } = payload
  return {
    name: typeof payload['client_name'] === 'string' ? payload['client_name'] : null,
    // It came as JSON, or from a file of the operator, which was read as JSON.
    payload: metadata as Prisma.InputJsonObject,
    sealedSecret: typeof secret === 'string' ? secretBox.seal(secret, secretPurpose(clientId)) : null,
    updatedAt: clock.now(),
  }
}

/** Values of `insertClient`. */
export function clientValues(storage: Storage, clientId: string, payload: Payload, origin: ClientOrigin): unknown[] {
  const { name, payload: metadata, sealedSecret, updatedAt } = contentOf(storage, clientId, payload)
  return [clientId, origin, name, JSON.stringify(metadata), sealedSecret, updatedAt.toISOString()]
}

/** The row that `insertClient` makes, with the same content. */
function newRow(id: string, origin: ClientOrigin, content: ReturnType<typeof contentOf>) {
  const inADay = new Date(content.updatedAt.getTime() + 86_400_000)
  return { ...content, id, origin, createdAt: content.updatedAt, reviewAt: origin === 'dynamic' ? inADay : null }
}

/** Stores a client, or replaces its content; the origin stays. */
export async function saveClient(
  storage: Storage,
  clientId: string,
  payload: Payload,
  origin: ClientOrigin,
): Promise<void> {
  const content = contentOf(storage, clientId, payload)
  await storage.prisma.client.upsert({
    where: { id: clientId },
    create: newRow(clientId, origin, content),
    update: content,
    select: { id: true },
  })
}

/** What of a row a client of the operator's file has, and the row if there is none yet. */
export function fileClientRow(storage: Storage, client: NamedClientMetadata) {
  const content = contentOf(storage, client.client_id, { ...client })
  return { create: newRow(client.client_id, 'file', content), update: { ...content, origin: 'file', reviewAt: null } }
}

/** Held while declarations are changed, so that processes which start together do it one after the other. */
export const fileLock = 0x6a7e_0003

/** Grants go even when there is no such client: those of a metadata document (CIMD) have none. */
export async function removeClient({ prisma }: Storage, clientId: string): Promise<boolean> {
  const removing = prisma.client.deleteMany({ where: { id: clientId } })
  const [{ count }] = await prisma.$transaction([removing, ...deletionsOf(prisma, clientId)])
  return count === 1
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
