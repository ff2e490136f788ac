/** Reads the audit table, for operators. */
import type { Storage } from '../storage.js'

export interface AuditQuery {
  readonly since?: Date | undefined
  readonly type?: string | undefined
  readonly accountId?: string | undefined
  readonly clientId?: string | undefined
  /** The newest so many. */
  readonly limit: number
}

export interface AuditEvent {
  readonly id: string
  readonly at: Date
  readonly type: string
  readonly accountId: string | undefined
  /** Of the account, if it is still there. */
  readonly email: string | undefined
  readonly clientId: string | undefined
  readonly detail: Readonly<Record<string, unknown>>
}

/** Oldest first. */
export async function listAuditEvents({ prisma }: Storage, query: AuditQuery): Promise<readonly AuditEvent[]> {
  const { since, type, accountId, clientId, limit } = query
  const rows = await prisma.auditEvent.findMany({
    where: {
      ...(since === undefined ? {} : { at: { gte: since } }),
      ...(type === undefined ? {} : { type }),
      ...(accountId === undefined ? {} : { accountId }),
      ...(clientId === undefined ? {} : { clientId }),
    },
    orderBy: { id: 'desc' },
    take: limit,
  })
  const ids = [...new Set(rows.flatMap((row) => (row.accountId === null ? [] : [row.accountId])))]
  const accounts = await prisma.account.findMany({ where: { id: { in: ids } }, select: { id: true, email: true } })
  const emails = new Map(accounts.map(({ id, email }) => [id, email]))
  return rows.reverse().map((row) => ({
    id: String(row.id),
    at: row.at,
    type: row.type,
    accountId: row.accountId ?? undefined,
    email: emails.get(row.accountId ?? ''),
    clientId: row.clientId ?? undefined,
    detail: row.detail as Readonly<Record<string, unknown>>,
  }))
}
