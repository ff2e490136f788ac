/**
 * "Create an account": a request is stored as it came, and answered; looking up its address comes later, beside the mails. So neither the
 * answer nor its time can tell whether there is such an account. The mail says what applies.
 *
 * There is no account before the link of the mail is followed: an address that somebody else typed first is nobody's.
 */
import { type Write, writeTogether } from '../../database/writes.js'
import type { Mailer } from '../../mail/mailer.js'
import type { UsageLimits } from '../../oauth/usage-limits.js'
import { type AccountInvitations, type AskedSignUp, signUpSeconds } from '../../storage/accounts/account-invitations.js'
import type { AccountStore } from '../../storage/accounts/accounts.js'
import type { RateLimits } from '../../storage/counters/rate-limits.js'
import type { ClaimedMail, MailQueue } from '../../storage/mail/mail-queue.js'
import type { Storage } from '../../storage/storage.js'

export interface SignUpParts {
  readonly storage: Pick<Storage, 'database'>
  readonly queue: MailQueue
  readonly mailer: Mailer
  readonly accounts: Pick<AccountStore, 'findByEmail'>
  readonly invitations: AccountInvitations
  readonly limits: RateLimits
  readonly usageLimits: UsageLimits
}

interface SignUpRequest extends AskedSignUp {
  readonly language: string
}

export const signUpRequest = 'sign-up'

/** What `/sign-up` stores, whatever the address. */
export function askToSignUp(queue: MailQueue, request: SignUpRequest): Promise<void> {
  return queue.add({ kind: signUpRequest, content: request, lifetimeSeconds: signUpSeconds })
}

/** Answers the requests in the queue. */
export function createSignUps(parts: SignUpParts): (request: ClaimedMail) => Promise<void> {
  const { storage, queue, mailer, accounts, invitations, limits, usageLimits } = parts

  const isTooMuch = async (email: string): Promise<boolean> => {
    const { limit, windowSeconds } = usageLimits['mail-person']
    if (limit === 0) return false
    const counted = { what: 'sign-up mails', windowSeconds, perAddress: limit }
    return (await limits.take(counted, [{ network: email, times: 1 }])) !== undefined
  }

  return async (claimed) => {
    const asked = claimed.content as SignUpRequest
    const { email, language } = asked
    const account = await accounts.findByEmail(email)
    const writes: Write[] = []
    if (!(await isTooMuch(email))) {
      const order = { to: email, language, lifetimeSeconds: signUpSeconds, values: { email } }
      if (account === undefined) {
        const { path, write } = invitations.newSignUp(asked)
        writes.push(write, mailer.write({ ...order, kind: 'signUp', path }))
      } else writes.push(mailer.write({ ...order, kind: 'signUpKnown', path: '/recover' }))
    }
    await writeTogether(storage.database.sql, writes, queue.ending(claimed))
  }
}
