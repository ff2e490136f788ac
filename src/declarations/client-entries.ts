/**
 * Entries of the operator's own clients: for hosts that neither register themselves nor have a metadata document, and for machines.
 * Secrets are never in them: they come from files or variables of their own, or as hashes.
 */
import { dirname, resolve } from 'node:path'
import { defaultGrantTypes } from '../oauth/grant-types.js'
import { keySetMistakes } from '../oauth/operator-keys.js'
import { type NamedClientMetadata, normaliseMetadata, strings } from '../oauth/registration.js'
import { type RegistrationRules, violations } from '../oauth/registration-rules.js'
import { canonicalResource } from '../oauth/resource.js'
import { canParseUrl } from '../oauth/url.js'
import { type Complain, type Raw, textOf, textsOf } from './raw.js'
import type { Path } from './yaml-document.js'

/** Where secrets come from. */
export interface SecretSources {
  readonly readFile: (path: string) => string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Finds what clients may be limited to and introspect. */
export interface KnownResources {
  /** The resource, or family, that tokens name of this identifier. */
  find(identifier: string): string | undefined
  /** For the operator, if there is just one. */
  readonly only: string | undefined
}

export interface ClientRules {
  readonly registrationRules: RegistrationRules
  readonly resources: KnownResources
  /** The engine's objection to a client, if any; absent where the engine is not loaded. */
  readonly engine?: ((metadata: NamedClientMetadata) => string | undefined) | undefined
}

const operatorOrigin = { isMetadataDocument: false, isFromStranger: false } as const

const shortestSecret = 24

function isSecureUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !canParseUrl(value)) return false
  const { protocol, hostname } = new URL(value)
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
}

const secretMembers = ['client_secret_file', 'client_secret_env', 'client_secret_sha256'] as const

/** Left out, the method follows from what the client is given to authenticate with. */
export function methodOf(entry: Raw): unknown {
  if (entry['token_endpoint_auth_method'] !== undefined) return entry['token_endpoint_auth_method']
  // A secret that stands in the file itself is a mistake of its own, told elsewhere.
  if (['client_secret', ...secretMembers].some((name) => entry[name] !== undefined)) return 'client_secret_basic'
  return entry['jwks'] !== undefined || entry['jwks_uri'] !== undefined ? 'private_key_jwt' : 'none'
}

function judgeCredentials(entry: Raw, method: unknown, complain: Complain): void {
  const { jwks, jwks_uri: jwksUri } = entry
  const secrets = secretMembers.filter((name) => entry[name] !== undefined)
  const keys = [jwks, jwksUri].filter((value) => value !== undefined).length
  const hasSecret = method === 'client_secret_basic' || method === 'client_secret_post'
  if (hasSecret && secrets.length !== 1 && entry['client_secret'] === undefined)
    complain([], 'needs one of client_secret_file, client_secret_env and client_secret_sha256')
  if (!hasSecret && secrets[0] !== undefined)
    complain([secrets[0]], `has a secret, but token_endpoint_auth_method is ${String(method)}`)
  if (method === 'private_key_jwt' && keys !== 1) complain([], 'needs either jwks or jwks_uri')
  if (typeof jwksUri === 'string' && !isSecureUrl(jwksUri))
    complain(['jwks_uri'], 'jwks_uri must be https, unless it is on localhost')
}

function judgeReferences(entry: Raw, { resources }: ClientRules, complain: Complain): void {
  const named = (member: string): readonly (readonly [Path, string])[] => {
    const text = textOf(entry[member])
    if (text !== undefined) return [[[member], text]]
    return textsOf(entry[member]).map(([index, item]) => [[member, index], item])
  }
  // Registered metadata have no empty members, and without this one a client is not limited at all.
  if (Array.isArray(entry['resources']) && entry['resources'].length === 0)
    complain(['resources'], 'resources must name at least one: leave it out for all')
  for (const member of ['resources', 'introspects']) {
    for (const [path, identifier] of named(member)) {
      if (resources.find(identifier) !== undefined) continue
      const { only } = resources
      complain(
        path,
        only === undefined
          ? `${member} names ${identifier}, which is not declared`
          : `${member} must be ${only}: tokens are issued for no other resource`,
      )
    }
  }
}

