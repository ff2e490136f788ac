/** The account of a person from another provider: reads what linking.ts decides by, and writes what it decided. */
import type { Clock } from '../../base/clock.js'
import { randomSecret } from '../../base/secrets.js'
import { outageError } from '../../database/outage.js'
import type { Sql } from '../../database/sql.js'
import { type Write, writeTogether } from '../../database/writes.js'
import type { IdentityProvider } from '../../oauth/identity-provider.js'
import type { Account, AccountStore } from '../../storage/accounts/accounts.js'
import { accountMade, linkMade } from '../../storage/accounts/first-assertion.js'
import type { GroupMembers } from '../../storage/accounts/group-members.js'
import type { IdentityLinks } from '../../storage/accounts/identity-links.js'
import type { AuditTrail, EventRequest } from '../../storage/audit/audit.js'
import { decideLinking, type LinkingOutcome } from './linking.js'
import { type ProviderIdentity, speaksFor } from './provider-identity.js'

/** Pages of people who are not signed in. */
export type LinkingPage = Extract<LinkingOutcome['kind'], 'connect-first' | 'linked-elsewhere' | 'no-account'>

export interface ProviderAccounts {
  /** The account whose link is in the database when this resolves, or the page that says why there is none. */
  accountFor(
    provider: IdentityProvider,
    identity: ProviderIdentity,
    request: EventRequest,
    connects?: string,
  ): Promise<{ readonly accountId: string } | { readonly page: LinkingPage }>
}

export interface ProviderAccountParts {
  readonly sql: Sql
  readonly accounts: AccountStore
  readonly links: IdentityLinks
  readonly members: Pick<GroupMembers, 'setByProvider'>
  readonly audit: AuditTrail
  readonly clock: Clock
}

function known(account: Account | undefined) {
  return account && { id: account.id, isDisabled: account.disabledAt !== undefined }
}

/** Somebody else made the link, or took the address, since it was looked up: unique keys and the link's NULL. */
function isOvertaken(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return code === '23502' || code === '23503' || code === '23505'
}

export function createProviderAccounts({
  sql,
  accounts,
  links,
  members,
  audit,
  clock,
}: ProviderAccountParts): ProviderAccounts {
  const decide = async (
    provider: IdentityProvider,
    identity: ProviderIdentity,
    connects: string | undefined,
  ): Promise<LinkingOutcome> => {
    const linkedId = await links.find({ issuer: identity.issuer, subject: identity.subject })
    const linked = linkedId === undefined ? undefined : await accounts.find(linkedId)
    const { email, isEmailVerified } = identity
    const needsAddress = linked === undefined && email !== undefined
    return decideLinking({
      linked: known(linked),
      addressed: needsAddress ? await links.addressed(email) : undefined,
      isEmailVerified,
      isAuthoritative: email !== undefined && speaksFor(provider, email),
      createsAccounts: provider.createAccounts,
      connects,
    })
  }

  const carryOut = async (
    outcome: LinkingOutcome,
    { provider, identity, request }: { provider: IdentityProvider; identity: ProviderIdentity; request: EventRequest },
  ): Promise<{ readonly accountId: string } | { readonly page: LinkingPage }> => {
    const now = clock.now()
    const by = outcome.kind === 'connected' ? 'person' : 'identity provider'
    const detail = { by, provider: provider.id, issuer: identity.issuer }
    const linkTo = (accountId: string): Write =>
      linkMade(identity, accountId, now, audit.event({ type: 'account.linked', accountId, detail }, request))
    if (outcome.kind === 'create') {
      const accountId = randomSecret(16)
      const made = audit.event({ type: 'account.created', accountId, detail }, request)
      const { email = '' } = identity
      await writeTogether(sql, [
        accountMade(accountId, email, speaksFor(provider, email), now, made),
        linkTo(accountId),
      ])
      return { accountId }
    }
    if (!('accountId' in outcome)) return { page: outcome.kind }
    const { accountId, links: isNew } = outcome
    if (isNew) await writeTogether(sql, [linkTo(accountId)])
    return { accountId }
  }

  return {
    accountFor: async (provider, identity, request, connects) => {
      for (let tries = 0; tries < 3; tries += 1) {
        const outcome = await decide(provider, identity, connects)
        try {
          const found = await carryOut(outcome, { provider, identity, request })
          if ('accountId' in found && identity.groups !== undefined)
            await members.setByProvider(provider.id, found.accountId, identity.groups)
          return found
        } catch (error) {
          if (!isOvertaken(error)) throw error
        }
      }
      throw outageError(new Error('the account changed meanwhile'))
    },
  }
}
