/** The identity providers that are declared, as the rooms around them use them. */
import { derived } from '../../oauth/declared-resource.js'
import { providerSecretPurpose } from '../../oauth/identity-provider.js'
import type { AccountStore } from '../../storage/accounts/accounts.js'
import { createGroupMembers } from '../../storage/accounts/group-members.js'
import { createIdentityLinks, type IdentityLinks } from '../../storage/accounts/identity-links.js'
import { createProviderSignIns } from '../../storage/accounts/provider-sign-ins.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import type { AuthorizationServerOptions } from '../options.js'
import { createProviderAccounts, type ProviderAccounts } from './provider-accounts.js'
import { createProviderClients } from './provider-client.js'
import { createProviderSignIn, type ProviderSignIn } from './provider-sign-in.js'

export interface IdentityProviderParts {
  readonly options: Pick<AuthorizationServerOptions, 'declarations' | 'storage' | 'operatorFetch' | 'issuer'>
  readonly accounts: AccountStore
  readonly audit: AuditTrail
}

export interface IdentityProviders {
  readonly providerSignIn: ProviderSignIn
  readonly providerAccounts: ProviderAccounts
  readonly identityLinks: IdentityLinks
}

export function createIdentityProviders({ options, accounts, audit }: IdentityProviderParts): IdentityProviders {
  const { declarations, storage, operatorFetch, issuer } = options
  const { clock, secretBox, prisma, database } = storage
  const clients = createProviderClients({
    send: operatorFetch,
    secretOf: ({ id, sealedSecret }) =>
      sealedSecret === undefined ? undefined : secretBox.open(sealedSecret, providerSecretPurpose(id)),
    nowMs: () => clock.now().getTime(),
  })
  const identityLinks = createIdentityLinks(prisma)
  return {
    identityLinks,
    providerSignIn: createProviderSignIn({
      providers: derived(declarations, ({ identityProviders = [] }) => identityProviders),
      clients,
      signIns: createProviderSignIns(storage),
      issuer,
      clock,
    }),
    providerAccounts: createProviderAccounts({
      sql: database.sql,
      accounts,
      links: identityLinks,
      members: createGroupMembers(storage),
      audit,
      clock,
    }),
  }
}
