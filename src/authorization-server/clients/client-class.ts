/** The class of a client, by which a resource's declaration says what it may ask for (`clients` of oauth/declared-resource.ts). */
import type { ClientClass } from '../../oauth/declared-resource.js'
import { redirectKind } from '../../oauth/redirect-uri.js'
import { type IdentifiedClient, identityOf } from './identity.js'

/** True for an https redirect on host and port of the client's document: another one may be somebody else's. */
function isOnDocumentsHost(client: IdentifiedClient, redirectUri: string): boolean {
  return redirectKind(redirectUri) === 'https' && new URL(redirectUri).host === new URL(client.clientId).host
}

/**
 * For a request whose answer goes to `redirectUri`; `undefined` if it goes nowhere but to the caller. A client that is proven for no request
 * of the kind is as good as one that registered itself.
 */
export function clientClassOf(client: IdentifiedClient, redirectUri: string | undefined): ClientClass {
  const isOperatorsClient = client.metadata()['made_by_operator'] === true
  if (isOperatorsClient) return 'operator'
  const identity = identityOf(client, { isOperatorsClient, redirectUri })
  if (identity.kind !== 'verified') return 'registered'
  if (identity.known !== undefined) return 'known'
  return redirectUri === undefined || isOnDocumentsHost(client, redirectUri) ? 'verified' : 'registered'
}

const byStanding: readonly ClientClass[] = ['operator', 'known', 'verified', 'registered']

/**
 * For a refresh, which does not say where the code went: the best that any of the client's redirects could have been. What was decided
 * at the authorization request stands; this is for a ceiling that was lowered since.
 */
export function bestClassOf(client: IdentifiedClient): ClientClass {
  const classes = [undefined, ...(client.redirectUris ?? [])].map((redirectUri) => clientClassOf(client, redirectUri))
  return byStanding.find((each) => classes.includes(each)) ?? 'registered'
}
