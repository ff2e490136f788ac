/**
 * Finds what a resource server needs of its authorization server: keys and introspection endpoint (RFC 8414, OpenID Connect
 * Discovery). Lazy, so that the two servers may start in any order; retried; the last good copy is kept.
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
  /** The issuer identifier, as it must stand in the document. */
  readonly issuer: string
  /** Where the issuer is reached from here, when that differs (container networks). Never published. */
  readonly internalUrl?: string
  /** Which documents are looked for. Default: both, in the order that MCP gives clients. */
  readonly type?: 'oauth' | 'oidc'
  /** The exact URL of the document, for servers that have it in an odd place; nothing else is tried. */
  readonly metadataUrl?: string
  /** The document itself, written by hand: none is fetched. */
  readonly metadata?: ServerMetadata
  /**
   * Repairs a document that is known to be wrong, before anything in it is checked: gets what was received, answers what it
   * should have been. The issuer must be right afterwards, so a repair can correct it but not leave it out.
   */
  readonly transform?: (document: ServerMetadata) => unknown
  /** Refuse a document with which MCP clients could do nothing (`validateServerMetadata`); default: only what is needed here. */
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
  /** Looks the issuer up now, for servers that want to know at start; says what is wrong with its document. */
  ready(): Promise<ServerMetadataFindings>
  /** Throws `temporarily_unavailable` while the issuer cannot be reached and was never reached before, or publishes no keys. */
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

export type IssuerDocument = ServerMetadata

interface Discovered {
  readonly document: IssuerDocument
  readonly findings: ServerMetadataFindings
  readonly jwksUri: string | undefined
  readonly introspectionEndpoint: string | undefined
}

/** Moves a URL under the issuer to the internal address; other URLs stay as they are. */
function fromHere(url: string, { issuer, internalUrl }: IssuerDiscoveryOptions): string {
  const prefix = issuer.replace(/\/$/, '')
  if (internalUrl === undefined || !url.startsWith(`${prefix}/`)) return url
  return internalUrl.replace(/\/$/, '') + url.slice(prefix.length)
}

/** A document as it may be believed; throws a plain Error that says why not. */
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

/** Where the document may be, in the order in which it is looked for. */
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

/** Fetches nothing until it is asked, then keeps the copy; a document written by hand is all there is. */
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
 * Starts nothing; the first call of a member looks the issuer up. Throws a plain Error at once when `metadata` was given and
 * cannot be used.
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
