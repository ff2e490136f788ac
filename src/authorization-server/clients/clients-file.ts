/**
 * The operator's own clients, from a JSON file: for hosts that neither register themselves nor have a metadata document, and for
 * machines. Read whole at start, every mistake at once. Secrets are never in it: they come from files of their own, or as hashes.
 */

import { dirname, resolve } from 'node:path'
import { defaultGrantTypes } from '../../oauth/grant-types.js'
import { unknownMembers } from '../../oauth/nearest-name.js'
import { memberFormMistakes, operatorMembers } from '../../oauth/operator-clients.js'
import { type NamedClientMetadata, normaliseMetadata, strings } from '../../oauth/registration.js'
import { type RegistrationRules, violations } from '../../oauth/registration-rules.js'
import { introspectedResource, type ResourceDeclaration } from '../../oauth/resource.js'
import { canParseUrl } from '../../oauth/url.js'
import { keySetMistakes } from './operator-keys.js'

export interface FileClient {
  /** Registered metadata (RFC 7591 §2), with `client_secret` or, in its place, `client_secret_sha256`. */
  readonly metadata: NamedClientMetadata
}

/** The rules that entries are checked against. */
export interface ClientsFileRules {
  readonly registrationRules: RegistrationRules
  readonly resource: Pick<ResourceDeclaration, 'resource' | 'aliases'>
  /** The engine's objection to a client, if any. */
  readonly engine: (metadata: NamedClientMetadata) => string | undefined
}

type Entry = Readonly<Record<string, unknown>>
type ReadFile = (path: string) => string

const operatorOrigin = { isMetadataDocument: false, isFromStranger: false } as const

/** Members that an entry may have: registration members, identifier and credential. */
const members: ReadonlySet<string> = new Set([
  ...operatorMembers,
  'client_id',
  'client_secret_file',
  'client_secret_sha256',
])

const shortestSecret = 24

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSecureUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !canParseUrl(value)) return false
  const { protocol, hostname } = new URL(value)
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
}

/** Left out, the method follows from what the client is given to authenticate with. */
function methodOf(entry: Entry): unknown {
  if (entry['token_endpoint_auth_method'] !== undefined) return entry['token_endpoint_auth_method']
  if (entry['client_secret_file'] !== undefined || entry['client_secret_sha256'] !== undefined)
    return 'client_secret_basic'
  return entry['jwks'] !== undefined || entry['jwks_uri'] !== undefined ? 'private_key_jwt' : 'none'
}

/** Mistakes in the credentials of an entry with this authentication method. */
function credentialMistakes(entry: Entry, method: unknown): string[] {
  const { client_secret_file: file, client_secret_sha256: hash, jwks, jwks_uri: jwksUri } = entry
  const secrets = [file, hash].filter((value) => value !== undefined).length
  const keys = [jwks, jwksUri].filter((value) => value !== undefined).length
  const hasSecret = method === 'client_secret_basic' || method === 'client_secret_post'
  const found: readonly (readonly [boolean, string])[] = [
    [
      entry['client_secret'] !== undefined,
      'client_secret does not belong here: use client_secret_file or client_secret_sha256',
    ],
    [hasSecret && secrets !== 1, 'needs either client_secret_file or client_secret_sha256'],
    [!hasSecret && secrets > 0, `has a secret, but token_endpoint_auth_method is ${String(method)}`],
    [method === 'private_key_jwt' && keys !== 1, 'needs either jwks or jwks_uri'],
    [jwksUri !== undefined && !isSecureUrl(jwksUri), 'jwks_uri must be https, unless it is on localhost'],
    [hash !== undefined && !/^[0-9a-f]{64}$/i.test(String(hash)), 'client_secret_sha256 must be 64 hexadecimal digits'],
    [file !== undefined && (typeof file !== 'string' || file === ''), 'client_secret_file must be a path'],
  ]
  return found.filter(([isWrong]) => isWrong).map(([, message]) => message)
}

function memberMistakes(entry: Entry): string[] {
  // What is wrong with `client_secret` is said with the credentials.
  const { client_secret: _secret, ...others } = entry
  const { client_id: id, client_name: name } = others
  const isId = typeof id === 'string' && /^[\x21-\x7e]{1,200}$/.test(id)
  return [
    ...(isId && !/^https?:/i.test(id) ? [] : ['client_id must be 1 to 200 visible ASCII characters and no URL']),
    ...(typeof name === 'string' && name.trim() !== '' ? [] : ['client_name is missing']),
    ...unknownMembers(others, members),
    ...memberFormMistakes(entry),
  ]
}

