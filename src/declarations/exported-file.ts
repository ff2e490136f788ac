/** Writes what is declared as a file that declares the same: sorted, so that equal declarations are equal bytes, and without secrets. */
import { createHash } from 'node:crypto'
import { stringify } from 'yaml'
import type { SignUp } from '../oauth/declared-resource.js'
import type { NamedClientMetadata } from '../oauth/registration.js'
import { methodOf } from './client-entries.js'
import { clientSchema, groupSchema, issuerSchema, resourceSchema } from './file-schema.js'
import type { StoredGroup } from './group-entries.js'
import { providerSchema } from './provider-schema.js'
import type { Raw } from './raw.js'
import type { StoredResource } from './resource-entries.js'

export interface Exported {
  readonly resources: readonly StoredResource[]
  readonly groups: readonly StoredGroup[]
  readonly signUp?: SignUp | undefined
  readonly clients: readonly NamedClientMetadata[]
  readonly issuers: readonly Raw[]
  readonly providers: readonly Raw[]
}

/** The members that the schema has, in its order. */
function inOrder(entry: Raw, schema: { readonly shape: object }): Raw {
  const names = Object.keys(schema.shape).filter((name) => entry[name] !== undefined)
  return Object.fromEntries(names.map((name) => [name, entry[name]]))
}

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0

/** The entry that means this metadata; of a secret its hash. */
export function clientEntryOf(metadata: NamedClientMetadata): Raw {
  const { client_secret: secret, demands_auth_method: demands, token_endpoint_auth_method: method, ...rest } = metadata
  const entry = Object.fromEntries(
    Object.entries(rest).filter(([name, value]) => name === 'grant_types' || !isEmptyList(value)),
  )
  const hash =
    typeof secret === 'string' ? { client_secret_sha256: createHash('sha256').update(secret).digest('hex') } : {}
  const known = { ...entry, ...hash }
  const isDerived = demands !== true && methodOf(known) === method
  return inOrder(isDerived ? known : { ...known, token_endpoint_auth_method: method }, clientSchema)
}

function sortedBy<T extends Raw>(entries: readonly T[], member: string): readonly T[] {
  const textOf = (entry: Raw) => String(entry[member])
  return [...entries].sort((one, other) => (textOf(one) < textOf(other) ? -1 : textOf(one) > textOf(other) ? 1 : 0))
}

/**
 * The client without the resources that it names and that are declared no more: a file that names them would have mistakes. `undefined` if
 * nothing is left of what it is limited to, or for: without the member it would be allowed more.
 */
export function withDeclaredResources(
  metadata: NamedClientMetadata,
  isDeclared: (identifier: string) => boolean,
): NamedClientMetadata | undefined {
  const left = (member: unknown) => [member].flat().filter((each): each is string => isDeclared(String(each)))
  const { introspects, resources, ...rest } = metadata
  const [served, limits] = [left(introspects), left(resources)]
  if (resources !== undefined && limits.length === 0) return undefined
  if (introspects !== undefined && served.length === 0 && isEmptyList(metadata['grant_types'])) return undefined
  return {
    ...rest,
    ...(served.length > 0 && { introspects: served.length === 1 ? served[0] : served }),
    ...(limits.length > 0 && { resources: limits }),
  }
}

const withoutNobody = ({ members = [], ...group }: StoredGroup): StoredGroup =>
  members.length === 0 ? group : { ...group, members: [...members].sort() }

/** YAML; `{}` if nothing is declared. */
export function exportedFile({ resources, groups, signUp, clients, issuers, providers }: Exported): string {
  const file = {
    resources: sortedBy(resources, 'id').map((entry) => inOrder(entry, resourceSchema)),
    groups: sortedBy(groups.map(withoutNobody), 'name').map((entry) => inOrder(entry, groupSchema)),
    clients: sortedBy(clients.map(clientEntryOf), 'client_id'),
    assertion_issuers: sortedBy(issuers, 'issuer').map((entry) => inOrder(entry, issuerSchema)),
    // Of a secret, where it comes from: the provider takes nothing but the secret itself, so a hash would be of no use.
    identity_providers: sortedBy(providers, 'id').map((entry) => inOrder(entry, providerSchema)),
  }
  const filled = Object.fromEntries(Object.entries(file).filter(([, list]) => list.length > 0))
  const ofSignUp = signUp?.policy === 'domains' ? { domains: signUp.domains } : signUp?.policy
  return stringify(
    { ...(ofSignUp !== undefined && { sign_up: ofSignUp }), ...filled },
    { lineWidth: 0, aliasDuplicateObjects: false },
  )
}

/** One entry, as `resources show` prints it. */
export function exportedResource(entry: StoredResource): string {
  return stringify(inOrder(entry, resourceSchema), { lineWidth: 0, aliasDuplicateObjects: false })
}
