/** The identity of a client: how far it is proven, and where its redirects lead. The consent page shows the result. */
import { createHash } from 'node:crypto'
import { BoundedMap } from '../../base/bounded-map.js'
import { claimsMetadataDocument } from '../../oauth/client-id.js'
import { redirectKind } from '../../oauth/redirect-uri.js'
import type { ClientMetadata } from '../../oauth/registration.js'
import type { EngineClient } from '../engine/engine-types.js'
import type { ClientIdentity, NameWarning, RedirectTarget } from '../pages/views.js'
import { haveOneOwner, isLocalHost, sharedHost, subdomainOf } from './host-owners.js'
import { isAnyMakersHost, knownClient } from './known-clients.js'
import { type OwnNames, warningAbout } from './name-warnings.js'
import { officialWordInHost } from './official-words.js'

/** The engine's client, as far as identity needs it. */
export interface IdentifiedClient {
  readonly clientId: string
  readonly clientName?: string | undefined
  readonly redirectUris?: readonly string[] | undefined
  readonly metadata: () => ClientMetadata
  readonly isMetadataDocument: boolean
}

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

/** A request made in a client's name, as far as it decides whether the name is proven. */
export interface AskedInName {
  /** The operator made the client. */
  readonly isOperatorsClient: boolean
  /** Where the answer goes; `undefined` when a device polls for it (RFC 8628). */
  readonly redirectUri: string | undefined
}

/**
 * True when only the client itself can use the answer: it authenticates at the token endpoint, or the answer goes to an https redirect,
 * which its owner alone receives. Anyone can send the link of a public client on loopback or a private-use scheme, and any program on
 * the device can receive the answer (RFC 8252 §8.6). A device receives its answer without a redirect.
 */
function reachesClientAlone(client: IdentifiedClient, redirectUri: string | undefined): boolean {
  if (client.metadata()['token_endpoint_auth_method'] !== 'none') return true
  return redirectUri !== undefined && redirectKind(redirectUri) === 'https'
}

/** The client's identity for this request. The registered name proves nothing, so it is ignored. */
export function identityOf(client: IdentifiedClient, { isOperatorsClient, redirectUri }: AskedInName): ClientIdentity {
  if (!client.isMetadataDocument && !isOperatorsClient) return { kind: 'unverified' }
  const isAlone = reachesClientAlone(client, redirectUri)
  if (!client.isMetadataDocument)
    return isAlone ? { kind: 'known' } : { kind: 'unverified', claim: { kind: 'operator' } }
  const { host, hostname } = new URL(client.clientId)
  const shared = sharedHost(hostname)
  if (shared !== undefined) return { kind: 'unverified', claim: { kind: 'shared-host', host, shared } }
  if (isLocalHost(hostname)) return { kind: 'unverified', claim: { kind: 'local-host', host } }
  if (!isAlone) return { kind: 'unverified', claim: { kind: 'host', host } }
  const known = knownClient(client.clientId)
  return { kind: 'verified', host, ...(known === undefined ? {} : { known }) }
}

/** A word in the host that promises what nobody checked; not of hosts whose owner is known: the operator, and makers of known products. */
function wordInHost(host: string, { hosts }: OwnNames): string | undefined {
  const hostname = host.replace(/:\d+$/, '')
  const isKnown = isAnyMakersHost(hostname) || hosts.some((own) => haveOneOwner(hostname, own))
  return isKnown ? undefined : officialWordInHost(hostname)
}

/** The identity as a page shows it: whose the host is. */
export function shownIdentity(client: IdentifiedClient, asked: AskedInName, ownNames: OwnNames): ClientIdentity {
  const identity = identityOf(client, asked)
  if (identity.kind === 'verified') {
    const { host } = identity
    return { ...identity, below: subdomainOf(host), word: wordInHost(host, ownNames) }
  }
  if (identity.kind !== 'unverified' || identity.claim?.kind !== 'host') return identity
  return { ...identity, claim: { ...identity.claim, below: subdomainOf(identity.claim.host) } }
}

/**
 * True when the request is proven to be the client's: the operator registered it or its own host publishes it, and nobody else can
 * use the answer. Says nothing about whether the client is to be trusted: everybody can have a host.
 */
export function isProven(client: IdentifiedClient, asked: AskedInName): boolean {
  return identityOf(client, asked).kind !== 'unverified'
}

/** Judged names of each server: a name is compared with hundreds of others, on each page of its client. */
const judged = new WeakMap<OwnNames, BoundedMap<NameWarning | 'none'>>()
const mostJudged = 500

function warningKept(name: string, ownNames: OwnNames, host: string | undefined): NameWarning | undefined {
  const known = judged.get(ownNames) ?? new BoundedMap<NameWarning | 'none'>(mostJudged)
  judged.set(ownNames, known)
  const key = JSON.stringify([name, host])
  const warning = known.get(key) ?? warningAbout(name, ownNames, host) ?? 'none'
  known.set(key, warning)
  return warning === 'none' ? undefined : warning
}

/** What the client's name could be mistaken for; for a client whose name the operator did not choose. */
export function nameWarning(client: IdentifiedClient, ownNames: OwnNames): NameWarning | undefined {
  const host = client.isMetadataDocument ? new URL(client.clientId).hostname : undefined
  if (host !== undefined && knownClient(client.clientId) !== undefined) return undefined
  return warningKept(displayName(client), ownNames, host)
}

/** The host that vouches for the client, when the URL is on another one, or at another port: programs of others may be there. */
function otherHost({ host }: URL, client: IdentifiedClient): string | undefined {
  if (!client.isMetadataDocument) return undefined
  const vouching = new URL(client.clientId)
  return vouching.host === host ? undefined : vouching.host
}

/** Where a redirect URI of this client leads. */
export function redirectTarget(redirectUri: string, client: IdentifiedClient): RedirectTarget {
  const url = new URL(redirectUri)
  switch (redirectKind(redirectUri)) {
    case 'loopback':
      return {
        kind: 'loopback',
        host: url.host,
        onlyLoopback: (client.redirectUris ?? []).every((uri) => redirectKind(uri) === 'loopback'),
      }
    case 'private-use':
    case 'forbidden':
      return { kind: 'private-use', scheme: url.protocol.slice(0, -1) }
    case 'https':
      return { kind: 'https', host: url.host, below: subdomainOf(url.host), documentHost: otherHost(url, client) }
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
