/** The engine's `findAccount`: loads a person and gives the claims about them. */
import { isOutage, outageError } from '../../database/outage.js'
import { findHolder } from '../../storage/grants/credential.js'
import type { Storage } from '../../storage/storage.js'
import { withRequestedValues } from '../endpoints/requested-claims.js'
import type { Resources } from '../resources/resources.js'
import { unitOf } from '../units-of-work.js'
import { rethrowForEngine } from './engine-errors.js'

interface FoundAccount {
  readonly accountId: string
  /** Of those that are declared (oauth/groups.ts). */
  readonly groups: ReadonlySet<string>
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
  resources: Pick<Resources, 'groupsOf'>,
): (ctx: { readonly state: object }, accountId: string) => Promise<FoundAccount | undefined> {
  return async (ctx, accountId) => {
    const joined = unitOf(ctx)?.reader.person?.(accountId)
    const account =
      joined ??
      (await findHolder(storage, accountId).catch((error: unknown) =>
        rethrowForEngine(isOutage(error) ? outageError(error) : error),
      ))
    // Never null or an exception: the engine would answer 500.
    if (account === undefined || account.disabled) return undefined
    const { email, name, emailVerified } = account
    return {
      accountId,
      groups: resources.groupsOf(account),
      claims: (_use, scope, requested) => {
        const available = { sub: accountId, email, email_verified: emailVerified, ...(name === null ? {} : { name }) }
        return { ...withRequestedValues(available, scope, requested), sub: accountId }
      },
    }
  }
}

const nobody: ReadonlySet<string> = new Set()

/** The groups of an account that `findAccountIn` found, as the engine passes it on. Of no account, none: not even `everyone`. */
export function groupsOfAccount(account: object | undefined): ReadonlySet<string> {
  const groups: unknown = account === undefined ? undefined : Reflect.get(account, 'groups')
  return groups instanceof Set ? groups : nobody
}
