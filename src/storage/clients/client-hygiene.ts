/**
 * Which registrations are kept. A client that registered itself and that nobody ever allowed is removed 30 days after its last
 * authorization request: people return to what they began before a weekend or a holiday, and the client keeps its `client_id`. One that
 * was allowed is removed when it had no live access for as long as the operator says. One with live access is never removed, nor is one
 * that the operator made. Code exchanges and refreshes write nothing for this: each client is looked at once a day at most, and its grants
 * tell. A use that leaves no lasting grant is written by `useOf`, an authorization request by `createRequestNotes`.
 */

import { BoundedMap } from '../../base/bounded-map.js'
import { epochSeconds } from '../../base/clock.js'
import { int } from '../../database/table.js'
import type { Steps, Write } from '../../database/writes.js'
import type { Prisma, PrismaClient } from '../generated/client.js'
import type { Storage } from '../storage.js'
import { artifacts, auditEvents, clients, consents, grants } from '../tables.js'

const batchSize = 200
const daySeconds = 86_400

/**
 * How long a registration that nobody ever allowed is kept after its last request, and after it was made. The second limit bounds what a
 * stranger can hold: a request costs them less than a registration.
 */
export const unallowedLimits = { sinceRequestSeconds: 30 * daySeconds, inAllSeconds: 120 * daySeconds } as const

/**
 * SQL: whether the client has access that still works, something unexpired under an unexpired grant. With LIMIT, because the
 * planner would turn a plain EXISTS into one hash of everything that was ever issued.
 */
export function hasLiveAccess(clientId: string, now: string): string {
  return `(SELECT true FROM grants g CROSS JOIN LATERAL (
      SELECT 1 FROM artifacts a WHERE a.grant_id = g.id AND (a.expires_at IS NULL OR a.expires_at > ${now}) LIMIT 1) AS unexpired
    WHERE g.client_id = ${clientId} AND g.expires_at > ${now} LIMIT 1) IS TRUE`
}

/** The engine's name for them. */
export const registrationTokenModel = 'RegistrationAccessToken'

/** What `deletionsFor` writes. */
export const belongingTables = [artifacts, grants, consents] as const

/** SQL: steps that delete what belongs to the clients of `gone (id)`. */
export function deletionsFor(gone: string): Steps {
  return {
    registration_tokens: `DELETE FROM artifacts USING ${gone} AS gone
    WHERE artifacts.model = '${registrationTokenModel}' AND artifacts.client_id = gone.id`,
    grants_of_gone: `DELETE FROM grants USING ${gone} AS gone WHERE grants.client_id = gone.id`,
    consents_of_gone: `DELETE FROM consents USING ${gone} AS gone WHERE consents.client_id = gone.id`,
  }
}

/** The same of one client, as steps of a transaction. */
export function deletionsOf(
  { artifact, grant, consent }: Pick<PrismaClient, 'artifact' | 'grant' | 'consent'>,
  clientId: string,
): readonly Prisma.PrismaPromise<Prisma.BatchPayload>[] {
  return [
    artifact.deleteMany({ where: { model: registrationTokenModel, clientId } }),
    grant.deleteMany({ where: { clientId } }),
    consent.deleteMany({ where: { clientId } }),
  ]
}

/** The same as common table expressions. */
const deleteBelongings: string = Object.entries(deletionsFor('gone'))
  .map(([name, text]) => `${name} AS (${text})`)
  .join(',\n  ')

