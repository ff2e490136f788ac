/**
 * Last good copies of client metadata documents, shared by all processes and kept across restarts. The caller decides whether a
 * copy is fresh or still usable.
 */

import { rethrowOutage } from '../../database/outage.js'
import type { PrismaClient } from '../generated/client.js'
import type { Storage } from '../storage.js'
import { clientDocuments } from '../tables.js'

/** `metadata`: a client ID metadata document. `keys`: the key set such a document, or a registration, names by `jwks_uri`. */
export type ClientDocumentKind = 'metadata' | 'keys'

export interface ClientDocument {
  readonly url: string
  /** The body as it came. */
  readonly body: string
  /** SHA-256 of the body. */
  readonly fingerprint: string
  readonly etag: string | undefined
  /** When its host last said so. */
  readonly fetchedAt: Date
  readonly freshUntil: Date
  readonly usableUntil: Date
}

export interface ClientDocumentStore {
  /** The stored copy, unless its time is over. A fault of the database is an exception, never a "not found". */
  find(kind: ClientDocumentKind, url: string): Promise<ClientDocument | undefined>
  /**
   * Stores a copy, unless another process stored a later one. Without `isNew` only a copy that is already there is replaced.
   * True when there is a copy in the table now.
   */
  save(kind: ClientDocumentKind, document: ClientDocument, isNew: boolean): Promise<boolean>
}

const find = clientDocuments.read(
  'client_document_find',
  clientDocuments.pick('body', 'fingerprint', 'etag', 'fetched_at', 'fresh_until', 'usable_until'),
  `SELECT body, fingerprint, etag, fetched_at, fresh_until, usable_until FROM client_documents
    WHERE kind = $1 AND url = $2 AND usable_until > $3::timestamptz`,
)

/** Three short steps, once for each fetch of a document. Of two processes the later copy stays, whichever comes first. */
async function save(
  { clientDocument: documents }: PrismaClient,
  kind: ClientDocumentKind,
  { url, body, fingerprint, etag, fetchedAt, freshUntil, usableUntil }: ClientDocument,
  isNew: boolean,
): Promise<boolean> {
  // Named one by one: what callers hold besides is no column.
  const data = { body, fingerprint, etag: etag ?? null, fetchedAt, freshUntil, usableUntil }
  const replace = () => documents.updateMany({ where: { kind, url, fetchedAt: { lte: fetchedAt } }, data })
  if ((await replace()).count === 1) return true
  if (!isNew) return (await documents.count({ where: { kind, url } })) === 1
  const { count } = await documents.createMany({ data: [{ ...data, kind, url }], skipDuplicates: true })
  // Somebody else stored one meanwhile, earlier or later than this one.
  if (count === 0) await replace()
  return true
}

export function createClientDocumentStore({ database: { sql }, prisma, clock }: Storage): ClientDocumentStore {
  return {
    find: async (kind, url) => {
      const [row] = (await sql.query(find, [kind, url, clock.now().toISOString()])).rows
      if (row === undefined) return undefined
      return {
        url,
        body: row.body,
        fingerprint: row.fingerprint,
        etag: row.etag ?? undefined,
        fetchedAt: new Date(row.fetched_at),
        freshUntil: new Date(row.fresh_until),
        usableUntil: new Date(row.usable_until),
      }
    },
    save: (kind, document, isNew) => save(prisma, kind, document, isNew).catch(rethrowOutage),
  }
}
