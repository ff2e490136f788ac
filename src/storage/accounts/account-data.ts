/** Everything that is kept about one person: to hand it out, and to remove it. Audit events stay, under the account's id, which names nobody. */

import type { Payload } from '../adapter-types.js'
import { listAuditEvents } from '../audit/audit-events.js'
import type { Storage } from '../storage.js'
import type { Account } from './accounts.js'

const mostEvents = 10_000

/** As JSON; without what only proves the person: hashes of passwords, cookies and tokens. */
export async function accountDataOf(storage: Storage, account: Account): Promise<Readonly<Record<string, unknown>>> {
  const { prisma } = storage
  const { id, email } = account
  const where = { accountId: id }
  const [row, members, sessions, grants, consents, links, invitations, events] = await Promise.all([
    prisma.account.findUniqueOrThrow({ where: { id } }),
    prisma.groupMember.findMany({ where: { member: { in: [id, email] } }, orderBy: { group: 'asc' } }),
    prisma.session.findMany({ where, orderBy: { expiresAt: 'asc' } }),
    prisma.grant.findMany({ where, orderBy: { createdAt: 'asc' } }),
    prisma.consent.findMany({ where, orderBy: [{ clientId: 'asc' }, { resource: 'asc' }] }),
    prisma.identityLink.findMany({ where, orderBy: { createdAt: 'asc' } }),
    prisma.accountInvitation.findMany({ where: { email }, orderBy: { createdAt: 'asc' } }),
    listAuditEvents(storage, { accountId: id, limit: mostEvents }),
  ])
  const signedInAt = (payload: Payload) => {
    const at = Number(payload['loginTs'])
    return Number.isFinite(at) && at > 0 ? new Date(at * 1_000) : undefined
  }
  const { passwordHash, ...shown } = row
  return {
    account: { ...shown, hasPassword: passwordHash !== null },
    groups: members.map(({ group, source, createdAt }) => ({ group, source, since: createdAt })),
    sessions: sessions.map(({ payload, expiresAt }) => ({ signedInAt: signedInAt(payload as Payload), expiresAt })),
    connections: grants.map(({ clientId, payload, createdAt, expiresAt }) => {
      const { resources, openid } = payload as Payload
      return { clientId, resources, openid, createdAt, expiresAt }
    }),
    allowedBefore: consents.map(({ clientId, resource, scopes, updatedAt }) => ({
      clientId,
      resource,
      scopes,
      updatedAt,
    })),
    identities: links.map(({ issuer, subject, createdAt }) => ({ issuer, subject, createdAt })),
    invitations: invitations.map(({ groups, createdAt, consumedAt }) => ({ groups, createdAt, usedAt: consumedAt })),
    events: events.map(({ at, type, clientId, detail }) => ({ at, type, clientId, detail })),
  }
}

/** Ends all access and removes the account with everything that hangs on it. What its row's end triggers, the migrations say. */
export async function removeAccount({ prisma }: Pick<Storage, 'prisma'>, { id, email }: Account): Promise<void> {
  await prisma.$transaction([
    // A sign-in in progress would go on without an account.
    prisma.ephemeralArtifact.deleteMany({
      where: {
        model: 'Interaction',
        OR: [
          { payload: { path: ['result', 'login', 'accountId'], equals: id } },
          { payload: { path: ['session', 'accountId'], equals: id } },
        ],
      },
    }),
    prisma.grant.deleteMany({ where: { accountId: id } }),
    prisma.accountInvitation.deleteMany({ where: { email } }),
    prisma.account.deleteMany({ where: { id } }),
  ])
}
