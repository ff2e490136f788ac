/**
 * RESOURCE_FILE: the JSON file that describes the operator's own MCP server for the consent page: name, scopes, tools. Read at
 * start; reports every mistake at once. That server itself decides which scopes guard what.
 */
import { unknownMembers } from '../../oauth/nearest-name.js'
import type { ResourceDeclaration, ScopeDeclaration, ToolDeclaration } from '../../oauth/resource.js'
import { isScopeToken } from '../../oauth/scope.js'
import { isOpenidScope } from './resources.js'

type Entry = Readonly<Record<string, unknown>>

/** Longest texts, in characters: what a page shows of them. */
const longest = { name: 60, title: 80, description: 300 } as const

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= most && !/[<>\p{C}]/u.test(value)

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const entriesOf = (value: unknown): readonly Entry[] => (Array.isArray(value) ? value.filter(isEntry) : [])

const namesIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []

/** `optional` texts may be left out. */
function textMistakes(entry: Entry, wanted: readonly (keyof typeof longest)[], optional: readonly string[]): string[] {
  return wanted
    .filter((member) => !(optional.includes(member) && entry[member] === undefined))
    .filter((member) => !isText(entry[member], longest[member]))
    .map((member) => `${member} must be plain text of 1 to ${longest[member]} characters`)
}

function flagMistakes(entry: Entry, flags: readonly string[]): string[] {
  return flags
    .filter((flag) => entry[flag] !== undefined && typeof entry[flag] !== 'boolean')
    .map((flag) => `${flag} must be true or false`)
}

/** A list of scopes, each of which is there. */
function listMistakes(entry: Entry, member: string, scopes: ReadonlySet<string>): string[] {
  const list = entry[member]
  if (list === undefined) return []
  if (!Array.isArray(list) || namesIn(list).length < list.length) return [`${member} must be a list of scopes`]
  return namesIn(list)
    .filter((name) => !scopes.has(name))
    .map((name) => `${member} names ${JSON.stringify(name)}, which is not a scope of this resource`)
}

function scopeMistakes(entry: Entry, scopes: ReadonlySet<string>): string[] {
  const { name } = entry
  const isToken = typeof name === 'string' && isScopeToken(name) && name.length <= longest.title
  return [
    ...unknownMembers(entry, 'name title description includes default read_only destructive'.split(' ')),
    ...(isToken ? [] : ['name must be a scope: visible ASCII without blanks, quotes and backslashes']),
    ...(isToken && isOpenidScope(name) ? ['is a scope of OpenID Connect, which means something else'] : []),
    ...textMistakes(entry, ['title', 'description'], []),
    ...flagMistakes(entry, ['default', 'read_only', 'destructive']),
    ...listMistakes(entry, 'includes', scopes),
    ...(entry['destructive'] === true && (entry['read_only'] === true || entry['default'] === true)
      ? ['a destructive scope cannot be read_only or default']
      : []),
  ]
}

function toolMistakes(entry: Entry, scopes: ReadonlySet<string>): string[] {
  return [
    ...unknownMembers(entry, 'name title scopes destructive'.split(' ')),
    ...textMistakes(entry, ['name', 'title'], ['title']),
    ...flagMistakes(entry, ['destructive']),
    ...listMistakes(entry, 'scopes', scopes),
  ]
}

/** Mistakes of the entries of a list, each named by the entry's name or place. */
function inList(file: Entry, member: 'scopes' | 'tools', judge: (entry: Entry) => readonly string[]): string[] {
  const list: unknown = file[member] ?? []
  if (!Array.isArray(list)) return [`${member} must be a list`]
  const nameOf = (entry: unknown, index: number) =>
    isEntry(entry) && isText(entry['name'], longest.title) ? entry['name'] : `${member} ${index + 1}`
  const names = list.map(nameOf)
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  return [
    ...list.flatMap((entry: unknown, index) =>
      (isEntry(entry) ? judge(entry) : ['must be an object']).map((mistake) => `${names[index]}: ${mistake}`),
    ),
    ...[...twice].map((name) => `${name}: is listed more than once`),
  ]
}

function mistakesIn(file: Entry): string[] {
  const entries = entriesOf(file['scopes'])
  const scopes = new Set(entries.map(({ name }) => textOf(name)))
  return [
    ...unknownMembers(file, 'name description scopes tools'.split(' ')),
    ...textMistakes(file, ['name', 'description'], ['description']),
    ...inList(file, 'scopes', (entry) => scopeMistakes(entry, scopes)),
    ...inList(file, 'tools', (entry) => toolMistakes(entry, scopes)),
    ...(entries.some((entry) => entry['default'] === true)
      ? []
      : ['no scope is "default": true, so a client that names none would get a token for nothing']),
  ]
}

function scopeOf(entry: Entry): ScopeDeclaration {
  return {
    name: textOf(entry['name']),
    title: textOf(entry['title']),
    description: textOf(entry['description']),
    includes: namesIn(entry['includes']),
    destructive: entry['destructive'] === true,
    readOnly: entry['read_only'] === true,
  }
}

function toolOf(entry: Entry): ToolDeclaration {
  const name = textOf(entry['name'])
  const title = textOf(entry['title'])
  return {
    name,
    title: title === '' ? name : title,
    scopes: namesIn(entry['scopes']),
    destructive: entry['destructive'] === true,
  }
}

function parseFile(text: string): Entry {
  const file: unknown = JSON.parse(text)
  if (!isEntry(file)) throw new Error('it must be an object')
  return file
}

/** Reads the file at `path`. Throws one Error with every mistake, each named by the scope or tool it is in. */
export function readResourceFile(
  path: string,
  readFile: (path: string) => string,
  { resource, aliases }: Pick<ResourceDeclaration, 'resource' | 'aliases'>,
): ResourceDeclaration {
  let file: Entry
  try {
    file = parseFile(readFile(path))
  } catch (error) {
    throw new Error(`RESOURCE_FILE ${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  const mistakes = mistakesIn(file)
  if (mistakes.length > 0) throw new Error(`RESOURCE_FILE ${path} is wrong:\n  ${mistakes.join('\n  ')}`)
  const scopes = entriesOf(file['scopes'])
  return {
    resource,
    aliases: aliases.filter((alias) => alias !== resource),
    name: textOf(file['name']),
    description: textOf(file['description']),
    scopes: scopes.map(scopeOf),
    tools: entriesOf(file['tools']).map(toolOf),
    defaultScopes: scopes.filter((entry) => entry['default'] === true).map(({ name }) => textOf(name)),
  }
}
