/**
 * The grants of a person as connections that they look after: listed, narrowed, ended. A grant never widens: narrowing keeps what is both
 * stored and ticked, so parallel narrowings come to the same in any order, and a grant that is gone stays gone.
 */
import { hashSecret } from '../../base/secrets.js'
import { float, text } from '../../database/table.js'
import type { Payload } from '../adapter-types.js'
import type { AuditEntry } from '../audit/audit.js'
import type { Prisma } from '../generated/client.js'
import type { Storage } from '../storage.js'
import { artifacts } from '../tables.js'
import type { ShownGrantClient } from './grant-origins.js'

export interface Connection {
  /** As tokens name their grant (`gid`): a hash. The grant's own id is the server's alone. */
  readonly id: string
  readonly accountId: string
  readonly email: string
  readonly clientId: string
  /** `undefined` of a grant that an earlier release made, or that nobody was asked about. */
  readonly client: ShownGrantClient | undefined
  readonly device: string | undefined
  readonly network: string | undefined
  readonly access: GrantedAccess
  readonly since: Date
  /** When the last code or token of it was issued; `undefined`: never. */
  readonly usedAt: Date | undefined
}

/** What a grant gives, as it is stored. */
export interface GrantedAccess {
  readonly openid: readonly string[]
  /** Claims that were asked for one by one. */
  readonly claims: readonly string[]
  readonly ofResources: ReadonlyMap<string, readonly string[]>
}

const words = (value: unknown): readonly string[] =>
  typeof value === 'string' ? value.split(' ').filter((word) => word !== '') : []

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function accessOfGrant(payload: Payload): GrantedAccess {
  const openid = isObject(payload['openid']) ? payload['openid'] : {}
  const resources = isObject(payload['resources']) ? payload['resources'] : {}
  const claims = openid['claims']
  return {
    openid: words(openid['scope']),
    claims: Array.isArray(claims) ? claims.filter((claim) => typeof claim === 'string') : [],
    ofResources: new Map(Object.entries(resources).map(([resource, scope]) => [resource, words(scope)])),
  }
}

function withAccess(payload: Payload, { openid, claims, ofResources }: GrantedAccess): Payload {
  return {
    ...payload,
    openid: {
      ...(openid.length > 0 && { scope: openid.join(' ') }),
      ...(claims.length > 0 && { claims: [...claims] }),
    },
    resources: Object.fromEntries([...ofResources].map(([resource, scopes]) => [resource, scopes.join(' ')])),
  }
}

const lastUse = artifacts.read(
  'connections_used',
  { grantId: text, usedAt: float },
  `SELECT grant_id AS "grantId", max((payload ->> 'iat')::float8) AS "usedAt" FROM artifacts
    WHERE grant_id = ANY ($1::text[]) AND payload ->> 'iat' IS NOT NULL GROUP BY grant_id`,
)

export interface ConnectionQuery {
  readonly accountId?: string | undefined
  readonly clientId?: string | undefined
}

/** The newest first. */
export async function listConnections(storage: Storage, query: ConnectionQuery): Promise<readonly Connection[]> {
  const { accountId, clientId } = query
  const rows = await storage.prisma.grant.findMany({
    where: {
      expiresAt: { gt: storage.clock.now() },
      ...(accountId === undefined ? {} : { accountId }),
      ...(clientId === undefined ? {} : { clientId }),
    },
    include: { origin: true, account: { select: { email: true } } },
    orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
  })
  const used = await storage.database.sql.query(lastUse, [rows.map(({ id }) => id)])
  const usedAt = new Map(used.rows.map((row) => [row.grantId, new Date(row.usedAt * 1000)]))
  return rows.map((row) => ({
    id: hashSecret(row.id),
    accountId: row.accountId,
    email: row.account.email,
    clientId: row.clientId,
    client: (row.origin?.client ?? undefined) as ShownGrantClient | undefined,
    device: row.origin?.device ?? undefined,
    network: row.origin?.network ?? undefined,
    access: accessOfGrant(row.payload as Payload),
    since: row.createdAt,
    usedAt: usedAt.get(row.id),
  }))
}

/** Which grant is meant: by its public id; of the person, if one is named. */
export interface ConnectionKey {
  readonly id: string
  readonly accountId?: string | undefined
}

interface LockedGrant {
  readonly id: string
  readonly account_id: string
  readonly client_id: string
  readonly payload: Payload
}

async function lock(transaction: Prisma.TransactionClient, { id, accountId }: ConnectionKey) {
  const [row] = await transaction.$queryRaw<LockedGrant[]>`
    SELECT id, account_id, client_id, payload FROM grants
      WHERE revocation_subject(id) = ${id} AND (${accountId ?? null}::text IS NULL OR account_id = ${accountId ?? null}) FOR UPDATE`
  return row
}

