/**
 * Which account an identity assertion speaks for: the one linked to its issuer and subject; failing that, as the operator allows,
 * the one with its email address, or a new one. A link, once made, stays.
 */

import { createHmac } from 'node:crypto'
import { type Clock, epochSeconds } from '../../base/clock.js'
import { randomSecret } from '../../base/secrets.js'
import type { Write } from '../../database/writes.js'
import type { TrustedIssuer } from '../../oauth/trusted-issuer.js'
import { type AccountStore, normalizeEmail } from '../../storage/accounts/accounts.js'
import { accountMade, linkMade } from '../../storage/accounts/first-assertion.js'
import type { IdentityLinks } from '../../storage/accounts/identity-links.js'
import type { AuditTrail, EventRequest } from '../../storage/audit/audit.js'
import type { IdentityAssertion } from './identity-assertion.js'
import { AssertionRefused } from './issuer-keys.js'

/** An account that is not disabled, and what has to be written with the tokens for it. */
export interface MappedAccount {
  readonly accountId: string
  /** Of a new account. */
  readonly email?: string
  /** There is no such account before the writes. */
  readonly makesAccount: boolean
  /** The account, the link and their events; empty for a person who is linked. See `ofFirstAssertion`. */
  readonly writes: readonly Write[]
}

export interface AccountMapper {
  /** Writes nothing. Throws AssertionRefused when there is no account and none may be made. `request`: for the events. */
  accountFor(assertion: IdentityAssertion, trustedIssuer: TrustedIssuer, request: EventRequest): Promise<MappedAccount>
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

/** How long requests that make the same account at the same moment choose the same id for it. */
const sharedIdSeconds = 60

export function createAccountMapper({ accounts, links, audit, clock }: AccountMapperParts): AccountMapper {
  const idKey = randomSecret()
  /** Opaque, and never that of an account which was there before. */
  function newId(email: string): string {
    const period = Math.floor(epochSeconds(clock) / sharedIdSeconds)
    return createHmac('sha256', idKey).update(`${period}\n${email}`).digest().subarray(0, 16).toString('base64url')
  }

  async function mapByEmail(
    assertion: IdentityAssertion,
    trustedIssuer: TrustedIssuer,
    request: EventRequest,
  ): Promise<MappedAccount> {
    if (trustedIssuer.accounts === 'linked') throw new AssertionRefused('its subject is not linked to an account')
    const email = trustedEmail(assertion, trustedIssuer)
    const { issuer } = assertion
    const known = await accounts.findByEmail(email)
    if (known === undefined && trustedIssuer.accounts !== 'create')
      throw new AssertionRefused('there is no account with its email address')
    if (known?.disabledAt !== undefined) throw new AssertionRefused('the account is disabled')
    const accountId = known?.id ?? newId(email)
    const now = clock.now()
    const linked = audit.event({ type: 'account.linked', accountId, detail: { issuer } }, request)
    const link = linkMade(assertion, accountId, now, linked)
    if (known !== undefined) return { accountId, makesAccount: false, writes: [link] }
    const detail = { by: 'identity assertion', issuer }
    // Without a password: the person comes in through their own provider, until an operator sets one.
    const made = accountMade(
      accountId,
      email,
      true,
      now,
      audit.event({ type: 'account.created', accountId, detail }, request),
    )
    return { accountId, email, makesAccount: true, writes: [made, link] }
  }

  return {
    accountFor: async (assertion, trustedIssuer, request) => {
      const linked = await links.find({ issuer: assertion.issuer, subject: assertion.subject })
      if (linked === undefined) return mapByEmail(assertion, trustedIssuer, request)
      const account = await accounts.find(linked)
      if (account === undefined || account.disabledAt !== undefined)
        throw new AssertionRefused('the account is disabled')
      return { accountId: linked, makesAccount: false, writes: [] }
    },
  }
}
