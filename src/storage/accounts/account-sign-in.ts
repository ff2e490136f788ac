/** What the account area reads of sessions and of people who sign in to it. Not on the path of a client's request: Prisma reads it. */
import { hashSecret } from '../../base/secrets.js'
import type { Payload } from '../adapter-types.js'
import { expiryLimit } from '../engine-model.js'
import type { Claimant } from '../grants/interaction-reader.js'
import type { Storage } from '../storage.js'
import { type Reader, UnitOfWork } from '../unit-of-work.js'
import { type Account, normalizeEmail, toAccount } from './accounts.js'

/** A browser's live session, and whose it is. */
export interface SignedInSession {
  readonly uid: string
  /** As stored: without the cookie's value. */
  readonly payload: Payload
  /** `undefined`: nobody signed in with it yet, or the account is gone. */
  readonly account: Account | undefined
}

/** `cookie`: the verified value of the session cookie. */
export async function findSignedInSession(storage: Storage, cookie: string): Promise<SignedInSession | undefined> {
  const row = await storage.prisma.session.findFirst({
    where: { idHash: hashSecret(cookie), expiresAt: { gt: new Date(expiryLimit(storage)) } },
    include: { account: true },
  })
  if (row === null) return undefined
  return {
    uid: row.uid,
    payload: row.payload as Payload,
    account: row.account === null ? undefined : toAccount(row.account),
  }
}

/** `email`: as typed. */
export async function findClaimant({ prisma }: Pick<Storage, 'prisma'>, text: string): Promise<Claimant | undefined> {
  const email = normalizeEmail(text)
  const row = email === undefined ? null : await prisma.account.findUnique({ where: { email }, include: { app: true } })
  if (row === null) return undefined
  const { id, passwordHash, disabledAt, updatedAt: changedAt, app } = row
  return {
    id,
    passwordHash: passwordHash ?? undefined,
    disabledAt: disabledAt ?? undefined,
    changedAt,
    ...(app === null || app.confirmedAt === null
      ? {}
      : { app: { sealedSecret: app.sealedSecret, lastStep: Number(app.lastStep) } }),
  }
}

/** The session is written with the proof, once the unit has its decision. */
const reader: Reader = { collects: (model, isDecided) => isDecided && model === 'Session' }

export function accountUnit(storage: Storage): UnitOfWork {
  return new UnitOfWork(storage, reader)
}
