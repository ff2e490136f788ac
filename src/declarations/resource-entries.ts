/** Entries of resources, judged before, and the declarations that they mean. */
import {
  type ClientClass,
  clientClasses,
  type DeclarationSource,
  type DeclaredResource,
  defaultTokenRules,
  resourceSlug,
  type ScopeCeiling,
  type TokenRules,
} from '../oauth/declared-resource.js'
import { protectedResourceUrl } from '../oauth/public-url.js'
import type { ResourceDeclaration, ScopeDeclaration, ToolDeclaration } from '../oauth/resource.js'
import { levelNames } from '../oauth/sign-in-levels.js'
import { type ResourceEntry, type ScopeEntry, secondsOf, type ToolEntry } from './file-schema.js'

/** An entry with all that it leaves out to be understood alone. */
export type StoredResource = ResourceEntry & { readonly id: string }

/** The resource that our own MCP server has at this URL, as it describes itself. */
export type NotesAt = (url: string, aliases: readonly string[]) => ResourceDeclaration

export interface ResourceOrigin {
  readonly source: DeclarationSource
  /** See `DeclaredResource.places`. */
  readonly places: Readonly<Record<string, string>>
}

/** The id that an entry without one gets; `undefined` if its name has no letter for it. */
export function idOf({ id, name, notes }: Pick<ResourceEntry, 'id' | 'name' | 'notes'>): string | undefined {
  if (id !== undefined) return id
  if (name === undefined) return notes === true ? 'notes' : undefined
  const slug = resourceSlug(name).slice(0, 63).replace(/-+$/, '')
  // Of a name without Latin letters nothing is left, and resourceSlug has a word for that; two such would be one.
  return /[a-z\d]/i.test(name.normalize('NFKD')) ? slug : undefined
}

/** URLs in the spelling that tokens have, aliases without the URL itself. */
export function normalisedEntry(entry: ResourceEntry, id: string): StoredResource {
  const { url, aliases } = entry
  const canonical = url === undefined ? undefined : protectedResourceUrl(url)
  const others = aliases?.map(protectedResourceUrl).filter((alias) => alias !== canonical)
  return {
    ...entry,
    id,
    ...(canonical !== undefined && { url: canonical }),
    ...(others !== undefined && { aliases: others }),
  }
}

function scopeOf(name: string, entry: ScopeEntry): ScopeDeclaration {
  const { title, description = '', includes = [], destructive = false, read_only: readOnly = false } = entry
  return { name, title, description, includes, destructive, readOnly }
}

function toolOf(name: string, entry: ToolEntry): ToolDeclaration {
  if (Array.isArray(entry)) return { name, title: name, scopes: entry, destructive: false }
  const { title = name, scopes = [], destructive = false, read_only: readOnly, when_missing: whenMissing } = entry
  return {
    name,
    title,
    scopes,
    destructive,
    ...(readOnly !== undefined && { readOnly }),
    ...(whenMissing !== undefined && { whenMissing }),
  }
}

/** What is declared twice is as the second list says; the rest follows it. */
function merged<T extends { readonly name: string }>(own: readonly T[], declared: readonly T[]): readonly T[] {
  const names = new Map(declared.map((each) => [each.name, each]))
  const kept = own.map((each) => names.get(each.name) ?? each)
  return [...kept, ...declared.filter(({ name }) => !own.some((each) => each.name === name))]
}

function defaultScopesOf(entries: readonly (readonly [string, ScopeEntry])[]): readonly string[] {
  const chosen = entries.filter(([, scope]) => scope.default === true)
  const useful = chosen.length > 0 ? chosen : entries.filter(([, scope]) => scope.destructive !== true)
  return useful.map(([name]) => name)
}

function tokenRulesOf({ tokens = {} }: ResourceEntry): TokenRules {
  const { format, ttl, dpop, refresh, max_auth_age: maxAuthAge, acr } = tokens
  return {
    format: format ?? defaultTokenRules.format,
    ttlSeconds: ttl === undefined ? defaultTokenRules.ttlSeconds : secondsOf(ttl),
    dpop: dpop ?? defaultTokenRules.dpop,
    refresh: refresh ?? defaultTokenRules.refresh,
    ...(maxAuthAge !== undefined && { maxAuthAgeSeconds: secondsOf(maxAuthAge) }),
    ...(acr !== undefined && { acr: acr === 'mfa' ? levelNames.mfa : acr }),
  }
}

function ceilingsOf({ clients = {} }: ResourceEntry): Readonly<Record<ClientClass, ScopeCeiling>> {
  return Object.fromEntries(clientClasses.map((name) => [name, clients[name] ?? 'all'])) as Record<
    ClientClass,
    ScopeCeiling
  >
}

/** What an entry declares. The notes bring scopes and tools of their own; what the entry says of the same ones counts. */
export function declaredFrom(
  entry: StoredResource,
  { source, places }: ResourceOrigin,
  notesAt: NotesAt,
): DeclaredResource {
  const { id, url = '', pattern, aliases = [], notes = false, default: isDefault = false } = entry
  const given = Object.entries(entry.scopes ?? {})
  const scopes = given.map(([name, scope]) => scopeOf(name, scope))
  const tools = Object.entries(entry.tools ?? {}).map(([name, tool]) => toolOf(name, tool))
  const own = notes ? notesAt(url, aliases) : undefined
  const saysDefault = own === undefined || given.some(([, scope]) => scope.default === true)
  return {
    id,
    url: pattern ?? url,
    isPattern: pattern !== undefined,
    isNotes: notes,
    isDefault,
    aliases,
    name: entry.name ?? own?.name ?? id,
    description: entry.description ?? own?.description ?? '',
    scopes: merged(own?.scopes ?? [], scopes),
    tools: merged(own?.tools ?? [], tools),
    defaultScopes: saysDefault ? defaultScopesOf(given) : (own?.defaultScopes ?? []),
    tokens: tokenRulesOf(entry),
    ceilings: ceilingsOf(entry),
    ...(entry.access !== undefined && { access: entry.access }),
    source,
    places,
  }
}
