/**
 * Judges the metadata document of an authorization server (RFC 8414, OpenID Connect Discovery) as an MCP client will meet it.
 * Pure: asks nobody, changes nothing. What must hold before a token is believed is in `discovery.ts`.
 */

import { isLoopbackHost } from '../oauth/redirect-uri.js'
import { canParseUrl } from '../oauth/url.js'

/** A metadata document as received. */
export type ServerMetadata = Readonly<Record<string, unknown>>

/** Without these, MCP clients refuse the server, or it must not be believed. */
export type ServerMetadataError =
  | 'invalid_document'
  | 'issuer_missing'
  | 'issuer_mismatch'
  | 'authorization_endpoint_missing'
  | 'token_endpoint_missing'
  | 'endpoint_invalid'
  | 'code_response_type_not_supported'
  | 'authorization_code_grant_not_supported'
  | 'pkce_not_supported'
  | 's256_not_supported'

/** Something works less well, or only for some clients. */
export type ServerMetadataWarning =
  | 'registration_not_supported'
  | 'refresh_token_grant_not_supported'
  | 'public_clients_not_supported'
  | 'issuer_in_response_not_supported'
  | 'keys_not_published'
  | 'insecure_issuer'

export interface Finding<Code extends string> {
  readonly code: Code
  /** One English sentence that names the member at fault. */
  readonly message: string
}

export interface ServerMetadataFindings {
  readonly errors: readonly Finding<ServerMetadataError>[]
  readonly warnings: readonly Finding<ServerMetadataWarning>[]
}

/** One thing to look at: what to report when it does not hold. */
type Rule<Code extends string> = readonly [code: Code, message: string, holds: boolean]

const endpointMembers = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'registration_endpoint',
  'revocation_endpoint',
  'introspection_endpoint',
  'userinfo_endpoint',
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
]

export function isServerMetadata(value: unknown): value is ServerMetadata {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An absolute http or https URL of the document, or `undefined`. */
export function endpointIn(document: ServerMetadata, member: string): string | undefined {
  const value = document[member]
  return typeof value === 'string' && /^https?:\/\//.test(value) && canParseUrl(value) ? value : undefined
}

/** True when the list holds `value`; a list that is left out means `absent` (RFC 8414 §2 has defaults for some). */
function lists(document: ServerMetadata, member: string, value: string, absent: boolean): boolean {
  const list = document[member]
  return list === undefined ? absent : Array.isArray(list) && list.includes(value)
}

function isInsecure(issuer: string): boolean {
  if (!canParseUrl(issuer)) return false
  const { protocol, hostname } = new URL(issuer)
  return protocol === 'http:' && !isLoopbackHost(hostname)
}

function errorRules(document: ServerMetadata, expectedIssuer: string | undefined): Rule<ServerMetadataError>[] {
  const has = (member: string) => document[member] !== undefined
  const { issuer } = document
  const invalid = endpointMembers.filter((member) => has(member) && endpointIn(document, member) === undefined)
  const methods = 'code_challenge_methods_supported'
  return [
    ['issuer_missing', 'issuer is missing or not a string', typeof issuer === 'string' && issuer !== ''],
    [
      'issuer_mismatch',
      'issuer is not, character for character, the identifier that was asked for (RFC 8414 §3.3)',
      expectedIssuer === undefined || typeof issuer !== 'string' || issuer === expectedIssuer,
    ],
    ['authorization_endpoint_missing', 'authorization_endpoint is missing', has('authorization_endpoint')],
    ['token_endpoint_missing', 'token_endpoint is missing', has('token_endpoint')],
    ['endpoint_invalid', `${invalid.join(', ')}: not an absolute http(s) URL`, invalid.length === 0],
    [
      'code_response_type_not_supported',
      'response_types_supported does not list code',
      lists(document, 'response_types_supported', 'code', false),
    ],
    [
      'authorization_code_grant_not_supported',
      'grant_types_supported does not list authorization_code',
      lists(document, 'grant_types_supported', 'authorization_code', true),
    ],
    ['pkce_not_supported', `${methods} is missing: MCP clients stop there`, has(methods)],
    ['s256_not_supported', `${methods} does not list S256`, lists(document, methods, 'S256', true)],
  ]
}

function warningRules(document: ServerMetadata): Rule<ServerMetadataWarning>[] {
  const { issuer } = document
  const registers = endpointIn(document, 'registration_endpoint') !== undefined
  return [
    [
      'registration_not_supported',
      'neither registration_endpoint nor client_id_metadata_document_supported: clients must be registered by hand',
      registers || document['client_id_metadata_document_supported'] === true,
    ],
    [
      'refresh_token_grant_not_supported',
      'grant_types_supported does not list refresh_token: people sign in again whenever a token expires',
      lists(document, 'grant_types_supported', 'refresh_token', false),
    ],
    [
      'public_clients_not_supported',
      'token_endpoint_auth_methods_supported does not list none: most MCP clients keep no secret',
      lists(document, 'token_endpoint_auth_methods_supported', 'none', false),
    ],
    [
      'issuer_in_response_not_supported',
      'authorization_response_iss_parameter_supported is not true (RFC 9207)',
      document['authorization_response_iss_parameter_supported'] === true,
    ],
    ['keys_not_published', 'jwks_uri is missing: tokens can only be introspected', document['jwks_uri'] !== undefined],
    [
      'insecure_issuer',
      'issuer is an http URL that is not loopback (RFC 8414 §2 demands https)',
      typeof issuer !== 'string' || !isInsecure(issuer),
    ],
  ]
}

function broken<Code extends string>(rules: readonly Rule<Code>[]): Finding<Code>[] {
  return rules.filter(([, , holds]) => !holds).map(([code, message]) => ({ code, message }))
}

/**
 * What is wrong with a document, all of it at once: code flow, PKCE with S256, issuer, endpoints, registration. `issuer`: what it must
 * name; left out, equality is not looked at. Does not ask whether the endpoints answer, and believes no signature.
 */
export function validateServerMetadata(
  document: unknown,
  { issuer }: { readonly issuer?: string } = {},
): ServerMetadataFindings {
  if (!isServerMetadata(document)) {
    return { errors: [{ code: 'invalid_document', message: 'the document is not a JSON object' }], warnings: [] }
  }
  return { errors: broken(errorRules(document, issuer)), warnings: broken(warningRules(document)) }
}
