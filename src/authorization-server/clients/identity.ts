/** Who a client is, as far as we can tell, and where its redirects lead: what the consent page says about it. */
import { createHash } from 'node:crypto'
import type { default as Provider } from 'oidc-provider'
import { claimsMetadataDocument } from '../../oauth/client-id.js'
import { redirectKind } from '../../oauth/redirect-uri.js'
import type { ClientMetadata } from '../../oauth/registration.js'
import type { ClientIdentity, RedirectTarget } from '../views.js'
import { borrowedName, knownClient } from './known-clients.js'

/** The engine's client, as far as identity needs it. */
export interface IdentifiedClient {
  readonly clientId: string
  readonly clientName?: string | undefined
  readonly redirectUris?: readonly string[] | undefined
  readonly metadata: () => ClientMetadata
  readonly isMetadataDocument: boolean
}

type EngineClient = NonNullable<Awaited<ReturnType<Provider['Client']['find']>>>

export function identified(client: EngineClient): IdentifiedClient {
  return {
    clientId: client.clientId,
    clientName: client.clientName,
    redirectUris: client.redirectUris,
    metadata: () => ({ ...client.metadata() }),
    isMetadataDocument: claimsMetadataDocument(client.clientId),
  }
}

/** The name shown for a client; one without a name is called by its id. */
export function displayName(client: IdentifiedClient): string {
  const name = client.clientName?.trim()
  if (name !== undefined && name !== '') return name
  return client.isMetadataDocument ? new URL(client.clientId).host : client.clientId
}

/** `isStatic`: the operator made it. */
export function identityOf(client: IdentifiedClient, isStatic: boolean): ClientIdentity {
  if (!client.isMetadataDocument) return isStatic ? { kind: 'known' } : { kind: 'unverified' }
  const known = knownClient(client.clientId)
  return { kind: 'verified', host: new URL(client.clientId).host, ...(known === undefined ? {} : { known }) }
}

/** The product whose name the client borrows, as far as we can tell. The operator's own clients are named by the operator. */
export function impersonates(client: IdentifiedClient, identity: ClientIdentity): string | undefined {
  switch (identity.kind) {
    case 'known':
      return undefined
    case 'verified':
      return identity.known === undefined
        ? borrowedName(displayName(client), new URL(client.clientId).hostname)
        : undefined
    case 'unverified':
      return borrowedName(displayName(client))
  }
}

/** The host that vouches for the client, when the URL is on another one. Ports do not matter: one host has one owner. */
function otherHost({ hostname }: URL, client: IdentifiedClient): string | undefined {
  if (!client.isMetadataDocument) return undefined
  const vouching = new URL(client.clientId)
  return vouching.hostname === hostname ? undefined : vouching.host
}

/** Where a redirect URI of this client leads. */
export function redirectTarget(redirectUri: string, client: IdentifiedClient): RedirectTarget {
  const url = new URL(redirectUri)
  switch (redirectKind(redirectUri)) {
    case 'loopback':
      return {
        kind: 'loopback',
        onlyLoopback: (client.redirectUris ?? []).every((uri) => redirectKind(uri) === 'loopback'),
      }
    case 'private-use':
    case 'forbidden':
      return { kind: 'private-use', scheme: url.protocol.slice(0, -1) }
    case 'https':
      return { kind: 'https', host: url.host, documentHost: otherHost(url, client) }
  }
}

/** Changes when anything changes that a person relied on when consenting. */
export function consentFingerprint(client: IdentifiedClient): string {
  const relevant = [
    'client_name',
    'redirect_uris',
    'client_uri',
    'policy_uri',
    'tos_uri',
    'jwks',
    'jwks_uri',
    'token_endpoint_auth_method',
  ]
  const metadata = client.metadata()
  const seen = relevant.map((name) => [name, metadata[name] ?? null])
  return createHash('sha256').update(JSON.stringify(seen)).digest('base64url')
}
