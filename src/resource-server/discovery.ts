/**
 * Finds what a resource server needs of its authorization server: keys and introspection endpoint (RFC 8414, OpenID Connect
 * Discovery). Lazy, so that the two servers may start in any order; retried; the last good copy is kept.
 */
import { authorizationServerMetadataUrls } from '../oauth/well-known.js'
import { type FetchFunction, type VerifierClock, verificationUnavailable } from './access-token.js'
import { keepCopy } from './kept-copy.js'

export interface IssuerDiscoveryOptions {
  /** The issuer identifier, as it must stand in the document. */
  readonly issuer: string
  /** Where the issuer is reached from here, when that differs (container networks). Never published. */
  readonly internalUrl?: string
  readonly fetch: FetchFunction
  readonly clock: VerifierClock
  /** A copy older than this is renewed in the background; default 3600. */
  readonly freshSeconds?: number
}

/** Endpoints as reached from here. */
export interface IssuerEndpoints {
  readonly jwksUri: string
  readonly introspectionEndpoint?: string
}

export interface IssuerDiscovery {
  /** Throws `temporarily_unavailable` while the issuer cannot be reached and was never reached before. */
  endpoints(): Promise<IssuerEndpoints>
  /** Also throws it when the issuer offers no introspection. */
  introspectionEndpoint(): Promise<string>
  /** The issuer's document as it published it; the same object as long as the copy is the same. Throws as `endpoints` does. */
  document(): Promise<IssuerDocument>
  /**
   * An endpoint of the document by its member's name, as reached from here. `undefined` when there is none, or when it does not
   * lie under the issuer: what is sent there is meant for the issuer alone. Throws as `endpoints` does.
   */
  endpoint(member: string): Promise<string | undefined>
}

export type IssuerDocument = Readonly<Record<string, unknown>>

interface Discovered {
  readonly document: IssuerDocument
  readonly endpoints: IssuerEndpoints
}

function endpointIn(document: IssuerDocument, name: string): string | undefined {
  const value = document[name]
  return typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value) ? value : undefined
}

/** Moves a URL under the issuer to the internal address; other URLs stay as they are. */
function fromHere(url: string, { issuer, internalUrl }: IssuerDiscoveryOptions): string {
  const prefix = issuer.replace(/\/$/, '')
  if (internalUrl === undefined || !url.startsWith(`${prefix}/`)) return url
  return internalUrl.replace(/\/$/, '') + url.slice(prefix.length)
}

function isDocument(value: unknown): value is IssuerDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseMetadata(document: unknown, options: IssuerDiscoveryOptions): Discovered {
  if (!isDocument(document)) throw new Error('the metadata is not an object')
  // RFC 8414 §3.3: a document that names another issuer must not be used, whatever address it came from.
  if (document['issuer'] !== options.issuer) throw new Error('the metadata names another issuer')
  const jwksUri = endpointIn(document, 'jwks_uri')
  if (jwksUri === undefined) throw new Error('the metadata has no jwks_uri')
  const introspectionEndpoint = endpointIn(document, 'introspection_endpoint')
  const endpoints = {
    jwksUri: fromHere(jwksUri, options),
    ...(introspectionEndpoint !== undefined && { introspectionEndpoint: fromHere(introspectionEndpoint, options) }),
  }
  return { document, endpoints }
}

async function discover(options: IssuerDiscoveryOptions): Promise<Discovered> {
  const failures: string[] = []
  for (const url of authorizationServerMetadataUrls(options.internalUrl ?? options.issuer)) {
    try {
      const response = await options.fetch(url, { headers: { accept: 'application/json' } })
      if (response.status !== 200) throw new Error(`status ${response.status}`)
      return parseMetadata(await response.json(), options)
    } catch (error) {
      failures.push(`${url}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw verificationUnavailable(`authorization server metadata not found: ${failures.join('; ')}`)
}

/** Starts nothing; the first call of a member looks the issuer up. */
export function createIssuerDiscovery(options: IssuerDiscoveryOptions): IssuerDiscovery {
  const kept = keepCopy({
    load: () => discover(options),
    clock: options.clock,
    freshSeconds: options.freshSeconds ?? 3_600,
    usableSeconds: Number.POSITIVE_INFINITY,
    cooldownSeconds: 30,
    longestBackOffSeconds: 5,
  })
  return {
    endpoints: async () => (await kept.current()).endpoints,
    introspectionEndpoint: async () => {
      const { introspectionEndpoint } = (await kept.current()).endpoints
      if (introspectionEndpoint === undefined) throw verificationUnavailable('the issuer offers no introspection')
      return introspectionEndpoint
    },
    document: async () => (await kept.current()).document,
    endpoint: async (member) => {
      const published = endpointIn((await kept.current()).document, member)
      return published?.startsWith(`${options.issuer.replace(/\/$/, '')}/`) ? fromHere(published, options) : undefined
    },
  }
}
