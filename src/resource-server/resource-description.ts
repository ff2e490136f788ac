/** The description of a resource for its metadata (RFC 9728 §2), and its validation. Pure. `metadata.ts` makes the document. */

import { decodeJwt, decodeProtectedHeader } from 'jose'
import { isLoopbackHost } from '../oauth/redirect-uri.js'
import { isScopeToken } from '../oauth/scope.js'
import { canParseUrl } from '../oauth/url.js'
import type { TokenPlace } from './token-place.js'

/** The human-readable members, in any language (RFC 9728 §2.1). */
export interface ResourceTexts {
  /** Name for people: "Notes". */
  readonly resourceName?: string | undefined
  /** URL of a page for developers. */
  readonly resourceDocumentation?: string | undefined
  /** URL of a page about how a client may use the data. */
  readonly resourcePolicyUri?: string | undefined
  /** URL of the terms of service. */
  readonly resourceTosUri?: string | undefined
}

/** Members have their registered names in camel case; omitted members are not published. */
export interface ResourceDescription extends ResourceTexts {
  /** The resource identifier, published unchanged. */
  readonly resource: string
  /** Issuer identifiers, exactly as their own metadata has them; clients try them in this order. */
  readonly authorizationServers: readonly string[]
  /** The baseline for a first sign-in; operations may require other scopes. */
  readonly scopesSupported?: readonly string[] | undefined
  /** Default: the header only. Use `bearerMethodsOf`, so that it matches the settings. */
  readonly bearerMethodsSupported?: readonly TokenPlace[] | undefined
  /** By BCP 47 language tag, in addition to the texts without one: `{ de: { resourceName: 'Notizen' } }`. */
  readonly translations?: Readonly<Record<string, ResourceTexts>> | undefined
  /** Keys with which the resource itself signs responses; not those of its authorization servers. */
  readonly jwksUri?: string | undefined
  readonly resourceSigningAlgValuesSupported?: readonly string[] | undefined
  /** Only for a program that checks certificates itself: the verifiers here refuse tokens that are bound to one (RFC 8705). */
  readonly tlsClientCertificateBoundAccessTokens?: boolean | undefined
  readonly authorizationDetailsTypesSupported?: readonly string[] | undefined
  readonly dpopSigningAlgValuesSupported?: readonly string[] | undefined
  readonly dpopBoundAccessTokensRequired?: boolean | undefined
  /** A JWT that repeats members, signed by the party that its `iss` names (RFC 9728 §2.2). Its signature is not checked here. */
  readonly signedMetadata?: string | undefined
  /** Not in RFC 9728: the revocation endpoint for tokens of this resource, for clients that look for it here. */
  readonly revocationEndpoint?: string | undefined
  /** Not in RFC 9728: the introspection endpoint. */
  readonly introspectionEndpoint?: string | undefined
}

export const textMembers = ['resourceName', 'resourceDocumentation', 'resourcePolicyUri', 'resourceTosUri'] as const
const pageMembers = ['resourceDocumentation', 'resourcePolicyUri', 'resourceTosUri'] as const
const endpointMembers = ['jwksUri', 'revocationEndpoint', 'introspectionEndpoint'] as const
const listMembers = [
  'authorizationServers',
  'scopesSupported',
  'bearerMethodsSupported',
  'resourceSigningAlgValuesSupported',
  'authorizationDetailsTypesSupported',
  'dpopSigningAlgValuesSupported',
] as const

const isWebUrl = (text: string) => /^https?:\/\/[^\s\\]+$/.test(text) && canParseUrl(text)

