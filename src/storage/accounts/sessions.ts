/**
 * Browser sessions. The row is keyed by the lasting uid; the cookie value changes at each sign-in and is stored hashed. The engine
 * saves the whole session at the end of each request that read it: a request that was under way when the session was ended must
 * not bring it back. So the row of an ended one stays, empty and under no cookie's value, until it is swept.
 */

import { hashSecret } from '../../base/secrets.js'
import { type Write, writeTogether } from '../../database/writes.js'
import type { Adapter } from '../adapter-types.js'
import { expiryLimit, expiryOf, unsupported } from '../engine-model.js'
import { Prisma, type PrismaClient } from '../generated/client.js'
import type { Storage } from '../storage.js'
import { sessions } from '../tables.js'
import { currentUnit } from '../unit-of-work.js'

const upsert = sessions.part('session', {
  session: `INSERT INTO sessions (uid, id_hash, account_id, payload, expires_at, started_at, seen_at, device, network)
    SELECT $1::text, $2::text, $3::text, $4::jsonb, $5::timestamptz, $6::timestamptz, $6::timestamptz, $7::text, $8::text FROM {condition}
    ON CONFLICT (uid) DO UPDATE SET id_hash = excluded.id_hash, account_id = excluded.account_id, payload = excluded.payload, expires_at = excluded.expires_at,
      started_at = CASE WHEN sessions.account_id = excluded.account_id THEN sessions.started_at ELSE excluded.started_at END,
      seen_at = excluded.seen_at, device = COALESCE(excluded.device, sessions.device), network = COALESCE(excluded.network, sessions.network)
    WHERE sessions.id_hash <> 'ended:' || sessions.uid`,
})

const find = sessions.read(
  'session_find',
  sessions.pick('payload'),
  'SELECT payload FROM sessions WHERE id_hash = $1 AND expires_at > $2::timestamptz',
)

const findByUid = sessions.read(
  'session_find_by_uid',
  sessions.pick('payload'),
  `SELECT payload FROM sessions WHERE uid = $1 AND expires_at > $2::timestamptz AND id_hash <> 'ended:' || uid`,
)

/** Swept like what expires now: no request is under way for as long as that takes. */
const ended = `id_hash = 'ended:' || uid, account_id = NULL, payload = '{}'`

const destroy = sessions.write(
  'session_destroy',
  `UPDATE sessions SET ${ended}, expires_at = $2::timestamptz WHERE id_hash = $1`,
)

const destroyByUid = sessions.write(
  'session_destroy_by_uid',
  `UPDATE sessions SET ${ended}, expires_at = $2::timestamptz WHERE uid = $1`,
)

export function createSessionAdapter(storage: Storage): Adapter {
  const { sql } = storage.database
  const findByCookie = async (id: string) => (await sql.query(find, [hashSecret(id), expiryLimit(storage)])).rows[0]
  return {
    upsert: async (id, payload, expiresIn) => {
      const { jti: _cookie, ...stored } = payload
      const expiresAt = expiryOf(storage, expiresIn)
      const unit = currentUnit()
      const { device, network } = unit?.sender?.() ?? {}
      const row = [payload.uid, hashSecret(id), payload.accountId ?? null, JSON.stringify(stored), expiresAt]
      const now = storage.clock.now().toISOString()
      const write = { text: upsert, values: [...row, now, device ?? null, network ?? null] }
      if (unit?.collects('Session') === true) unit.write(write)
      else await writeTogether(sql, [write])
    },
    find: async (id) => {
      const joined = await currentUnit()?.reader.sessionOfCookie?.(id)
      const { payload } = joined ?? (await findByCookie(id)) ?? {}
      return payload === undefined ? undefined : { ...payload, jti: id }
    },
    /** The cookie value is not known here; the engine only reads what it finds this way. */
    findByUid: async (uid) => {
      const remembered = currentUnit()?.reader.session?.(uid)
      if (remembered !== undefined) return remembered.payload
      const { rows } = await sql.query(findByUid, [uid, expiryLimit(storage)])
      return rows[0]?.payload
    },
    destroy: async (id) => {
      await sql.query(destroy, [hashSecret(id), storage.clock.now().toISOString()])
    },
    consume: unsupported('Session', 'single use'),
    findByUserCode: unsupported('Session', 'user code'),
    revokeByGrantId: unsupported('Session', 'grant'),
  }
}

const endOthers = sessions.part('session_end', {
  ended_sessions: `UPDATE sessions SET ${ended}, expires_at = $2::timestamptz
    FROM {condition} WHERE uid IN (SELECT jsonb_array_elements_text($1::jsonb))`,
})

/** Ends sessions by their uids in the statement of a sign-in that replaces them. */
export function sessionsEnd({ clock }: Pick<Storage, 'clock'>, uids: readonly string[]): Write {
  return { text: endOthers, values: [JSON.stringify(uids), clock.now().toISOString()] }
}

/** Ends a session by its uid. */
export async function endSession(storage: Storage, uid: string): Promise<void> {
  await storage.database.sql.query(destroyByUid, [uid, storage.clock.now().toISOString()])
}

/** Ends all sessions of an account, except one; a step of a transaction. */
export function endSessionsOf(
  prisma: PrismaClient,
  accountId: string,
  now: Date,
  except = '',
): Prisma.PrismaPromise<number> {
  return prisma.$executeRaw`UPDATE sessions SET ${Prisma.raw(ended)}, expires_at = ${now} WHERE account_id = ${accountId} AND uid <> ${except}`
}
