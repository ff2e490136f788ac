/** The engine's `findAccount`: loads a person and gives the claims about them. */
import { isOutage, outageError } from '../../database/outage.js'
import type { Storage } from '../../storage/storage.js'
import { withRequestedValues } from '../endpoints/requested-claims.js'
import { unitOf } from '../units-of-work.js'
import { rethrowForEngine } from './engine-errors.js'

interface FoundAccount {
  readonly accountId: string
  readonly [member: string]: unknown
  /** The claims about the person; `requested`: those that the request names one by one. */
  claims(
    use: string,
    scope: string,
    requested: Readonly<Record<string, unknown>>,
  ): { sub: string; [claim: string]: unknown }
}

/** For the engine's `findAccount`. Disabled accounts are none. */
export function findAccountIn(
  storage: Storage,
): (ctx: { readonly state: object }, accountId: string) => Promise<FoundAccount | undefined> {
  return async (ctx, accountId) => {
    const joined = unitOf(ctx)?.reader.person?.(accountId)
    const account =
      joined ??
      (await storage.prisma.account
        .findUnique({ where: { id: accountId }, select: { email: true, name: true, disabledAt: true } })
        .then((row) => (row === null ? undefined : { ...row, disabled: row.disabledAt !== null }))
        .catch((error: unknown) => rethrowForEngine(isOutage(error) ? outageError(error) : error)))
    // Never null or an exception: the engine would answer 500.
    if (account === undefined || account.disabled) return undefined
    const { email, name } = account
    return {
      accountId,
      claims: (_use, scope, requested) => {
        const available = { sub: accountId, email, email_verified: false, ...(name === null ? {} : { name }) }
        return { ...withRequestedValues(available, scope, requested), sub: accountId }
      },
    }
  }
}
