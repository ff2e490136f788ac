/**
 * Finds clients that name themselves by URL (CIMD), and the keys of those that publish them by URL. Takes the place of the
 * engine's own fetching and caching: the adapter asks here. Owns which failure becomes which answer.
 */

import { compactVerify, createLocalJWKSet, type JWK, errors as joseErrors } from 'jose'
import { isMetadataDocumentUrl } from '../../oauth/client-id.js'
import { allowsHost, type HostRules } from '../../oauth/host-pattern.js'
import type { ClientMetadata } from '../../oauth/registration.js'
import { canParseUrl } from '../../oauth/url.js'
import type { FreshnessBounds } from '../../outbound/http-freshness.js'
import { UntrustedFetchError } from '../../outbound/untrusted-fetch-error.js'
import { ClientRefused, ClientUnavailable, engineError, temporarilyUnavailable } from '../engine/engine-errors.js'
import type { UntrustedFetch } from '../options.js'
import { createFetchQueue, type RunningFetches } from './fetch-queue.js'
import {
  type DocumentPolicy,
  DocumentUnavailable,
  type KeptDocument,
  KeptDocuments,
  type KeptDocumentsOptions,
} from './kept-documents.js'
import { maxDocumentBytes, maxKeySetBytes, parseKeySet, parseMetadataDocument } from './metadata-document.js'

/** The request that a client is looked up for; `undefined` outside the engine's own endpoints. */
export interface LookupRequest {
  /** The same for every look-up of one request. */
  readonly id?: object | undefined
  /** The engine's name of the endpoint. */
  readonly route?: string | undefined
  /** The `client_assertion` of the request, unverified (RFC 7523 §2.2). */
  readonly clientAssertion?: string | undefined
  /** Sets a header of the answer. */
  readonly setHeader?: (name: string, value: string) => void
}

export interface ClientLookupOptions extends Omit<KeptDocumentsOptions, 'maxEntries'> {
  readonly hosts: HostRules
  /** Fetches the keys of clients that the operator made, which may be anywhere. */
  readonly operatorFetch: UntrustedFetch
  /** How many fetches run at once. */
  readonly running?: RunningFetches | undefined
  /** Throws when the engine would not take such a client. */
  readonly validate: (metadata: ClientMetadata) => void
  readonly request: () => LookupRequest
}

export interface ClientLookup {
  /** The metadata behind an identifier that is a URL. Throws the engine's error that the request shall end with. */
  find(clientId: string): Promise<ClientMetadata>
  /** Metadata with the keys that `jwks_uri` leads to, where this request needs them. */
  withKeys(metadata: ClientMetadata): Promise<ClientMetadata>
  /** From now on the client's last good document survives restarts. Call when somebody has consented to it. */
  keep(clientId: string): Promise<void>
}

const day = 86_400
const metadataFreshness: FreshnessBounds = { minSeconds: 60, maxSeconds: day, defaultSeconds: 300 }
/** Shorter: a key that was withdrawn must not be believed for long. */
const keyFreshness: FreshnessBounds = { minSeconds: 60, maxSeconds: 3_600, defaultSeconds: 300 }
/** An assertion that no known key signed leads to one fetch in this time. */
const keyCooldownSeconds = 60
const retryAfterSeconds = 30

/** Where a person is sent on by what the document says: it must be the current one. Elsewhere a client waits for its tokens. */
const patientRoutes: ReadonlySet<string> = new Set([
  'authorization',
  'pushed_authorization_request',
  'device_authorization',
])

/** Where an error becomes a page for a person; elsewhere a program reads it. Outside the engine only pages look clients up. */
const pageRoutes: ReadonlySet<string | undefined> = new Set([
  undefined,
  'authorization',
  'resume',
  'code_verification',
  'device_resume',
  'end_session',
  'end_session_confirm',
  'end_session_success',
])

/**
 * Whether one of the keys signed it: not only its `kid` may be new, a host that lost its keys may publish other ones under the same
 * `kid`. Nothing else is checked; that is the engine's.
 */
async function isSignedByOneOf(keys: readonly JWK[], assertion: string): Promise<boolean> {
  try {
    await compactVerify(assertion, createLocalJWKSet({ keys: [...keys] }))
    return true
  } catch (error) {
    // Several keys fit: which one is right is for the engine to find out.
    return error instanceof joseErrors.JWKSMultipleMatchingKeys
  }
}

/**
 * Memoised per request, failures included: the engine looks a client up again to report an error, and must not wait for the host
 * twice.
 */
