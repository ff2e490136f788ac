/**
 * Members of groups that commands and invitations made. A row is of an account, or of an address that no account has yet; triggers keep both
 * true when an account's address changes and when it is removed (see the migration `groups`). Members that the file names are not here.
 */
import type { Storage } from '../storage.js'
import { normalizeEmail } from './accounts.js'

/** `provider`: another identity provider said so at a sign-in. */
export type MembershipSource = 'command' | 'invitation' | 'provider'

const providerSource = (id: string): string => `provider ${id}`

export interface GroupMember {
  readonly group: string
  readonly email: string
  readonly source: MembershipSource
  /** Absent: no account has the address yet. */
  readonly accountId: string | undefined
}

function sourceOf(source: string): MembershipSource {
  if (source.startsWith('provider ')) return 'provider'
  return source === 'invitation' ? 'invitation' : 'command'
}

type GroupStorage = Pick<Storage, 'prisma' | 'clock'>

/** What the address's rows are kept under: its verified account, or itself. */
async function keyOf({ prisma }: GroupStorage, email: string): Promise<string> {
  const account = await prisma.account.findUnique({ where: { email }, select: { id: true, emailVerified: true } })
  return account?.emailVerified === true ? account.id : email
}

export interface GroupMembers {
  /** Of one group, or of all; by group and address. */
  list(group?: string): Promise<readonly GroupMember[]>
  /** False if it is one already. Throws RangeError for text that is no address. */
  add(group: string, email: string, source: MembershipSource): Promise<boolean>
  /** The groups of an account by the word of one provider: others of its word end. */
  setByProvider(providerId: string, accountId: string, groups: readonly string[]): Promise<void>
  /** False if there is no such member. */
  remove(group: string, email: string): Promise<boolean>
  /** Groups of an address that no account has yet. */
  ofAddress(email: string): Promise<readonly string[]>
}

export function createGroupMembers(storage: GroupStorage): GroupMembers {
  const { prisma, clock } = storage
  const addressOf = (text: string) => {
    const email = normalizeEmail(text)
    if (email === undefined) throw new RangeError(`${JSON.stringify(text)} is not an email address`)
    return email
  }
  return {
    list: async (group) => {
      const rows = await prisma.groupMember.findMany({ where: group === undefined ? {} : { group } })
      const ids = rows.map(({ member }) => member)
      const accounts = await prisma.account.findMany({
        where: { OR: [{ id: { in: ids } }, { email: { in: ids } }] },
        select: { id: true, email: true },
      })
      const byMember = new Map(accounts.flatMap((account) => [account.id, account.email].map((key) => [key, account])))
      const shown = rows.map(({ group: name, member, source }) => ({
        group: name,
        email: byMember.get(member)?.email ?? member,
        source: sourceOf(source),
        accountId: byMember.get(member)?.id,
      }))
      const order = ({ group: name, email }: GroupMember) => `${name}\n${email}`
      return shown.sort((one, other) => (order(one) < order(other) ? -1 : 1))
    },
    add: async (group, text, source) => {
      const member = await keyOf(storage, addressOf(text))
      const data = [{ group, member, source, createdAt: clock.now() }]
      return (await prisma.groupMember.createMany({ data, skipDuplicates: true })).count === 1
    },
    setByProvider: async (providerId, member, groups) => {
      const source = providerSource(providerId)
      const before = await prisma.groupMember.findMany({ where: { member, source }, select: { group: true } })
      const isSame = before.length === groups.length && before.every((row) => groups.includes(row.group))
      if (isSame) return
      const data = groups.map((group) => ({ group, member, source, createdAt: clock.now() }))
      await prisma.$transaction([
        prisma.groupMember.deleteMany({ where: { member, source } }),
        prisma.groupMember.createMany({ data, skipDuplicates: true }),
      ])
    },
    remove: async (group, text) => {
      const email = addressOf(text)
      const member = { in: [email, await keyOf(storage, email)] }
      return (await prisma.groupMember.deleteMany({ where: { group, member } })).count > 0
    },
    ofAddress: async (email) =>
      (await prisma.groupMember.findMany({ where: { member: email }, select: { group: true } })).map(
        (row) => row.group,
      ),
  }
}
