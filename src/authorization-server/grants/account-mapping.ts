/**
 * Which account an identity assertion speaks for: the one linked to its issuer and subject; failing that, as the operator allows,
 * the one with its email address, or a new one. A link, once made, stays.
 */

import type { Clock } from '../../base/clock.js'
import type { TrustedIssuer } from '../../oauth/trusted-issuer.js'
import { type AccountStore, normalizeEmail } from '../../storage/accounts/accounts.js'
import type { IdentityLinks } from '../../storage/accounts/identity-links.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import type { IdentityAssertion } from './identity-assertion.js'
import { AssertionRefused } from './issuer-keys.js'

export interface AccountMapper {
  /** Id of an account that is not disabled. Throws AssertionRefused when there is none and none may be made. */
  accountFor(assertion: IdentityAssertion, trustedIssuer: TrustedIssuer): Promise<string>
}

export interface AccountMapperParts {
  readonly accounts: AccountStore
  readonly links: IdentityLinks
  readonly audit: AuditTrail
  readonly clock: Clock
}

/**
 * The address, when the issuer may speak for its domain. Letters that only look like others (full width, a Kelvin sign) are one
 * person's at us and may be two people's at the issuer, so an address with such letters, or with blanks around it, is nobody's.
 */
function trustedEmail({ email: text }: IdentityAssertion, { emailDomains }: TrustedIssuer): string {
  const email = text === undefined || text !== text.normalize('NFKC').trim() ? undefined : normalizeEmail(text)
  if (email === undefined) throw new AssertionRefused('its subject is not linked, and it has no verified email address')
  const domain = email.slice(email.lastIndexOf('@') + 1)
  if (!emailDomains.includes(domain))
    throw new AssertionRefused('its issuer is not allowed to assert addresses of that email domain')
  return email
}

export function createAccountMapper({ accounts, links, audit, clock }: AccountMapperParts): AccountMapper {
  /** Somebody else may add the same address at the same moment: then theirs is the account. */
  async function create(email: string, issuer: string) {
    // Without a password: the person comes in through their own provider, until an operator sets one.
    const added = await accounts.add({ email })
    if (added === undefined) return accounts.findByEmail(email)
    await audit.record({ type: 'account.created', accountId: added.id, detail: { by: 'identity assertion', issuer } })
    return added
  }

  async function mapByEmail(assertion: IdentityAssertion, trustedIssuer: TrustedIssuer): Promise<string> {
    if (trustedIssuer.accounts === 'linked') throw new AssertionRefused('its subject is not linked to an account')
    const email = trustedEmail(assertion, trustedIssuer)
    const { issuer, subject } = assertion
    const known = await accounts.findByEmail(email)
    const account = known ?? (trustedIssuer.accounts === 'create' ? await create(email, issuer) : undefined)
    if (account === undefined) throw new AssertionRefused('there is no account with its email address')
    if (account.disabledAt !== undefined) throw new AssertionRefused('the account is disabled')
    const accountId = await links.link({ issuer, subject }, account.id, clock.now())
    await audit.record({ type: 'account.linked', accountId, detail: { issuer } })
    return accountId
  }

  return {
    accountFor: async (assertion, trustedIssuer) => {
      const linked = await links.find({ issuer: assertion.issuer, subject: assertion.subject })
      const accountId = linked ?? (await mapByEmail(assertion, trustedIssuer))
      const account = await accounts.find(accountId)
      if (account === undefined || account.disabledAt !== undefined)
        throw new AssertionRefused('the account is disabled')
      return accountId
    },
  }
}