/** What a narrowing leaves, and what tokens may still carry of it. */
export interface Narrowed {
  readonly left: GrantedAccess
  /** By resource: scopes that tokens of the grant may still have there, included ones among them. For resource servers that follow the feed. */
  readonly carried: ReadonlyMap<string, readonly string[]>
}

/** Nothing is written: the grant is gone, is another's, or would be left with nothing. */
export type NarrowOutcome = 'unknown' | 'nothing left' | 'unchanged' | 'narrowed'

const isEmpty = ({ openid, ofResources }: GrantedAccess) => openid.length === 0 && ofResources.size === 0

function removedFrom(before: readonly string[], after: readonly string[] = []): string[] {
  return before.filter((scope) => !after.includes(scope))
}

/** What was allowed is forgotten together with the grant: the next consent page asks for it as something new. */
async function forget(
  transaction: Prisma.TransactionClient,
  { account_id: accountId, client_id: clientId }: LockedGrant,
  resource: string,
  scopes: readonly string[],
) {
  await transaction.$executeRaw`
    UPDATE consents SET scopes = ARRAY(SELECT kept FROM unnest(scopes) AS kept WHERE kept <> ALL (${[...scopes]}::text[]))
      WHERE account_id = ${accountId} AND client_id = ${clientId} AND resource = ${resource}`
}

async function takeAway(transaction: Prisma.TransactionClient, grant: LockedGrant, { left, carried }: Narrowed) {
  const before = accessOfGrant(grant.payload)
  const goneIdentity = removedFrom(before.openid, left.openid)
  const payload = withAccess(grant.payload, left)
  await transaction.$executeRaw`UPDATE grants SET payload = ${JSON.stringify(payload)}::jsonb WHERE id = ${grant.id}`
  for (const resource of before.ofResources.keys()) {
    await transaction.$executeRaw`
      INSERT INTO revocations (kind, subject_hash, audiences, scopes)
        VALUES ('grant-scopes', ${hashSecret(grant.id)}, ${[resource]}::text[], ${[...(carried.get(resource) ?? [])]}::text[])`
  }
  for (const [resource, scopes] of [...before.ofResources, ['', []] as const]) {
    const gone = [...removedFrom(scopes, left.ofResources.get(resource)), ...goneIdentity]
    await forget(transaction, grant, resource, gone)
  }
}

function event(type: AuditEntry['type'], storage: Storage, grant: LockedGrant, detail: AuditEntry['detail']) {
  return {
    at: storage.clock.now(),
    type,
    accountId: grant.account_id,
    clientId: grant.client_id,
    detail: { ...detail } as Prisma.InputJsonObject,
  }
}

export interface ConnectionChange {
  /** Whoever decides, for the audit trail. */
  readonly by: 'person' | 'operator'
  readonly requestId?: string | undefined
}

const detailOf = ({ by, requestId }: ConnectionChange) => ({ by, ...(requestId !== undefined && { requestId }) })

/** `decide`: what is left of what is stored. Its answer is intersected with that. */
export async function narrowConnection(
  storage: Storage,
  key: ConnectionKey,
  decide: (stored: GrantedAccess) => Narrowed,
  change: ConnectionChange,
): Promise<NarrowOutcome> {
  return storage.prisma.$transaction(async (transaction) => {
    const grant = await lock(transaction, key)
    if (grant === undefined) return 'unknown'
    const before = accessOfGrant(grant.payload)
    const narrowed = decide(before)
    const { left } = narrowed
    const gone = [
      ...removedFrom(before.openid, left.openid),
      ...[...before.ofResources].flatMap(([resource, scopes]) => removedFrom(scopes, left.ofResources.get(resource))),
    ]
    if (isEmpty(left)) return 'nothing left'
    if (gone.length === 0) return 'unchanged'
    await takeAway(transaction, grant, narrowed)
    await transaction.auditEvent.create({
      data: event('grant.narrowed', storage, grant, { ...detailOf(change), scopes: gone }),
    })
    return 'narrowed'
  })
}

/** Ends one connection with everything issued under it. False if there is none. */
export async function endConnection(storage: Storage, key: ConnectionKey, change: ConnectionChange): Promise<boolean> {
  return storage.prisma.$transaction(async (transaction) => {
    const grant = await lock(transaction, key)
    if (grant === undefined) return false
    await transaction.grant.deleteMany({ where: { id: grant.id } })
    const resources = [...accessOfGrant(grant.payload).ofResources.keys(), '']
    await transaction.consent.deleteMany({
      where: { accountId: grant.account_id, clientId: grant.client_id, resource: { in: resources } },
    })
    await transaction.auditEvent.create({
      data: event('grant.revoked', storage, grant, { ...detailOf(change), reason: change.by }),
    })
    return true
  })
}
