/**
 * Ends everything that was issued before a moment. After a restore, the database accepts tokens that were replaced or revoked
 * since the backup; after a compromise, nothing issued so far can be trusted. Accounts, clients, keys and remembered consents
 * stay. Works in batches beside running servers; if it is interrupted, run it again.
 */
import type { Statement } from '../../database/sql.js'
import { type Columns, moment, type Table } from '../../database/table.js'
import { invitationModel } from '../clients/invitations.js'
import type { Storage } from '../storage.js'
import { accounts, artifacts, ephemeralArtifacts, grants, sessions } from '../tables.js'

const batchSize = 500

function endOf(table: Table<Columns>, key: string, condition: string): Statement {
  const { name } = table
  return table.write(
    `end_access_${name}`,
    `DELETE FROM ${name} WHERE (${key}) IN (
      SELECT ${key} FROM ${name} WHERE ${condition} ORDER BY ${key} LIMIT ${batchSize} FOR UPDATE)`,
  )
}

/** A row that does not say when it began counts as old. */
const began = (member: string) =>
  `coalesce(to_timestamp((payload ->> '${member}')::float8), '-infinity') < $1::timestamptz`

/**
 * First what leads to new grants, then the grants: what is under one goes with it, and the revocation feed tells of it (triggers).
 * Artifacts without a grant: a machine's opaque tokens, device codes nobody allowed yet, invitations. Never records of what was used
 * once, which refuse a replay, nor registration access tokens, which are as old as their clients.
 */
const ends = {
  signIns: endOf(ephemeralArtifacts, 'model, id_hash', began('iat')),
  sessions: endOf(sessions, 'uid', began('loginTs')),
  others: endOf(
    artifacts,
    'model, id_hash',
    `grant_id IS NULL AND model IN ('ClientCredentials', 'DeviceCode', '${invitationModel}') AND ${began('iat')}`,
  ),
  grants: endOf(grants, 'id', 'created_at < $1::timestamptz'),
} as const

/** Browsers are known to an account by proofs, which are stored nowhere: those that are older than the account's last change end. */
const endKnownBrowsers = accounts.write(
  'end_access_known_browsers',
  `UPDATE accounts SET updated_at = $1::timestamptz WHERE id IN (
    SELECT id FROM accounts WHERE updated_at < $1::timestamptz ORDER BY id LIMIT ${batchSize} FOR UPDATE)`,
)

/** How many there were of each: sign-ins in progress, sessions, artifacts without a grant, grants. */
export type EndedAccess = Readonly<Record<keyof typeof ends, number>>

const askTime = grants.read('end_access_time', { now: moment }, 'SELECT clock_timestamp() AS now')

async function endAll(storage: Storage, statement: Statement, moment: string): Promise<number> {
  let ended = 0
  for (let changed = batchSize; changed === batchSize; ended += changed) {
    changed = (await storage.database.sql.query(statement, [moment])).rowCount
  }
  return ended
}

/** `moment` undefined: now, by the database's clock, which dates grants. */
export async function endAccessBefore(storage: Storage, moment: Date | undefined): Promise<EndedAccess> {
  const { rows } = await storage.database.sql.query(askTime, [])
  const limit = (moment ?? new Date(rows[0]?.now ?? storage.clock.now())).toISOString()
  await endAll(storage, endKnownBrowsers, limit)
  const signIns = await endAll(storage, ends.signIns, limit)
  const sessions = await endAll(storage, ends.sessions, limit)
  const others = await endAll(storage, ends.others, limit)
  return { signIns, sessions, others, grants: await endAll(storage, ends.grants, limit) }
}
