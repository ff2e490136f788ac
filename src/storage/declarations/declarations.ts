/**
 * What the operator declared, as rows: read whole whenever its version is another, and changed in one transaction under one lock for all
 * processes. Does not know what an entry means.
 */
import { bigint, orNull, int as whole } from '../../database/table.js'
import type { NamedClientMetadata } from '../../oauth/registration.js'
import type { AuditEntry } from '../audit/audit.js'
import { deletionsOf } from '../clients/client-hygiene.js'
import { fileClientRow, fileLock, secretPurpose } from '../clients/clients.js'
import type { Prisma } from '../generated/client.js'
import type { Storage } from '../storage.js'
import { appliedDeclarations, declarations, grants } from '../tables.js'

const kinds = ['resource', 'group', 'issuer', 'provider', 'sign_up', 'client'] as const

export type DeclarationKind = (typeof kinds)[number]

export interface StoredDeclaration {
  readonly kind: DeclarationKind
  readonly id: string
  /** `file`: applied from a file. `command`: made by a command. */
  readonly source: 'file' | 'command'
  /** JSON text of the entry; empty for a client, whose data are its own. */
  readonly payload: string
  readonly places: Readonly<Record<string, string>>
}

export interface DeclaredState {
  /** 0: nothing was ever applied. */
  readonly version: number
  /** Of the followed file, as last applied. */
  readonly fileHash: string | undefined
  readonly rows: readonly StoredDeclaration[]
}

/** A client of the operator, with its secret, or one that registered itself under an id that is asked for. */
export interface KnownClient {
  readonly clientId: string
  readonly origin: 'static' | 'file' | 'dynamic'
  readonly metadata: NamedClientMetadata
}

/** What a change writes. Left out: stays. */
export interface DeclarationChange {
  readonly rows: readonly StoredDeclaration[]
  /** Identified by `kind` and `id`. */
  readonly removed: readonly Pick<StoredDeclaration, 'kind' | 'id'>[]
  readonly clients: readonly NamedClientMetadata[]
  readonly removedClients: readonly string[]
  readonly fileHash?: string | undefined
  readonly events: readonly AuditEntry[]
}

const row = 1

const readAll = declarations.read(
  'declarations_read',
  {
    version: orNull(whole),
    fileHash: appliedDeclarations.columns.file_hash,
    kind: orNull(declarations.columns.kind),
    id: orNull(declarations.columns.id),
    source: orNull(declarations.columns.source),
    payload: orNull(declarations.columns.payload),
    places: orNull(declarations.columns.places),
  },
  `SELECT a.version, a.file_hash AS "fileHash", d.kind, d.id, d.source, d.payload, d.places
    FROM applied_declarations a LEFT JOIN declarations d ON true WHERE a.id = 1 ORDER BY d.kind, d.id`,
)

const readVersion = appliedDeclarations.read(
  'declarations_version',
  appliedDeclarations.pick('version'),
  'SELECT version FROM applied_declarations WHERE id = 1',
)

/** 0 before anything was applied. Short enough to be asked every second. */
export async function declaredVersion({ database }: Pick<Storage, 'database'>): Promise<number> {
  const { rows } = await database.sql.query(readVersion, [])
  return rows[0]?.version ?? 0
}

export async function readDeclared({ database }: Pick<Storage, 'database'>): Promise<DeclaredState> {
  const { rows } = await database.sql.query(readAll, [])
  const [first] = rows
  return {
    version: first?.version ?? 0,
    fileHash: first?.fileHash ?? undefined,
    rows: rows.flatMap(({ kind, id, source, payload, places }) =>
      kind === null || id === null || payload === null
        ? []
        : [
            {
              kind: kinds.find((each) => each === kind) ?? ('client' as const),
              id,
              source: source === 'command' ? ('command' as const) : ('file' as const),
              payload,
              places: places ?? {},
            },
          ],
    ),
  }
}

/** The operator's clients, and all that have one of these ids. */
export async function knownClients(storage: Storage, ids: readonly string[]): Promise<readonly KnownClient[]> {
  const rows = await storage.prisma.client.findMany({
    where: { OR: [{ origin: { in: ['file', 'static'] } }, { id: { in: [...ids] } }] },
    orderBy: { id: 'asc' },
  })
  return rows.map(({ id, origin, payload, sealedSecret }) => ({
    clientId: id,
    origin: origin === 'file' || origin === 'static' ? origin : 'dynamic',
    metadata: {
      ...(payload as NamedClientMetadata),
      ...(sealedSecret !== null && { client_secret: storage.secretBox.open(sealedSecret, secretPurpose(id)) }),
    },
  }))
}

const countAccess = grants.read(
  'declarations_count_access',
  { ends: bigint },
  `SELECT count(*) AS ends FROM grants g WHERE g.expires_at > $3::timestamptz
    AND (g.client_id = ANY($1::text[]) OR jsonb_exists_any(g.payload -> 'resources', $2::text[]))`,
)

/** How many connections are granted to these clients, or for these resources. */
export async function accessOf(
  { database, clock }: Storage,
  clientIds: readonly string[],
  resources: readonly string[],
): Promise<number> {
  const { rows } = await database.sql.query(countAccess, [clientIds, resources, clock.now().toISOString()])
  return Number(rows[0]?.ends ?? 0)
}

async function write(
  storage: Storage,
  transaction: Prisma.TransactionClient,
  change: DeclarationChange,
): Promise<void> {
  const now = storage.clock.now()
  for (const kind of kinds) {
    const ids = [...change.removed, ...change.rows].filter((each) => each.kind === kind).map(({ id }) => id)
    if (ids.length > 0) await transaction.declaration.deleteMany({ where: { kind, id: { in: ids } } })
  }
  if (change.rows.length > 0)
    await transaction.declaration.createMany({
      data: change.rows.map((each) => ({ ...each, places: { ...each.places } })),
    })
  for (const client of change.clients) {
    await transaction.client.upsert({ where: { id: client.client_id }, ...fileClientRow(storage, client) })
  }
  for (const id of change.removedClients) {
    await transaction.client.deleteMany({ where: { id } })
    for (const deletion of deletionsOf(transaction, id)) await deletion
  }
  await transaction.auditEvent.createMany({
    data: change.events.map(({ type, clientId, detail }) => ({
      at: now,
      type,
      clientId: clientId ?? null,
      detail: { ...detail } as Prisma.InputJsonObject,
    })),
  })
  const applied = { appliedAt: now, ...(change.fileHash !== undefined && { fileHash: change.fileHash }) }
  await transaction.appliedDeclarations.upsert({
    where: { id: row },
    create: { id: row, version: 1, ...applied },
    update: { version: { increment: 1 }, ...applied },
  })
}

/** Longer than a thousand resources take. */
const transactionLimits = { timeout: 60_000, maxWait: 10_000 } as const

/**
 * Lets `decide` see what is declared and carries out what it answers, in one transaction, while no other process does the same.
 * `undefined`: nothing is written. `alsoIn`: written in the same transaction, last.
 */
export async function changeDeclared<T extends DeclarationChange | undefined>(
  storage: Storage,
  decide: (state: DeclaredState) => Promise<T>,
  alsoIn: (transaction: Prisma.TransactionClient) => Promise<void> = async () => undefined,
): Promise<T> {
  return storage.database.exclusively(fileLock, async () => {
    const change = await decide(await readDeclared(storage))
    if (change === undefined) return change
    await storage.prisma.$transaction(async (transaction) => {
      await write(storage, transaction, change)
      await alsoIn(transaction)
    }, transactionLimits)
    return change
  })
}
