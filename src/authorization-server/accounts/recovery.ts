/**
 * "Forgot password?": a request is stored as it came, and answered; looking up its address comes later, beside the mails. So neither the
 * answer nor its time can tell whether there is such an account. The mail says what applies.
 *
 * A stranger can cause three mails to one address in the time that a link works, and each has a link that works: whoever uses up the limit of
 * an address sends its owner what they would have asked for. An address without an account gets one mail a day, and all of them have a total.
 */
import { type Write, writeTogether } from '../../database/writes.js'
import type { Mailer } from '../../mail/mailer.js'
import type { UsageLimits } from '../../oauth/usage-limits.js'
import { type Account, type AccountStore, normalizeEmail } from '../../storage/accounts/accounts.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import type { RateLimits } from '../../storage/counters/rate-limits.js'
import type { ClaimedMail, MailQueue } from '../../storage/mail/mail-queue.js'
import type { Storage } from '../../storage/storage.js'
import { type AccountLinks, resetLinkSeconds } from './account-links.js'

export interface RecoveryParts {
  readonly storage: Pick<Storage, 'database'>
  readonly queue: MailQueue
  readonly mailer: Mailer
  readonly accounts: Pick<AccountStore, 'findByEmail'>
  readonly links: AccountLinks
  readonly audit: AuditTrail
  readonly limits: RateLimits
  readonly usageLimits: UsageLimits
}

interface RecoveryRequest {
  readonly email: string
  readonly language: string
  readonly requestId: string
}

const kind = 'recover'

/** Mails to addresses without an account. */
const unknownLimits = { daySeconds: 86_400, perDay: 1, hourSeconds: 3_600, total: 100 } as const

/** What `/recover` stores, whatever the address. */
export function askToRecover(queue: MailQueue, request: RecoveryRequest): Promise<void> {
  return queue.add({ kind, content: request, lifetimeSeconds: resetLinkSeconds })
}

/** Answers the requests in the queue. */
export function createRecovery(parts: RecoveryParts): (request: ClaimedMail) => Promise<void> {
  const { storage, queue, mailer, accounts, links, audit, limits, usageLimits } = parts

  const isTooMuch = async (email: string, isKnown: boolean): Promise<boolean> => {
    const { limit, windowSeconds } = usageLimits['mail-person']
    if (limit === 0) return false
    const person = [{ network: email, times: 1 }]
    if (isKnown)
      return (await limits.take({ what: 'recovery mails', windowSeconds, perAddress: limit }, person)) !== undefined
    const { daySeconds, perDay, hourSeconds, total } = unknownLimits
    const what = 'recovery mails to strangers'
    const ofAddress = await limits.take({ what, windowSeconds: daySeconds, perAddress: perDay }, person)
    if (ofAddress !== undefined) return true
    return (await limits.take({ what, windowSeconds: hourSeconds, perAddress: undefined, total }, [])) !== undefined
  }

  const mailFor = (account: Account | undefined, { email, language, requestId }: RecoveryRequest): readonly Write[] => {
    const to = account?.email ?? email
    const order = {
      to,
      language: account?.language ?? language,
      lifetimeSeconds: resetLinkSeconds,
      values: { email: to },
    }
    if (account === undefined) return [mailer.write({ ...order, kind: 'recoverUnknown' })]
    if (account.disabledAt !== undefined) return [mailer.write({ ...order, kind: 'recoverDisabled' })]
    if (account.passwordHash === undefined) return [mailer.write({ ...order, kind: 'recoverNoPassword' })]
    const { path, write } = links.newReset(account.id)
    const event = audit.event(
      { type: 'account.reset_link', accountId: account.id, detail: { by: 'mail' } },
      { requestId },
    )
    const minutes = resetLinkSeconds / 60
    return [write, mailer.write({ ...order, kind: 'recover', path, values: { email: to, minutes } }), event]
  }

  return async (claimed) => {
    const request = claimed.content as RecoveryRequest
    const email = normalizeEmail(request.email)
    const account = email === undefined ? undefined : await accounts.findByEmail(email)
    const isAnswered = email !== undefined && !(await isTooMuch(email, account !== undefined))
    const writes = isAnswered ? mailFor(account, { ...request, email }) : []
    await writeTogether(storage.database.sql, writes, queue.ending(claimed))
  }
}