// SKIP LOCKED: processes that sweep at the same time take different clients.
const review = clients.writeReturning(
  'client_review',
  { reviewed: int, removed: int },
  `WITH due AS (
    SELECT id, created_at, updated_at, last_used_at FROM clients WHERE review_at < $1::timestamptz AND origin = 'dynamic'
    LIMIT ${batchSize} FOR UPDATE SKIP LOCKED
  ), seen AS MATERIALIZED (
    SELECT due.*, ${hasLiveAccess('due.id', '$1::timestamptz')} AS live,
      (SELECT max(c.updated_at) FROM consents c WHERE c.client_id = due.id) AS allowed_at
    FROM due
  ), judged AS (
    SELECT id, live, COALESCE(allowed_at, last_used_at) IS NOT NULL AS was_allowed,
      CASE WHEN COALESCE(allowed_at, last_used_at) IS NULL
        THEN LEAST(updated_at + make_interval(secs => ${unallowedLimits.sinceRequestSeconds}),
          created_at + make_interval(secs => ${unallowedLimits.inAllSeconds}))
        ELSE GREATEST(updated_at, last_used_at, allowed_at) + make_interval(secs => $2::int) END AS ends_at
    FROM seen
  ), gone AS (
    DELETE FROM clients USING judged WHERE clients.id = judged.id AND NOT live AND ends_at <= $1::timestamptz
    RETURNING clients.id, was_allowed
  ), ${deleteBelongings},
  recorded AS (
    INSERT INTO audit_events (at, type, client_id, detail)
    SELECT $1::timestamptz, 'client.removed', id, '{"by":"sweep"}' FROM gone WHERE was_allowed
  ), kept AS (
    UPDATE clients SET last_used_at = CASE WHEN live THEN $1::timestamptz ELSE last_used_at END,
      review_at = LEAST(CASE WHEN live THEN NULL ELSE ends_at END, $1::timestamptz + make_interval(secs => ${daySeconds}))
    FROM judged WHERE clients.id = judged.id AND (live OR ends_at > $1::timestamptz)
  ) SELECT (SELECT count(*) FROM due)::int AS reviewed, (SELECT count(*) FROM gone)::int AS removed`,
  { also: [...belongingTables, auditEvents] },
)

const use = clients.part('client_use', {
  client_used: `UPDATE clients SET last_used_at = $2::timestamptz FROM {condition} WHERE id = $1::text AND origin = 'dynamic'
    AND (last_used_at IS NULL OR last_used_at < $2::timestamptz - make_interval(secs => ${daySeconds}))`,
})

/** The use of a client that nobody consents to (an identity assertion), written once a day at most. */
export function useOf({ clock }: Storage, clientId: string): Write {
  return { text: use, values: [clientId, clock.now().toISOString()] }
}

const noteRequest = clients.write(
  'client_requested',
  `UPDATE clients SET updated_at = $2::timestamptz WHERE id = $1 AND origin = 'dynamic'
    AND updated_at < $2::timestamptz - make_interval(secs => ${daySeconds})`,
)

const mostNoted = 2_000

/**
 * Notes an authorization request of a client that registered itself: one statement a day at most, in each process, and none on the day of
 * the registration. `registeredAt`: in seconds since 1970. The row's `updated_at` moves, never `last_used_at`, which says that somebody
 * allowed the client.
 */
export function createRequestNotes({
  database: { sql },
  clock,
}: Storage): (clientId: string, registeredAt: number) => Promise<void> {
  const noted = new BoundedMap<number>(mostNoted)
  return async (clientId, registeredAt) => {
    const now = epochSeconds(clock)
    if (now - (noted.get(clientId) ?? registeredAt) <= daySeconds) return
    await sql.query(noteRequest, [clientId, clock.now().toISOString()])
    noted.set(clientId, now)
  }
}

/** Looks at every client whose time has come, one batch after the other; answers how many were removed. */
export async function removeUnusedClients(storage: Storage, idleSeconds: number): Promise<number> {
  let removed = 0
  for (let reviewed = batchSize; reviewed === batchSize; ) {
    const values = [storage.clock.now().toISOString(), idleSeconds]
    const { rows } = await storage.database.sql.query<{ reviewed: number; removed: number }>(review, values)
    reviewed = rows[0]?.reviewed ?? 0
    removed += rows[0]?.removed ?? 0
  }
  return removed
}
