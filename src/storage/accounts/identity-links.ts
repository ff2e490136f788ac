/** Which account a subject of another identity provider is. A link, once made, outlives changes of the address on either side. */
import type { PrismaClient } from '../generated/client.js'
import { declareSignIn } from '../grants/ephemeral-artifacts.js'

export interface IdentitySubject {
  /** `iss` and `sub` of the other provider; together they never change hands (OpenID Connect Core §2). */
  readonly issuer: string
  readonly subject: string
}

export interface IdentityLinks {
  /** Id of the linked account. Does not say whether it is disabled. */
  find(identity: IdentitySubject): Promise<string | undefined>
  /** The account with an address, as accounts have them, and whether the address was ever verified here. */
  addressed(email: string): Promise<AddressedAccount | undefined>
  /** Of one account. */
  of(accountId: string): Promise<readonly IdentitySubject[]>
  /** False: it was not linked to the account. */
  unlink(identity: IdentitySubject, accountId: string): Promise<boolean>
  /** Links unless there is a link already; returns the account that counts, which is the one linked first. */
  link(identity: IdentitySubject, accountId: string, at: Date): Promise<string>
}

export interface AddressedAccount {
  readonly id: string
  readonly isDisabled: boolean
  readonly isVerified: boolean
}

/** A sign-in by a link that was cut meanwhile opens nothing. Its evidence: issuer and subject. */
export const isProvenByLink = declareSignIn(
  'sign_in_by_link',
  'EXISTS (SELECT 1 FROM identity_links WHERE issuer = $5 AND subject = $6 AND account_id = accounts.id)',
)

export function createIdentityLinks(prisma: PrismaClient): IdentityLinks {
  const find = async (identity: IdentitySubject) => {
    const row = await prisma.identityLink.findUnique({ where: { issuer_subject: identity } })
    return row?.accountId
  }
  return {
    find,
    of: (accountId) =>
      prisma.identityLink.findMany({
        where: { accountId },
        select: { issuer: true, subject: true },
        orderBy: { createdAt: 'asc' },
      }),
    unlink: async ({ issuer, subject }, accountId) =>
      (await prisma.identityLink.deleteMany({ where: { issuer, subject, accountId } })).count === 1,
    addressed: async (email) => {
      const row = await prisma.account.findUnique({
        where: { email },
        select: { id: true, disabledAt: true, emailVerified: true },
      })
      return row === null
        ? undefined
        : { id: row.id, isDisabled: row.disabledAt !== null, isVerified: row.emailVerified }
    },
    link: async ({ issuer, subject }, accountId, at) => {
      await prisma.identityLink.createMany({
        data: [{ issuer, subject, accountId, createdAt: at }],
        skipDuplicates: true,
      })
      return (await find({ issuer, subject })) ?? accountId
    },
  }
}
