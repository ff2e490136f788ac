/** The collected responses of a deployment. Gathered once (`gather.ts`), then only read. */
import type { Challenge } from '../oauth/challenge.js'
import { parseScope } from '../oauth/scope.js'
import type { CertificateReport, Exchange } from './diagnostic-network.js'
import { answerOf, type JsonObject, type Reading, stringsIn } from './exchange.js'

/** One address at which a client may look for a document. */
export interface MetadataCopy {
  /** For people: "path-inserted", "at the root". */
  readonly place: string
  readonly kind: 'challenge' | 'path' | 'root' | 'oauth' | 'openid' | 'openid-appended'
  readonly url: string
  readonly exchange: Exchange
  readonly reading: Reading
}

/** The requests of a page in a browser: a preflight, then the request. */
export interface CrossOriginPair {
  readonly target: 'endpoint' | 'resource-metadata' | 'server-metadata' | 'token' | 'registration'
  /** Request headers the page needs, in lower case. */
  readonly headers: readonly string[]
  readonly preflight: Exchange
  readonly actual: Exchange
}

export interface EndpointEvidence {
  /** An `initialize` request without any token. */
  readonly unauthenticated: Exchange
  /** The same with a made-up token. */
  readonly badToken: Exchange
  readonly get: Exchange
  readonly delete: Exchange
  /** The first request again, with the user agents of other programs. */
  readonly asOthers: readonly { readonly program: string; readonly userAgent: string; readonly exchange: Exchange }[]
}

export interface ServerEvidence {
  readonly issuer: string
  /** In the order clients try them. */
  readonly copies: readonly MetadataCopy[]
  readonly authorization: Exchange | undefined
  /** A token request with an invented code. */
  readonly token: Exchange | undefined
  /** A registration that has to be refused. */
  readonly registration: Exchange | undefined
  readonly keys: { readonly exchange: Exchange; readonly reading: Reading } | undefined
}

export interface Evidence {
  /** The MCP URL as it was given. */
  readonly url: string
  readonly endpoint: EndpointEvidence
  readonly challenge: Challenge | undefined
  readonly resourceMetadata: readonly MetadataCopy[]
  /** Absent when no authorization server could be found. */
  readonly server: ServerEvidence | undefined
  /** What clients of 2025-03-26 find on the MCP server's own origin: metadata, or otherwise a token endpoint. */
  readonly origin: { readonly metadata: MetadataCopy; readonly token: Exchange | undefined }
  readonly crossOrigin: readonly CrossOriginPair[]
  /** Documents asked for with `X-Forwarded-Host` set to `forwardedHost`. */
  readonly forwarded: readonly Exchange[]
  readonly certificates: readonly CertificateReport[]
  /** Every URL that a document or challenge names. */
  readonly named: readonly { readonly name: string; readonly url: string }[]
  readonly exchanges: readonly Exchange[]
  /** When it was gathered, by this machine's clock. */
  readonly at: Date
}

/** A host that cannot exist (RFC 6761 §6.4). A server that publishes it trusted a header that the doctor sent. */
export const forwardedHost = 'gatehouse-doctor.invalid'

/** The first copy that is a document, which clients use. */
export function documentOf(copies: readonly MetadataCopy[]): JsonObject | undefined {
  for (const { reading } of copies) if ('document' in reading) return reading.document
  return undefined
}

export function resourceDocument({ resourceMetadata }: Evidence): JsonObject | undefined {
  return documentOf(resourceMetadata)
}

export function serverDocument({ server }: Evidence): JsonObject | undefined {
  return server === undefined ? undefined : documentOf(server.copies)
}

export function challengeScopes({ challenge }: Evidence): readonly string[] {
  return parseScope(challenge?.parameters['scope'])
}

/** True if the response to the first request is as specified. */
export function asksForToken({ endpoint }: Evidence): boolean {
  return answerOf(endpoint.unauthenticated)?.status === 401
}

export function announcesMetadataDocuments(document: JsonObject): boolean {
  return document['client_id_metadata_document_supported'] === true
}

/** Methods of client authentication at the token endpoint; the default is that of RFC 8414 §2. */
export function authenticationMethods(document: JsonObject): readonly string[] {
  return stringsIn(document, 'token_endpoint_auth_methods_supported') ?? ['client_secret_basic']
}
