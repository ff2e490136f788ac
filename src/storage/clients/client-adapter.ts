/** The engine's way to registered clients: what it looks up, registers (RFC 7591), updates and deletes (RFC 7592). */

import { BoundedMap } from '../../base/bounded-map.js'
import { claimsMetadataDocument } from '../../oauth/client-id.js'
import type { Adapter, Payload, RequestUnderWay } from '../adapter-types.js'
import { openSealed, unsupported } from '../engine-model.js'
import { type ClientRow, clientColumns, clientRow } from '../grants/credential.js'
import type { Storage } from '../storage.js'
import { clients } from '../tables.js'
import { currentUnit } from '../unit-of-work.js'
import { removeRegistered, saveRegistered } from './client-registration.js'
import { isMadeByOperator, secretPurpose } from './clients.js'

const find = clients.read(
  'client_find',
  clientRow,
  `SELECT ${clientColumns('c', '$2::text', { version: 'version', payload: 'payload' })} FROM clients c WHERE id = $1`,
)

/**
 * What the engine gets: the metadata, the secret, and whether the operator made the client. Of a secret that is known by its
 * hash only, the hash stands in its place; the comparison knows (authorization-server/engine/authentication.ts).
 */
function engineMetadata(
  storage: Storage,
  id: string,
  payload: Payload,
  { sealed_secret: sealed, origin }: ClientRow,
): Payload {
  const hash = payload['client_secret_sha256']
  return {
    ...payload,
    ...(sealed === null ? {} : { client_secret: openSealed(storage, sealed, secretPurpose(id)) }),
    ...(typeof hash === 'string' ? { client_secret: hash } : {}),
    ...(isMadeByOperator(origin) ? { made_by_operator: true } : {}),
  }
}

/** Where clients come from that are not stored here. */
export interface ClientSource {
  /** A client that this server has of itself. */
  builtIn(clientId: string): Payload | undefined
  /** A client whose identifier is a URL. Throws the error that the request shall end with when it cannot be had. */
  find(clientId: string): Promise<Payload | undefined>
  /** Metadata with the keys its `jwks_uri` leads to, when this request needs them. */
  withKeys(metadata: Payload): Promise<Payload>
}

const mostKnown = 2_000

/**
 * Reads registered clients. The metadata of one that did not change since it was last read is neither sent by the database nor
 * parsed: every process asks for each client in each request, and the same statement says whether its copy is current.
 */
function createClientReader(storage: Storage): (id: string) => Promise<Payload | undefined> {
  const known = new BoundedMap<{ readonly version: string; readonly metadata: Payload }>(mostKnown)
  const { sql } = storage.database
  return async (id) => {
    const kept = known.get(id)
    const together = await currentUnit()?.reader.client?.(id, kept?.version)
    const row = together ?? (await sql.query(find, [id, kept?.version ?? null])).rows[0]
    if (row === undefined) {
      known.delete(id)
      return undefined
    }
    if (row.payload === null || row.version === kept?.version) return kept?.metadata
    const metadata = engineMetadata(storage, id, row.payload, row)
    known.set(id, { version: row.version, metadata })
    return metadata
  }
}

/** Without a `source`, identifiers that are URLs belong to nobody and keys are the engine's to fetch. */
export function createClientAdapter(
  storage: Storage,
  source: ClientSource | undefined,
  under: RequestUnderWay,
): Adapter {
  const withKeys = async (payload: Payload): Promise<Payload> =>
    source === undefined ? payload : source.withKeys(payload)
  const read = createClientReader(storage)
  /** The engine asks again when it writes the error. A request that waited for a silent database once does not wait twice. */
  const failures = new WeakMap<object, unknown>()
  const readOnce = async (id: string) => {
    const request = under.identity() ?? {}
    if (failures.has(request)) throw failures.get(request)
    try {
      return await read(id)
    } catch (error) {
      failures.set(request, error)
      throw error
    }
  }
  return {
    upsert: (id, payload) => saveRegistered(storage, id, payload, under.registration()),
    find: async (id) => {
      // A URL is a client ID metadata document: no row is looked for.
      if (claimsMetadataDocument(id)) {
        const metadata = await source?.find(id)
        return metadata === undefined ? undefined : withKeys(metadata)
      }
      // PostgreSQL cannot even be asked for it.
      if (id.includes('\0')) return undefined
      const ours = source?.builtIn(id)
      if (ours !== undefined) return ours
      const metadata = await readOnce(id)
      return metadata === undefined ? undefined : withKeys(metadata)
    },
    destroy: (id) => removeRegistered(storage, id, under.identity() !== undefined),
    consume: unsupported('Client', 'single use'),
    findByUid: unsupported('Client', 'uid'),
    findByUserCode: unsupported('Client', 'user code'),
    revokeByGrantId: unsupported('Client', 'grant'),
  }
}