/** https, or http on loopback. */
function isSecureUrl(text: string): boolean {
  if (!isWebUrl(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  return username === '' && password === '' && (protocol === 'https:' || isLoopbackHost(hostname))
}

function identifierMistakes(name: string, text: string, forbidden: RegExp): string[] {
  const what = `${name} ${text}`
  if (!isSecureUrl(text)) return [`${what} must be an https URL, or http on localhost`]
  return forbidden.test(text) ? [`${what} must have no ${name === 'resource' ? 'fragment' : 'query or fragment'}`] : []
}

/** Refuses algorithms with a shared secret and `none`: nobody could verify the former, and anybody can forge the latter. */
function algorithmMistakes(description: ResourceDescription): string[] {
  const { resourceSigningAlgValuesSupported: answers = [], dpopSigningAlgValuesSupported: proofs = [] } = description
  return [
    ...(answers.includes('none') ? ['resourceSigningAlgValuesSupported must not hold none (RFC 9728 §2)'] : []),
    ...(proofs.some((alg) => alg === 'none' || alg.startsWith('HS'))
      ? ['dpopSigningAlgValuesSupported must hold asymmetric algorithms only (RFC 9449 §5.1)']
      : []),
  ]
}

function scopeMistakes({ scopesSupported = [] }: ResourceDescription): string[] {
  return [
    ...scopesSupported.filter((scope) => !isScopeToken(scope)).map((scope) => `"${scope}" is no scope`),
    // `offline_access` concerns the client and the authorization server only (MCP authorization, "scope selection").
    ...(scopesSupported.includes('offline_access') ? ['offline_access is no scope of a resource'] : []),
  ]
}

function listMistakes(description: ResourceDescription): string[] {
  return listMembers.flatMap((member) => {
    const list: readonly string[] | undefined = description[member]
    if (list === undefined) return []
    if (list.length === 0) return [`${member} must not be empty`]
    return new Set(list).size < list.length ? [`${member} holds something twice`] : []
  })
}

function urlMistakes(texts: ResourceDescription | ResourceTexts, suffix = ''): string[] {
  return pageMembers
    .filter((member) => texts[member] !== undefined && !isWebUrl(texts[member] ?? ''))
    .map((member) => `${member}${suffix} must be an http(s) URL`)
}

function canonicalTag(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0]
  } catch {
    return undefined
  }
}

function translationMistakes({ translations = {}, ...untranslated }: ResourceDescription): string[] {
  const tags = Object.keys(translations)
  const canonical = tags.map((tag) => canonicalTag(tag) ?? tag)
  return [
    ...tags.filter((tag) => canonicalTag(tag) === undefined).map((tag) => `"${tag}" is no language tag (BCP 47)`),
    ...(new Set(canonical).size < tags.length ? ['translations names a language twice'] : []),
    ...Object.entries(translations).flatMap(([tag, texts]) => [
      ...urlMistakes(texts, ` in ${tag}`),
      // Clients that know no languages read the one without a tag (RFC 9728 §2.1).
      ...textMembers
        .filter((member) => texts[member] !== undefined && untranslated[member] === undefined)
        .map((member) => `${member} is given in ${tag} but not without a language`),
    ]),
  ]
}

function signatureMistakes({ signedMetadata, resource }: ResourceDescription): string[] {
  if (signedMetadata === undefined) return []
  try {
    const { alg } = decodeProtectedHeader(signedMetadata)
    const claims = decodeJwt(signedMetadata)
    return [
      ...(alg === undefined || alg === 'none' ? ['signedMetadata is not signed'] : []),
      ...(claims.iss === undefined ? ['signedMetadata has no iss (RFC 9728 §2.2)'] : []),
      ...(claims['resource'] === resource ? [] : ['signedMetadata is about another resource']),
      ...('signed_metadata' in claims ? ['signedMetadata must not hold signed_metadata (RFC 9728 §2.2)'] : []),
    ]
  } catch {
    return ['signedMetadata is no JWT']
  }
}

/** All mistakes in a description, one sentence each; empty if it can be published. Makes no requests. */
export function descriptionMistakes(description: ResourceDescription): readonly string[] {
  const empty = textMembers.filter((member) => description[member]?.trim() === '')
  return [
    ...identifierMistakes('resource', description.resource, /#/),
    ...description.authorizationServers.flatMap((issuer) => identifierMistakes('issuer', issuer, /[?#]/)),
    ...endpointMembers
      .filter((member) => description[member] !== undefined && !isSecureUrl(description[member] ?? ''))
      .map((member) => `${member} must be an https URL, or http on localhost`),
    ...empty.map((member) => `${member} must not be empty`),
    ...listMistakes(description),
    ...scopeMistakes(description),
    ...algorithmMistakes(description),
    ...urlMistakes(description),
    ...translationMistakes(description),
    ...signatureMistakes(description),
  ]
}
