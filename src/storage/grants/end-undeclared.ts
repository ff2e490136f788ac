/**
 * Ends everything that was issued for resources that are no longer declared. Nothing of it comes back if a resource is declared again
 * under the same URL: that may be another server.
 */
import type { Prisma } from '../generated/client.js'

/** The caller's transaction: the declarations change in it as well. */
export type EndingTransaction = Pick<Prisma.TransactionClient, '$queryRaw' | '$executeRaw'>

export interface EndedForResources {
  /** Every resource for which something was found that is not declared. */
  readonly resources: readonly string[]
  /** Grants that ended, with all codes and tokens under them. */
  readonly grants: number
  /** Grants that lost one of several resources. */
  readonly narrowed: number
  /** Opaque access tokens of clients themselves. */
  readonly machineTokens: number
}

/** Resources by which rows are found. A family is found by its members. */
async function resourcesInUse(transaction: EndingTransaction): Promise<readonly string[]> {
  const rows = await transaction.$queryRaw<{ resource: string }[]>`
    SELECT jsonb_object_keys(payload -> 'resources') AS resource FROM grants
      WHERE jsonb_typeof(payload -> 'resources') = 'object'
    UNION SELECT payload ->> 'aud' FROM artifacts WHERE model = 'ClientCredentials' AND payload ->> 'aud' IS NOT NULL
    UNION SELECT payload ->> 'resource' FROM artifacts
      WHERE model = 'RefreshToken' AND jsonb_typeof(payload -> 'resource') = 'string'
    UNION SELECT resource FROM consents WHERE resource <> ''`
  return rows.map(({ resource }) => resource)
}

/** Resources that something is granted or remembered for, and that are not declared: members of a family that goes among them. */
export async function undeclaredInUse(
  transaction: EndingTransaction,
  isDeclared: (resource: string) => boolean,
): Promise<readonly string[]> {
  return (await resourcesInUse(transaction)).filter((resource) => !isDeclared(resource))
}

/**
 * With them everything that they were for, by a trigger of the database also for resource servers that follow the feed. A grant may give the
 * sign-in alone, of a request for one of the resources.
 */
function endGrantsFor(transaction: EndingTransaction, gone: readonly string[]): Promise<number> {
  return transaction.$executeRaw`
    DELETE FROM grants WHERE (payload -> 'resources' ?| ${gone}::text[]
        AND NOT EXISTS (SELECT 1 FROM jsonb_object_keys(payload -> 'resources') AS each WHERE each <> ALL (${gone}::text[])))
      OR id IN (SELECT grant_id FROM artifacts WHERE model = 'RefreshToken' AND payload ->> 'resource' = ANY (${gone}::text[]))`
}

/**
 * Takes the resources out of grants that have others. What is taken away stays known as such (`rejected`): a refresh for it is answered
 * with `invalid_grant`, as long as the grant lives. Codes and refresh tokens stay for the other resources.
 */
async function narrowGrants(transaction: EndingTransaction, gone: readonly string[]): Promise<number> {
  await transaction.$executeRaw`
    INSERT INTO revocations (kind, subject_hash, audiences)
      SELECT 'grant', revocation_subject(id),
        ARRAY(SELECT each FROM jsonb_object_keys(payload -> 'resources') AS each WHERE each = ANY (${gone}::text[]))
      FROM grants WHERE payload -> 'resources' ?| ${gone}::text[] AND expires_at > now()`
  await transaction.$executeRaw`
    DELETE FROM artifacts WHERE model = 'AccessToken' AND payload ->> 'aud' = ANY (${gone}::text[])`
  return transaction.$executeRaw`
    UPDATE grants SET payload = jsonb_set(
        jsonb_set(payload, '{resources}', (payload -> 'resources') - ${gone}::text[]),
        '{rejected}', coalesce(payload -> 'rejected', '{}') || jsonb_build_object('resources',
          coalesce(payload #> '{rejected,resources}', '{}') ||
          (SELECT jsonb_object_agg(key, value) FROM jsonb_each(payload -> 'resources') WHERE key = ANY (${gone}::text[]))))
      WHERE payload -> 'resources' ?| ${gone}::text[]`
}

/**
 * Tokens of clients themselves that verify themselves are stored nowhere: every client that could have some is named, to the servers of
 * these resources alone. A client or token issued after this is not meant.
 */
async function endMachineTokens(transaction: EndingTransaction, gone: readonly string[]): Promise<number> {
  await transaction.$executeRaw`
    INSERT INTO revocations (kind, subject_hash, audiences)
      SELECT 'client', revocation_subject(id), ${gone}::text[] FROM clients
        WHERE payload -> 'grant_types' ? 'client_credentials'`
  return transaction.$executeRaw`
    DELETE FROM artifacts WHERE model = 'ClientCredentials' AND payload ->> 'aud' = ANY (${gone}::text[])`
}

/**
 * Call it in the transaction that changes the declarations, with every change. `isDeclared`: whether a canonical identifier was declared
 * before the change and is declared after it. So a resource that is declared again starts with nothing, even if a replica issued
 * something for it at the moment when it went. `removed`: URLs and patterns that the change takes away.
 */
export async function endAccessOutside(
  transaction: EndingTransaction,
  isDeclared: (resource: string) => boolean,
  removed: readonly string[] = [],
): Promise<EndedForResources> {
  const found = await undeclaredInUse(transaction, isDeclared)
  const gone = [...new Set([...found, ...removed])]
  if (gone.length === 0) return { resources: [], grants: 0, narrowed: 0, machineTokens: 0 }
  const grants = await endGrantsFor(transaction, gone)
  const narrowed = await narrowGrants(transaction, gone)
  const machineTokens = await endMachineTokens(transaction, gone)
  // A remembered consent would answer for the person when the resource is declared again.
  await transaction.$executeRaw`DELETE FROM consents WHERE resource = ANY (${gone}::text[])`
  return { resources: found, grants, narrowed, machineTokens }
}
