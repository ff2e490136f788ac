/** Which account a subject of another identity provider is. A link, once made, outlives changes of the address on either side. */
import type { PrismaClient } from '../generated/client.js'

export interface IdentitySubject {
  /** `iss` and `sub` of the other provider; together they never change hands (OpenID Connect Core §2). */
  readonly issuer: string
  readonly subject: string
}

export interface IdentityLinks {
  /** Id of the linked account. Does not say whether it is disabled. */
  find(identity: IdentitySubject): Promise<string | undefined>
  /** Links unless there is a link already; returns the account that counts, which is the one linked first. */
  link(identity: IdentitySubject, accountId: string, at: Date): Promise<string>
}

export function createIdentityLinks(prisma: PrismaClient): IdentityLinks {
  const find = async (identity: IdentitySubject) => {
    const row = await prisma.identityLink.findUnique({ where: { issuer_subject: identity } })
    return row?.accountId
  }
  return {
    find,
    link: async ({ issuer, subject }, accountId, at) => {
      await prisma.identityLink.createMany({
        data: [{ issuer, subject, accountId, createdAt: at }],
        skipDuplicates: true,
      })
      return (await find({ issuer, subject })) ?? accountId
    },
  }
}
