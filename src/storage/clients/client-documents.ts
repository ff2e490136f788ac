/**
 * Last good copies of client metadata documents, shared by all processes and kept across restarts. The caller decides whether a
 * copy is fresh or still usable.
 */

import { bool } from '../../database/table.js'
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

const save = clientDocuments.writeReturning(
  'client_document_save',
  { kept: bool },
  `WITH there AS (SELECT 1 FROM client_documents WHERE kind = $1 AND url = $2), saved AS (
      INSERT INTO client_documents (kind, url, body, fingerprint, etag, fetched_at, fresh_until, usable_until)
      SELECT $1, $2, $3, $4, $5, $6::timestamptz, $7::timestamptz, $8::timestamptz
      WHERE $9::boolean OR EXISTS (SELECT 1 FROM there)
      ON CONFLICT (kind, url) DO UPDATE SET body = excluded.body, fingerprint = excluded.fingerprint, etag = excluded.etag,
        fetched_at = excluded.fetched_at, fresh_until = excluded.fresh_until, usable_until = excluded.usable_until
      WHERE client_documents.fetched_at <= excluded.fetched_at
      RETURNING 1
    ) SELECT EXISTS (SELECT 1 FROM there) OR EXISTS (SELECT 1 FROM saved) AS kept`,
)

export function createClientDocumentStore({ database: { sql }, clock }: Storage): ClientDocumentStore {
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
    save: async (kind, document, isNew) => {
      const times = [document.fetchedAt, document.freshUntil, document.usableUntil].map((time) => time.toISOString())
      const values = [kind, document.url, document.body, document.fingerprint, document.etag ?? null, ...times]
      return (await sql.query(save, [...values, isNew])).rows[0]?.kept === true
    },
  }
}
