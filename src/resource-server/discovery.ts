/**
 * Discovers the keys and the introspection endpoint of an authorization server (RFC 8414, OpenID Connect Discovery). Lazy, so that the two
 * servers may start in any order. Retries, and keeps the last good copy.
 */
import { authorizationServerMetadataUrls } from '../oauth/well-known.js'
import { type FetchFunction, type VerifierClock, verificationUnavailable } from './access-token.js'
import { keepCopy } from './kept-copy.js'
import {
  endpointIn,
  isServerMetadata,
  type ServerMetadata,
  type ServerMetadataFindings,
  validateServerMetadata,
} from './server-metadata.js'

export interface IssuerDiscoveryOptions {
  /** The issuer identifier, which must equal the one in the document. */
  readonly issuer: string
  /** The issuer's address from here, if it differs (container networks). Never published. */
  readonly internalUrl?: string
  /** Which documents to try. Default: both, in the order of MCP. */
  readonly type?: 'oauth' | 'oidc'
  /** The exact URL of the document, for servers that have it elsewhere; no other URL is tried. */
  readonly metadataUrl?: string
  /** The document itself; none is fetched. */
  readonly metadata?: ServerMetadata
  /**
   * Repairs a document that is known to be wrong, before it is checked: takes the received document and returns the corrected one. The
   * issuer in the result must match, so a repair can correct it but not omit it.
   */
  readonly transform?: (document: ServerMetadata) => unknown
  /** Refuse a document that MCP clients cannot use (`validateServerMetadata`); default: check only what the resource server needs. */
  readonly demandValidMetadata?: boolean
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
  /** Contacts the issuer now, for servers that want to know at start-up; returns the findings about its document. */
  ready(): Promise<ServerMetadataFindings>
  /** Throws `temporarily_unavailable` while the issuer cannot be reached and was never reached before, or publishes no keys. */
  endpoints(): Promise<IssuerEndpoints>
  /** Also throws it if the issuer has no introspection endpoint. */
  introspectionEndpoint(): Promise<string>
  /** The issuer's published document; the same object while the copy is the same. Throws as `endpoints` does. */
  document(): Promise<IssuerDocument>
  /**
   * An endpoint of the document by its member's name, as reached from here. `undefined` if there is none, or if it is not under the issuer,
   * because requests to it carry secrets for the issuer only. Throws as `endpoints` does.
   */
  endpoint(member: string): Promise<string | undefined>
}

export type IssuerDocument = ServerMetadata

interface Discovered {
  readonly document: IssuerDocument
  readonly findings: ServerMetadataFindings
  readonly jwksUri: string | undefined
  readonly introspectionEndpoint: string | undefined
}

/** Maps a URL under the issuer to the internal address; other URLs are unchanged. */
function fromHere(url: string, { issuer, internalUrl }: IssuerDiscoveryOptions): string {
  const prefix = issuer.replace(/\/$/, '')
  if (internalUrl === undefined || !url.startsWith(`${prefix}/`)) return url
  return internalUrl.replace(/\/$/, '') + url.slice(prefix.length)
}

/** The checked document; throws a plain Error that says why it cannot be trusted. */
function parseMetadata(received: unknown, options: IssuerDiscoveryOptions): Discovered {
  if (!isServerMetadata(received)) throw new Error('the metadata is not an object')
  const document = options.transform === undefined ? received : options.transform(received)
  if (!isServerMetadata(document) || document instanceof Promise)
    throw new Error('transform did not answer an object (it must not be asynchronous)')
  // RFC 8414 §3.3: a document that names another issuer must not be used, whatever address it came from.
  if (document['issuer'] !== options.issuer) throw new Error('the metadata names another issuer')
  const here = (member: string) => {
    const url = endpointIn(document, member)
    return url === undefined ? undefined : fromHere(url, options)
  }
  const [jwksUri, introspectionEndpoint] = [here('jwks_uri'), here('introspection_endpoint')]
  if (jwksUri === undefined && introspectionEndpoint === undefined)
    throw new Error('the metadata has neither jwks_uri nor introspection_endpoint')
  const findings = validateServerMetadata(document, { issuer: options.issuer })
  if (options.demandValidMetadata === true && findings.errors.length > 0)
    throw new Error(`the metadata is invalid: ${findings.errors.map(({ message }) => message).join('; ')}`)
  return { document, findings, jwksUri, introspectionEndpoint }
}

/** Possible URLs of the document, in the order of the attempts. */
function metadataUrls(options: IssuerDiscoveryOptions): readonly string[] {
  if (options.metadataUrl !== undefined) return [fromHere(options.metadataUrl, options)]
  const urls = authorizationServerMetadataUrls(options.internalUrl ?? options.issuer)
  const names = { oauth: '/.well-known/oauth-authorization-server', oidc: '/.well-known/openid-configuration' }
  const { type } = options
  return type === undefined ? urls : urls.filter((url) => url.includes(names[type]))
}

async function discover(options: IssuerDiscoveryOptions): Promise<Discovered> {
  const failures: string[] = []
  for (const url of metadataUrls(options)) {
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

/** Fetches on first use, then keeps the copy; a given document is used instead. */
function source(options: IssuerDiscoveryOptions): () => Promise<Discovered> {
  if (options.metadata !== undefined) {
    const discovered = parseMetadata(options.metadata, options)
    return async () => discovered
  }
  const kept = keepCopy({
    load: () => discover(options),
    clock: options.clock,
    freshSeconds: options.freshSeconds ?? 3_600,
    usableSeconds: Number.POSITIVE_INFINITY,
    cooldownSeconds: 30,
    longestCooldownSeconds: 900,
    longestBackOffSeconds: 5,
  })
  return kept.current
}

/**
 * Starts nothing; the first call of a member contacts the issuer. Throws a plain Error immediately if the given `metadata` cannot be used.
 */
export function createIssuerDiscovery(options: IssuerDiscoveryOptions): IssuerDiscovery {
  const discovered = source(options)
  return {
    ready: async () => (await discovered()).findings,
    endpoints: async () => {
      const { jwksUri, introspectionEndpoint } = await discovered()
      if (jwksUri === undefined) throw verificationUnavailable('the issuer publishes no keys')
      return { jwksUri, ...(introspectionEndpoint !== undefined && { introspectionEndpoint }) }
    },
    introspectionEndpoint: async () => {
      const { introspectionEndpoint } = await discovered()
      if (introspectionEndpoint === undefined) throw verificationUnavailable('the issuer offers no introspection')
      return introspectionEndpoint
    },
    document: async () => (await discovered()).document,
    endpoint: async (member) => {
      const published = endpointIn((await discovered()).document, member)
      return published?.startsWith(`${options.issuer.replace(/\/$/, '')}/`) ? fromHere(published, options) : undefined
    },
  }
}
