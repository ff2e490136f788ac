/** The rules of declared resources that their shape does not say: of one entry, and of all together. Pure. */
import { clientClasses } from '../oauth/declared-resource.js'
import { deploymentMistake } from '../oauth/deployment.js'
import { isOpenidScope } from '../oauth/openid-scopes.js'
import { protectedResourceUrl, resourceUrl } from '../oauth/public-url.js'
import { isLoopbackHost } from '../oauth/redirect-uri.js'
import { canonicalResource } from '../oauth/resource.js'
import { patternMistakes } from '../oauth/resource-pattern.js'
import { durationPattern, secondsOf } from './file-schema.js'
import { type Complain, isRaw, type Raw, rawOf, textOf, textsOf } from './raw.js'
import type { Path } from './yaml-document.js'

export interface ResourceRules {
  readonly issuer: string
}

const isTrue = (value: unknown): boolean => value === true

/** Members of `entry` that name scopes, each with its place. */
function scopeReferences(entry: Raw): (readonly [Path, string])[] {
  const found: (readonly [Path, string])[] = []
  const take = (path: Path, value: unknown) => {
    for (const [index, name] of textsOf(value)) found.push([[...path, index], name])
  }
  for (const [name, scope] of Object.entries(rawOf(entry['scopes'])))
    take(['scopes', name, 'includes'], rawOf(scope)['includes'])
  for (const [name, tool] of Object.entries(rawOf(entry['tools']))) {
    if (isRaw(tool)) take(['tools', name, 'scopes'], tool['scopes'])
    else take(['tools', name], tool)
  }
  for (const name of clientClasses) take(['clients', name], rawOf(entry['clients'])[name])
  for (const [name, scopes] of Object.entries(rawOf(entry['access']))) take(['access', name], scopes)
  return found
}

function judgeScopes(entry: Raw, notesScopes: readonly string[], complain: Complain): void {
  const scopes = rawOf(entry['scopes'])
  const isNotes = isTrue(entry['notes'])
  for (const [name, value] of Object.entries(scopes)) {
    const { destructive, read_only: readOnly, default: isDefault } = rawOf(value)
    if (isOpenidScope(name))
      complain(['scopes', name], `${name} is a scope of OpenID Connect, which means something else`)
    if (isTrue(destructive) && (isTrue(readOnly) || isTrue(isDefault)))
      complain(['scopes', name], `${name}: a destructive scope cannot be read_only or default`)
  }
  const known = new Set([...Object.keys(scopes), ...(isNotes ? notesScopes : [])])
  for (const [path, name] of scopeReferences(entry)) {
    if (!known.has(name)) complain(path, `${JSON.stringify(name)} is not a scope of this resource`)
  }
  if (isNotes || (entry['scopes'] !== undefined && !isRaw(entry['scopes']))) return
  const names = Object.values(scopes).filter(isRaw)
  if (Object.keys(scopes).length === 0) complain(['scopes'], 'scopes is missing: a resource needs at least one')
  else if (names.length > 0 && names.every(({ destructive }) => isTrue(destructive)))
    complain(['scopes'], 'scopes are all destructive: a client that names none would get a token for nothing')
}

function judgeTokens(entry: Raw, complain: Complain): void {
  const { ttl } = rawOf(entry['tokens'])
  if (typeof ttl !== 'string' || !durationPattern.test(ttl)) return
  const seconds = secondsOf(ttl)
  if (seconds < 10 || seconds > 3_600)
    complain(['tokens', 'ttl'], 'ttl must be 10s to 1h: what was revoked is remembered no longer')
}

/** What is wrong with a URL of a resource; completes the member's name. */
function urlMistake(text: string, isNotes: boolean, { issuer }: ResourceRules): string | undefined {
  try {
    const url = isNotes ? resourceUrl(text) : protectedResourceUrl(text)
    const { protocol, origin } = new URL(url)
    if (protocol === 'http:' && !isLoopbackHost(new URL(issuer).hostname))
      return 'must be https: only an issuer on localhost has resources there'
    return isNotes || origin === new URL(issuer).origin ? deploymentMistake(url, issuer) : undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function judgeAddresses(entry: Raw, rules: ResourceRules, complain: Complain): void {
  const { url, pattern, aliases } = entry
  const isNotes = isTrue(entry['notes'])
  if (url === undefined && pattern === undefined) complain([], 'url is missing: a resource has a url or a pattern')
  if (url !== undefined && pattern !== undefined) complain(['pattern'], 'pattern cannot stand beside url')
  if (typeof url === 'string') {
    const mistake = urlMistake(url, isNotes, rules)
    if (mistake !== undefined) complain(['url'], `url ${mistake}`)
  }
  if (typeof pattern === 'string') {
    for (const mistake of patternMistakes(pattern, rules.issuer)) complain(['pattern'], `pattern: ${mistake}`)
    if (isNotes) complain(['notes'], 'notes are served at a url, not at a pattern')
    if (isTrue(entry['default'])) complain(['default'], 'default needs a url: a pattern names no one resource')
    if (aliases !== undefined) complain(['aliases'], 'aliases go with a url, not with a pattern')
  }
  for (const [index, alias] of textsOf(aliases)) {
    const mistake = urlMistake(alias, isNotes, rules)
    if (mistake !== undefined) complain(['aliases', index], `aliases[${index}] ${mistake}`)
  }
}

/** One entry. `notesScopes`: those that the notes have of themselves. */
export function judgeResource(
  entry: Raw,
  rules: ResourceRules,
  notesScopes: readonly string[],
  complain: Complain,
): void {
  judgeAddresses(entry, rules, complain)
  if (entry['name'] === undefined && !isTrue(entry['notes'])) complain([], 'name is missing')
  judgeScopes(entry, notesScopes, complain)
  judgeTokens(entry, complain)
}

/** Each identifier under which `entry` is found, in the spelling in which it is compared. */
export function identifiersOf(entry: Raw): (readonly [Path, string])[] {
  const { url, pattern, aliases } = entry
  const canonical = (path: Path, text: string | undefined) => {
    const known = text === undefined ? undefined : canonicalResource(text)
    return known === undefined ? [] : [[path, known] as const]
  }
  return [
    ...canonical(['url'], textOf(url)),
    ...(typeof pattern === 'string' ? [[['pattern'], pattern] as const] : []),
    ...textsOf(aliases).flatMap(([index, alias]) => canonical(['aliases', index], alias)),
  ]
}

/** All entries together; `ids` has the id of each, if it has one. */
export function judgeTogether(entries: readonly Raw[], ids: readonly (string | undefined)[], complain: Complain): void {
  const first = (member: string) => entries.findIndex((entry) => isTrue(entry[member]))
  const known = new Map<string, number>()
  const knownIds = new Map<string, number>()
  for (const [index, entry] of entries.entries()) {
    for (const member of ['notes', 'default']) {
      if (isTrue(entry[member]) && first(member) !== index)
        complain([index, member], `${member} is true of resources[${first(member)}] too: at most one may be it`)
    }
    const id = ids[index]
    const same = id === undefined ? undefined : knownIds.get(id)
    if (id !== undefined && same !== undefined)
      complain([index, ...(entry['id'] === undefined ? [] : ['id'])], `id ${id} is that of resources[${same}] too`)
    if (id !== undefined && same === undefined) knownIds.set(id, index)
    for (const [path, identifier] of identifiersOf(entry)) {
      const other = known.get(identifier)
      if (other !== undefined) complain([index, ...path], `${identifier} is resources[${other}] already`)
      else known.set(identifier, index)
    }
  }
}