function secretFrom(
  entry: Entry,
  readFile: ReadFile,
  folder: string,
): { secret: string } | { mistake: string } | undefined {
  const { client_secret_file: file } = entry
  if (typeof file !== 'string' || file === '') return undefined
  try {
    const secret = readFile(resolve(folder, file)).trim()
    if (secret.length < shortestSecret)
      return { mistake: `client_secret_file holds fewer than ${shortestSecret} characters` }
    return /^[\x21-\x7e]+$/.test(secret)
      ? { secret }
      : { mistake: 'client_secret_file must hold visible ASCII characters' }
  } catch (error) {
    return { mistake: `client_secret_file cannot be read: ${error instanceof Error ? error.message : String(error)}` }
  }
}

function introspectionMistakes({ introspects }: Entry, { resource }: ClientsFileRules): string[] {
  if (typeof introspects !== 'string' || introspectedResource(introspects, resource) !== undefined) return []
  return [`introspects must be ${resource.resource}: tokens are issued for no other resource (RESOURCE_URL)`]
}

/** The metadata that an entry means: defaults filled in, the secret in place, the resource under its first name. */
function metadataOf(
  entry: Entry,
  method: unknown,
  secret: string | undefined,
  { resource }: ClientsFileRules,
): NamedClientMetadata {
  const { client_secret_file: _file, client_secret_sha256: hash, ...rest } = entry
  const isInteractive = strings(entry['redirect_uris']).length > 0
  const metadata: Record<string, unknown> = {
    grant_types: defaultGrantTypes(isInteractive),
    redirect_uris: [],
    ...rest,
    token_endpoint_auth_method: method,
    ...(entry['token_endpoint_auth_method'] === undefined ? {} : { demands_auth_method: true }),
    ...(secret === undefined ? {} : { client_secret: secret }),
    ...(typeof hash === 'string' ? { client_secret_sha256: hash.toLowerCase() } : {}),
    ...(entry['introspects'] === undefined ? {} : { introspects: resource.resource }),
  }
  normaliseMetadata(metadata, operatorOrigin)
  return { ...metadata, client_id: String(entry['client_id']) }
}

interface Judged {
  readonly client?: FileClient
  readonly mistakes: readonly string[]
}

function judge(entry: unknown, readFile: ReadFile, folder: string, rules: ClientsFileRules): Judged {
  if (!isEntry(entry)) return { mistakes: ['must be an object'] }
  const method = methodOf(entry)
  const read = secretFrom(entry, readFile, folder)
  const mistakes = [
    ...memberMistakes(entry),
    ...credentialMistakes(entry, method),
    ...keySetMistakes(entry['jwks'], entry['token_endpoint_auth_signing_alg']),
    ...introspectionMistakes(entry, rules),
    ...(read !== undefined && 'mistake' in read ? [read.mistake] : []),
  ]
  const secret = read !== undefined && 'secret' in read ? read.secret : undefined
  const metadata = metadataOf(entry, method, secret, rules)
  mistakes.push(...violations({ ...metadata }, rules.registrationRules, operatorOrigin).map(({ message }) => message))
  if (mistakes.length > 0) return { mistakes }
  // Last: the engine stops at its first complaint, and the rules above name more.
  const refusal = rules.engine(metadata)
  return refusal === undefined ? { client: { metadata }, mistakes } : { mistakes: [refusal] }
}

function entriesIn(text: string): readonly unknown[] {
  const file: unknown = JSON.parse(text)
  const list: unknown = isEntry(file) ? file['clients'] : file
  if (!Array.isArray(list)) throw new Error('it must be a list of clients, or an object whose member clients is one')
  return list
}

/**
 * Reads the file at `path`; paths of secrets in it are relative to its folder. Throws one Error with every mistake; each names
 * the client's id, or its place in the list, and the member. Conflicts with stored clients are found when the clients are
 * installed.
 */
export function readClientsFile(path: string, readFile: ReadFile, rules: ClientsFileRules): readonly FileClient[] {
  let entries: readonly unknown[]
  try {
    entries = entriesIn(readFile(path))
  } catch (error) {
    throw new Error(`CLIENTS_FILE ${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  const judged = entries.map((entry) => judge(entry, readFile, dirname(path), rules))
  const nameOf = (index: number) => {
    const entry = entries[index]
    const id = isEntry(entry) ? entry['client_id'] : undefined
    return typeof id === 'string' && /^[\x21-\x7e]{1,200}$/.test(id) ? id : `entry ${index + 1}`
  }
  const mistakes = judged.flatMap((each, index) => each.mistakes.map((mistake) => `${nameOf(index)}: ${mistake}`))
  const ids = entries.map((_, index) => nameOf(index))
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index)
  mistakes.push(...[...new Set(twice)].map((id) => `${id}: is listed more than once`))
  if (mistakes.length > 0) throw new Error(`CLIENTS_FILE ${path} is wrong:\n  ${mistakes.join('\n  ')}`)
  return judged.flatMap(({ client }) => client ?? [])
}
