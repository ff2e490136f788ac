/** Makes the declaration file's entry for a server from the server's own metadata. Drops everything that the file would refuse. */
import { displayText } from '../base/display-text.js'
import { resourceSlug } from '../oauth/declared-resource.js'
import { isOpenidScope } from '../oauth/openid-scopes.js'
import { isJsonObject, type JsonObject, stringsOf } from './json.js'
import type { ResourceMetadata } from './resource-metadata.js'
import type { ToolList } from './tool-list.js'

export interface Discovered {
  /** Canonical URL. */
  readonly url: string
  readonly metadata: ResourceMetadata
  readonly toolList?: ToolList | undefined
}

export interface DiscoveredEntry {
  /** An entry of `resources`, with its members in printing order. */
  readonly entry: JsonObject
  /** Remarks for the operator, one line each. */
  readonly remarks: readonly string[]
}

/** Maximum text lengths of the file, in UTF-16 units. */
const longest = { name: 60, title: 80, description: 300 } as const
const maxScopes = 100

/** The text as the file accepts it; empty if nothing remains. */
function plain(value: unknown, most: number): string {
  if (typeof value !== 'string') return ''
  let text = displayText(value, most)
    .replace(/[<>\p{C}]/gu, '')
    .trim()
  while (text.length > most) text = Array.from(text).slice(0, -1).join('').trim()
  return text
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** A first title for the operator to improve: "Read tickets" for `tickets:read`. */
function titleOf(scope: string): string {
  const last = scope.split('/').at(-1) || scope
  const words = last.split(/[^A-Za-z\d]+/).filter((word) => word !== '')
  const [noun = '', verb] = words
  const isPair = words.length === 2 && /[:.]/.test(last)
  return capitalised(isPair ? `${verb} ${noun}` : words.join(' ')) || 'Use it'
}

/** `__proto__` cannot be assigned as an ordinary member. */
const isScopeName = (name: string) => /^[\x21\x23-\x5b\x5d-\x7e]{1,80}$/.test(name) && name !== '__proto__'
const isToolName = (name: unknown): name is string =>
  typeof name === 'string' && /^[\x21-\x7e]{1,80}$/.test(name) && name !== '__proto__'

function scopesIn({ document, challengeScopes }: ResourceMetadata): {
  readonly names: readonly string[]
  readonly left: number
} {
  const all = [...new Set([...stringsOf(document['scopes_supported']), ...challengeScopes])]
  const own = all.filter((name) => !isOpenidScope(name))
  const names = own.filter(isScopeName).slice(0, maxScopes)
  return { names, left: own.length - names.length }
}

/** Scopes that a tool names itself, in the format of the OpenAI Apps SDK. */
function toolScopes({ securitySchemes, _meta: meta }: JsonObject, known: readonly string[]): readonly string[] {
  const schemes = securitySchemes ?? (isJsonObject(meta) ? meta['securitySchemes'] : undefined)
  const named = Array.isArray(schemes) ? schemes.filter(isJsonObject).flatMap(({ scopes }) => stringsOf(scopes)) : []
  return known.filter((scope) => named.includes(scope))
}

function toolOf(tool: JsonObject, name: string, scopes: readonly string[]): JsonObject {
  const hints = isJsonObject(tool['annotations']) ? tool['annotations'] : {}
  const title = plain(tool['title'] ?? hints['title'], longest.title)
  const isReadOnly = hints['readOnlyHint'] === true
  return {
    ...(title !== '' && title !== name && { title }),
    scopes: toolScopes(tool, scopes),
    ...(isReadOnly && { read_only: true }),
    ...(!isReadOnly && hints['destructiveHint'] === true && { destructive: true }),
  }
}

/** Members in `given`, including scopes, take precedence. Throws if there is no scope at all. */
export function discoveredEntry({ url, metadata, toolList }: Discovered, given: JsonObject): DiscoveredEntry {
  const { document, isOpen } = metadata
  const info = toolList?.serverInfo ?? {}
  const { host } = new URL(url)
  const name = [document['resource_name'], info['title'], info['name'], host]
    .map((text) => plain(text, longest.name))
    .find((text) => text !== '')
  const description = plain(info['description'], longest.description)
  const { names, left } = scopesIn(metadata)
  const added = isJsonObject(given['scopes']) ? given['scopes'] : {}
  const scopes = { ...Object.fromEntries(names.map((scope) => [scope, { title: titleOf(scope) }])), ...added }
  if (Object.keys(scopes).length === 0) {
    throw new Error(`${url} names no scope of its own: say which there are with --scope <name>=<title>`)
  }
  const listed = toolList?.tools ?? []
  const tools = listed.flatMap((tool) => {
    const toolName = tool['name']
    return isToolName(toolName) ? [[toolName, toolOf(tool, toolName, names)] as const] : []
  })
  // Ids are derived from the Latin letters of the name.
  const needsId = !/[a-z\d]/i.test((name ?? '').normalize('NFKD'))
  const entry = {
    url,
    ...(needsId && given['name'] === undefined && { id: resourceSlug(host).slice(0, 63).replace(/-+$/, '') }),
    name,
    ...(description !== '' && { description }),
    scopes: {},
    ...(tools.length > 0 && { tools: Object.fromEntries(tools) }),
    ...given,
  }
  const remarks = [
    ...(isOpen ? ['the server answers without a token: anybody can use it until it asks for one'] : []),
    ...(left > 0
      ? [`${left} scopes are left out: their names are no scopes, or there are more than ${maxScopes}`]
      : []),
    ...(listed.length > tools.length ? [`${listed.length - tools.length} tools are left out for their names`] : []),
    ...(toolList?.isCut === true ? ['the server has more tools than are listed here'] : []),
    'the titles of scopes are guessed from their names: write what people should read on the consent page',
  ]
  return { entry: { ...entry, scopes }, remarks }
}
