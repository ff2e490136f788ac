/** What a person allowed a client before: for the consent page to say so, and for requests that need not be asked about again. */

import { textList } from '../../database/table.js'
import type { Write } from '../../database/writes.js'
import type { Storage } from '../storage.js'
import { consents } from '../tables.js'

export interface ConsentKey {
  readonly accountId: string
  readonly clientId: string
  /** Canonical resource, or an empty string for OpenID scopes alone. */
  readonly resource: string
}

/**
 * Kept among the scopes when the person did not let the client stay connected (`offline_access`), until the client asks for it again. No
 * scope has a space (RFC 6749 §3.3).
 */
export const refusedToStay = 'no offline_access'

/** Of one person and one client. */
export interface StoredConsent {
  readonly resource: string
  /** Allowed, and `refusedToStay`. */
  readonly scopes: readonly string[]
  /** Of the client's metadata as the person saw it. */
  readonly fingerprint: string
}

const insertion = consents.insertion('account_id', 'client_id', 'resource', 'scopes', 'fingerprint', 'updated_at')

/** Behind the row: the scopes that the person was asked about. */
const upsert = consents.part('consent', {
  consented: `${insertion.sql} FROM {condition}
    ON CONFLICT (account_id, client_id, resource) DO UPDATE SET
      scopes = CASE WHEN consents.fingerprint = excluded.fingerprint
        THEN ARRAY(SELECT kept FROM unnest(consents.scopes) AS kept WHERE kept <> ALL ($7::text[])) || excluded.scopes
        ELSE excluded.scopes END,
      fingerprint = excluded.fingerprint, updated_at = excluded.updated_at`,
})

const find = consents.read(
  'consents_find',
  { ...consents.pick('resource', 'fingerprint'), scopes: textList },
  'SELECT resource, scopes, fingerprint FROM consents WHERE account_id = $1 AND client_id = $2',
)

/** What the person allowed the client before, for any resource. */
export async function consentsOf(
  { database }: Pick<Storage, 'database'>,
  { accountId, clientId }: Pick<ConsentKey, 'accountId' | 'clientId'>,
): Promise<readonly StoredConsent[]> {
  return (await database.sql.query(find, [accountId, clientId])).rows
}

/** Scopes allowed before under the same client metadata; empty when the client changed since or was never seen. */
export function rememberedScopes(
  consents: readonly StoredConsent[],
  resource: string,
  fingerprint: string,
): readonly string[] {
  return consents.find((one) => one.resource === resource && one.fingerprint === fingerprint)?.scopes ?? []
}

/**
 * Keeps what the person last said of each scope: of what was `asked` now, `allowed` counts and the rest is forgotten, so that
 * it is asked as something new the next time. Scopes that were not asked about stay. If the client's metadata changed,
 * earlier answers are discarded.
 */
export function rememberConsent(
  { clock }: Pick<Storage, 'clock'>,
  { accountId, clientId, resource }: ConsentKey,
  fingerprint: string,
  { asked, allowed }: { readonly asked: readonly string[]; readonly allowed: readonly string[] },
): Write {
  const key = { account_id: accountId, client_id: clientId, resource }
  const row = insertion.values({ ...key, scopes: allowed, fingerprint, updated_at: clock.now() })
  return { text: upsert, values: [...row, [...asked, ...allowed]] }
}