/** The secret of an entry; complains if it cannot be had. `shortest`: of one that others chose, 1. */
export function secretOf(
  entry: Raw,
  folder: string,
  sources: SecretSources,
  complain: Complain,
  shortest = shortestSecret,
): string | undefined {
  const member = ['client_secret_file', 'client_secret_env'].find((name) => entry[name] !== undefined)
  const named = member === undefined ? undefined : textOf(entry[member])
  if (member === undefined || named === undefined || named === '') return undefined
  let secret: string | undefined
  try {
    secret =
      member === 'client_secret_env' ? sources.environment[named] : sources.readFile(resolve(folder, named)).trim()
  } catch (error) {
    complain([member], `${member} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
  if (secret === undefined || secret === '') complain([member], `${member}: ${named} is not set`)
  else if (secret.length < shortest) complain([member], `${member} holds fewer than ${shortest} characters`)
  else if (!/^[\x21-\x7e]+$/.test(secret)) complain([member], `${member} must hold visible ASCII characters`)
  else return secret
  return undefined
}

const canonical = (identifier: string, { resources }: ClientRules): string =>
  resources.find(identifier) ?? canonicalResource(identifier) ?? identifier

/** One as text, several as a list: each once. */
function canonicalList(value: unknown, rules: ClientRules): string | readonly string[] {
  const given = typeof value === 'string' ? [value] : strings(value)
  const all = [...new Set(given.map((identifier) => canonical(identifier, rules)))]
  return all.length === 1 ? (all[0] ?? '') : all
}

/** The metadata that an entry means: defaults filled in, the secret in place, resources under the name that tokens have. */
function metadataOf(entry: Raw, method: unknown, secret: string | undefined, rules: ClientRules): NamedClientMetadata {
  const { client_secret_file: _file, client_secret_env: _env, client_secret_sha256: hash, ...rest } = entry
  const isInteractive = strings(entry['redirect_uris']).length > 0
  const metadata: Record<string, unknown> = {
    grant_types: defaultGrantTypes(isInteractive),
    redirect_uris: [],
    ...rest,
    token_endpoint_auth_method: method,
    ...(entry['token_endpoint_auth_method'] === undefined ? {} : { demands_auth_method: true }),
    ...(secret === undefined ? {} : { client_secret: secret }),
    ...(typeof hash === 'string' ? { client_secret_sha256: hash.toLowerCase() } : {}),
    ...(entry['introspects'] === undefined ? {} : { introspects: canonicalList(entry['introspects'], rules) }),
    ...(entry['resources'] === undefined
      ? {}
      : { resources: [...new Set(strings(entry['resources']).map((each) => canonical(each, rules)))] }),
  }
  normaliseMetadata(metadata, operatorOrigin)
  return { ...metadata, client_id: String(entry['client_id']) }
}

/** The metadata of one entry, with its `client_secret`; complains about everything that is wrong with it beyond its shape. */
export function judgeClient(
  entry: Raw,
  { path, sources, rules }: { readonly path: string; readonly sources: SecretSources; readonly rules: ClientRules },
  hasRightShape: boolean,
  complain: Complain,
): NamedClientMetadata | undefined {
  let isSound = hasRightShape
  const note: Complain = (at, text) => {
    isSound = false
    complain(at, text)
  }
  const method = methodOf(entry)
  judgeCredentials(entry, method, note)
  for (const mistake of keySetMistakes(entry['jwks'], entry['token_endpoint_auth_signing_alg'])) note(['jwks'], mistake)
  judgeReferences(entry, rules, note)
  const secret = secretOf(entry, dirname(path), sources, note)
  const metadata = metadataOf(entry, method, secret, rules)
  for (const { message } of violations({ ...metadata }, rules.registrationRules, operatorOrigin)) {
    const member = Object.keys(entry).find((name) => message.includes(name))
    note(member === undefined ? [] : [member], message)
  }
  if (!isSound) return undefined
  // Last: the engine stops at its first complaint, and the rules above name more.
  const refusal = rules.engine?.(metadata)
  if (refusal !== undefined) complain([], refusal)
  return refusal === undefined ? metadata : undefined
}
