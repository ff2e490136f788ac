/**
 * What the first identity assertion of a person writes: their account, where it makes one, the link to it, and the events. Each event is
 * written exactly when its row is. All of it belongs to the token request's one commit, so a request that is refused leaves nothing.
 */

import { outageError } from '../../database/outage.js'
import type { Write } from '../../database/writes.js'
import { accounts, auditEvents, identityLinks } from '../tables.js'
import type { Decision } from '../unit-of-work.js'
import type { IdentitySubject } from './identity-links.js'

const newAccount = accounts.insertion('id', 'email', 'email_verified', 'created_at', 'updated_at')
const newLink = identityLinks.insertion('issuer', 'subject', 'account_id', 'created_at')

/** The event of a row: its values follow the row's, of which there are `before`. */
const eventBehind = (before: number) => `INSERT INTO audit_events (at, type, account_id, client_id, detail)
  SELECT $${before + 1}::timestamptz, $${before + 2}::text, $${before + 3}::text, $${before + 4}::text, $${before + 5}::jsonb`

const makeAccount = accounts.part(
  'account_made',
  {
    // Another request may make the same one at the same moment. In one process both have chosen the same id.
    made: `${newAccount.sql} FROM {condition} ON CONFLICT DO NOTHING RETURNING id`,
    made_event: `${eventBehind(5)} FROM {made}`,
  },
  auditEvents,
)

const makeLink = identityLinks.part(
  'identity_link',
  {
    // A link, once made, stays. One to another account fails the whole statement, because no row has a NULL here.
    linked: `${newLink.sql} FROM {condition}
      ON CONFLICT (issuer, subject) DO UPDATE
      SET account_id = CASE WHEN identity_links.account_id = excluded.account_id THEN excluded.account_id END
      RETURNING xmax = 0 AS is_new`,
    linked_event: `${eventBehind(4)} FROM {linked} WHERE is_new`,
  },
  auditEvents,
)

/**
 * `isVerified`: the operator declared the provider authoritative for the address's domain. Otherwise the account gets nothing by its address:
 * no group, and no other provider's person (CVE-2026-53516). `event`: written if this request makes the account. It has no password.
 */
export function accountMade(id: string, email: string, isVerified: boolean, at: Date, event: Write): Write {
  return {
    ...event,
    text: makeAccount,
    values: [
      ...newAccount.values({ id, email, email_verified: isVerified, created_at: at, updated_at: at }),
      ...event.values,
    ],
  }
}

/** `event`: written if this request makes the link. */
export function linkMade({ issuer, subject }: IdentitySubject, accountId: string, at: Date, event: Write): Write {
  return {
    ...event,
    text: makeLink,
    values: [...newLink.values({ issuer, subject, account_id: accountId, created_at: at }), ...event.values],
  }
}

function isLinkedElsewhere(error: unknown): boolean {
  // 23502: the NULL of the link.
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '23502'
}

/**
 * A decision with these writes. If somebody else linked the subject, or took the email address, since it was looked up, nothing is written and
 * the settlement throws an outage: the same assertion is good when it is sent again, and then finds what is there.
 */
export function ofFirstAssertion(decision: Decision, makesAccount: boolean): Decision {
  return {
    settle: async (sql, work) => {
      const outcome = await decision.settle(sql, work).catch((error: unknown) => {
        throw isLinkedElsewhere(error) ? outageError(new Error('the subject was linked meanwhile')) : error
      })
      // Its tokens have no account to belong to: another one has the address.
      if (outcome.kind === 'lost' && makesAccount) throw outageError(new Error('the email address was taken meanwhile'))
      return outcome
    },
  }
}