function oncePerRequest<T>(request: () => LookupRequest): (key: string, read: () => Promise<T>) => Promise<T> {
  const told = new WeakMap<object, Map<string, Promise<T>>>()
  return (key, read) => {
    const { id } = request()
    if (id === undefined) return read()
    const known = told.get(id) ?? new Map<string, Promise<T>>()
    const answer = known.get(key) ?? read()
    told.set(id, known.set(key, answer))
    return answer
  }
}

export function createClientLookup(options: ClientLookupOptions): ClientLookup {
  const metadataPolicy: DocumentPolicy<ClientMetadata> = {
    kind: 'metadata',
    maxBytes: maxDocumentBytes,
    freshness: metadataFreshness,
    usableSeconds: 7 * day,
    staleSeconds: day,
    parse: (url, body) => {
      const metadata = parseMetadataDocument(url, body)
      try {
        options.validate(metadata)
      } catch (cause) {
        throw new UntrustedFetchError('such a client may not be registered', { cause })
      }
      return metadata
    },
  }
  const keyPolicy: DocumentPolicy<readonly JWK[]> = {
    kind: 'keys',
    maxBytes: maxKeySetBytes,
    freshness: keyFreshness,
    usableSeconds: day,
    staleSeconds: 3_600,
    parse: (_url, body) => parseKeySet(body),
  }
  const queue = createFetchQueue(options.running)
  const documents = new KeptDocuments(metadataPolicy, { ...options, queue, maxEntries: 500 })
  const keySets = new KeptDocuments(keyPolicy, { ...options, queue, maxEntries: 100 })
  // Never stored: a stranger who names the same URL must not be given them.
  const operatorKeySets = new KeptDocuments(keyPolicy, {
    ...options,
    untrustedFetch: options.operatorFetch,
    failureMs: 0,
    maxEntries: 100,
  })

  const documentOnce = oncePerRequest<KeptDocument<ClientMetadata>>(options.request)
  const keysOnce = oncePerRequest<readonly JWK[]>(options.request)

  function answerFor(error: unknown): unknown {
    if (!(error instanceof DocumentUnavailable)) return error
    const { route, setHeader } = options.request()
    if (pageRoutes.has(route)) return new ClientUnavailable(error.message)
    setHeader?.('retry-after', String(retryAfterSeconds))
    return temporarilyUnavailable('the client could not be checked', error.message)
  }

  async function keysAt(url: string, assertion: string, source = keySets): Promise<readonly JWK[]> {
    const copy = await source.read(url, { mayBeStale: true })
    if (await isSignedByOneOf(copy.value, assertion)) return copy.value
    return (await source.readAgain(url, keyCooldownSeconds)).value
  }

  return {
    find: async (clientId) => {
      const { route } = options.request()
      const isPage = pageRoutes.has(route)
      if (!isMetadataDocumentUrl(clientId)) {
        const detail = 'not the URL of a metadata document'
        throw isPage ? new ClientUnavailable(detail) : engineError('invalid_client', { detail })
      }
      if (!allowsHost(options.hosts, new URL(clientId).hostname)) {
        const detail = 'the operator does not allow this host'
        throw isPage ? new ClientRefused(detail) : engineError('invalid_client', { detail })
      }
      const mayBeStale = !patientRoutes.has(route ?? '')
      try {
        const { value } = await documentOnce(clientId, () => documents.read(clientId, { mayBeStale }))
        // A copy of its own for each: the engine changes what it gets. Never the body: that says whatever its author likes.
        return JSON.parse(JSON.stringify(value)) as ClientMetadata
      } catch (error) {
        throw answerFor(error)
      }
    },

    withKeys: async (metadata) => {
      const { clientAssertion } = options.request()
      const { jwks_uri: keysUri, ...rest } = metadata
      const isNeeded = clientAssertion !== undefined && metadata['token_endpoint_auth_method'] === 'private_key_jwt'
      if (!isNeeded || typeof keysUri !== 'string' || !canParseUrl(keysUri)) return metadata
      const { href, hostname } = new URL(keysUri)
      if (!allowsHost(options.hosts, hostname)) {
        throw engineError('invalid_client', { detail: 'the operator does not allow the host of its keys' })
      }
      try {
        if (metadata['made_by_operator'] === true) {
          const keys = await keysOnce(`operator ${href}`, () => keysAt(href, clientAssertion, operatorKeySets))
          return { ...rest, jwks: { keys } }
        }
        const keys = await keysOnce(href, () => keysAt(href, clientAssertion))
        if (documents.isStored(String(metadata['client_id']))) await keySets.keep(href)
        return { ...rest, jwks: { keys } }
      } catch (error) {
        throw answerFor(error)
      }
    },

    keep: (clientId) => documents.keep(clientId),
  }
}
