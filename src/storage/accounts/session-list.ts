/** The browsers in which a person is signed in, for the person. */
import type { Payload } from '../adapter-types.js'
import type { Storage } from '../storage.js'
import { endSessionsOf } from './sessions.js'

export interface ListedSession {
  readonly uid: string
  /** When the person signed in; `undefined` of a session that an earlier release began. */
  readonly since: Date | undefined
  readonly seenAt: Date | undefined
  readonly device: string | undefined
  readonly network: string | undefined
}

/** The one that was used last first. */
export async function listSessions({ prisma, clock }: Storage, accountId: string): Promise<readonly ListedSession[]> {
  const rows = await prisma.session.findMany({
    where: { accountId, expiresAt: { gt: clock.now() } },
    orderBy: { uid: 'asc' },
  })
  const sessions = rows.map(({ uid, payload, startedAt, seenAt, device, network }) => {
    const { loginTs } = payload as Payload
    const signedIn = typeof loginTs === 'number' ? new Date(loginTs * 1000) : undefined
    return {
      uid,
      since: startedAt ?? signedIn,
      seenAt: seenAt ?? undefined,
      device: device ?? undefined,
      network: network ?? undefined,
    }
  })
  return sessions.sort((left, right) => (right.seenAt?.getTime() ?? 0) - (left.seenAt?.getTime() ?? 0))
}

/** True if the session is the person's: one of somebody else's is not told from none. */
export async function ownsSession({ prisma }: Storage, accountId: string, uid: string): Promise<boolean> {
  return (await prisma.session.count({ where: { uid, accountId } })) > 0
}

/** Ends every session of the person; and, if asked, everything that they allowed programs. */
export async function signOutEverywhere(
  { prisma, clock }: Storage,
  accountId: string,
  programsToo: boolean,
): Promise<void> {
  await prisma.$transaction([
    endSessionsOf(prisma, accountId, clock.now()),
    ...(programsToo
      ? [prisma.grant.deleteMany({ where: { accountId } }), prisma.consent.deleteMany({ where: { accountId } })]
      : []),
  ])
}
