/** A server where people may sign in with a provider that a test bends. */

import { notesResource } from '../../../src/notes/notes-resource.js'
import { declarationOf, defaultTokenRules } from '../../../src/oauth/declared-resource.js'
import type { IdentityProvider } from '../../../src/oauth/identity-provider.js'
import { createOperatorFetch } from '../../../src/outbound/operator-fetch.js'
import { type BentProvider, startBentProvider } from '../../support/bent-provider.js'
import { type Arrival, type Browser, createBrowser, type Page, pageOf } from '../../support/browser.js'
import type { DatabaseKind } from '../../support/databases.js'
import { type MutableDeclarations, mutableDeclarations } from '../../support/declarations.js'
import { type Grant, newGrant, startAuthorization } from '../../support/oauth-client.js'
import { resource, type ServerOptions, startServer, type TestServer } from '../server.js'

export interface ProviderWorld {
  readonly server: TestServer
  readonly upstream: BentProvider
  readonly grant: Grant
  readonly declarations: MutableDeclarations
  /** Declares the one provider so. */
  declare(changed?: Partial<IdentityProvider>): void
  newBrowser(): Browser
  /** The sign-in page of a new authorization request. */
  signInPage(browser: Browser, parameters?: Readonly<Record<string, string>>): Promise<Page>
  /** From there to wherever the provider's answer leads. */
  continueWith(browser: Browser, parameters?: Readonly<Record<string, string>>): Promise<Arrival>
}

export async function startProviderWorld(kind: DatabaseKind, options: ServerOptions = {}): Promise<ProviderWorld> {
  const upstream = await startBentProvider()
  const tokens = { ...defaultTokenRules }
  const declarations = mutableDeclarations({
    resources: [declarationOf(notesResource(resource), { tokens, isDefault: true })],
    assertionIssuers: [],
  })
  const declare = (changed: Partial<IdentityProvider> = {}) =>
    declarations.replace({
      identityProviders: [
        {
          id: 'work',
          name: 'Acme',
          issuer: upstream.issuer,
          preset: undefined,
          clientId: 'gatehouse',
          sealedSecret: undefined,
          authoritativeFor: [],
          createAccounts: false,
          ...changed,
        },
      ],
    })
  declare()
  const operatorFetch = createOperatorFetch({ timeoutMs: 5_000, maxBytes: 262_144 })
  const server = await startServer(kind, { declarations, operatorFetch, ...options })
  const grant = await newGrant(server)
  const newBrowser = () => createBrowser([server.issuer, upstream.issuer])
  const signInPage: ProviderWorld['signInPage'] = async (browser, parameters = {}) =>
    pageOf(
      await browser.open(startAuthorization(grant.server, { ...grant, scope: 'openid notes:read', parameters }).url),
    )
  return {
    ...{ server, upstream, grant, declarations, declare, newBrowser, signInPage },
    continueWith: async (browser, parameters) =>
      browser.press(await signInPage(browser, parameters), 'Continue with Acme'),
  }
}

/** What is in the database of links. */
export async function linksOf({ server }: ProviderWorld): Promise<readonly string[]> {
  const rows = await server.storage.prisma.identityLink.findMany({ orderBy: { subject: 'asc' } })
  return rows.map(({ issuer, subject, accountId }) => `${issuer} ${subject} ${accountId}`)
}
