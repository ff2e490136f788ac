/**
 * Lists that depend on the caller's scopes (MCP tools, prompts, resources: lists "may vary by authorization"), in two ways: on a server
 * instance per request, hidden operations are never registered; responses of any other server are filtered.
 */
import type { AccessToken } from './access-token.js'
import { isJsonObject, messagesOf, methodOf, type OperationKind } from './json-rpc.js'
import type { Operations } from './operations.js'

/** The caller that a list is for. */
export interface Viewer {
  readonly operations: Pick<Operations, 'sees' | 'hidesSome'>
  readonly accessToken: AccessToken
}

interface ListMember {
  /** Of the result. */
  readonly member: string
  readonly kind: OperationKind
  /** The member of an entry that rules refer to. */
  readonly key: string
}

const lists: Readonly<Record<string, ListMember>> = {
  'tools/list': { member: 'tools', kind: 'tool', key: 'name' },
  'prompts/list': { member: 'prompts', kind: 'prompt', key: 'name' },
  'resources/list': { member: 'resources', kind: 'resource', key: 'uri' },
  'resources/templates/list': { member: 'resourceTemplates', kind: 'resource', key: 'uriTemplate' },
}

/** The list that a message requests. */
function listOf(message: Readonly<Record<string, unknown>>): ListMember | undefined {
  const method = methodOf(message) ?? ''
  return Object.hasOwn(lists, method) ? lists[method] : undefined
}

type Result = Readonly<Record<string, unknown>>

function filterResult(result: Result, list: ListMember, viewer: Viewer): Result {
  const entries = result[list.member]
  if (!Array.isArray(entries)) return result
  const seen = entries.filter((entry: unknown) => {
    const name = isJsonObject(entry) ? entry[list.key] : undefined
    // An entry without a name cannot be checked, so nobody gets it.
    return typeof name === 'string' && viewer.operations.sees(viewer.accessToken, { kind: list.kind, name })
  })
  // Before 2026-07-28 there is no such member, and it is not added.
  const isCacheable = 'cacheScope' in result
  return { ...result, [list.member]: seen, ...(isCacheable && { cacheScope: 'private' }) }
}

/**
 * Removes from the response to a list request what the caller may not see, and marks the result private: a shared cache would show it to
 * others. `request` and `response` are JSON-RPC bodies, single or batches; everything that is not the result of a list request is
 * unchanged.
 */
export function filterLists(request: unknown, response: unknown, viewer: Viewer): unknown {
  if (!viewer.operations.hidesSome) return response
  const asked = new Map<unknown, Set<ListMember>>()
  for (const message of messagesOf(request)) {
    const { id } = message
    const list = listOf(message)
    if (list !== undefined) asked.set(id, (asked.get(id) ?? new Set()).add(list))
  }
  const filterOne = (message: unknown): unknown => {
    if (!isJsonObject(message) || !isJsonObject(message['result'])) return message
    // All requests with this id: if a batch uses one id for two lists, both must be filtered.
    const result = [...(asked.get(message['id']) ?? [])].reduce<Result>(
      (filtered, list) => filterResult(filtered, list, viewer),
      message['result'],
    )
    return { ...message, result }
  }
  return Array.isArray(response) ? response.map(filterOne) : filterOne(response)
}

/**
 * `filterLists` for a web-standard response, plain JSON or an event stream. Anything but a response to a list request is passed on
 * unchanged, including long-lived streams; a list that cannot be parsed becomes an error (502), never an unfiltered list.
 */
export async function filterListResponse(request: unknown, response: Response, viewer: Viewer): Promise<Response> {
  const isList = messagesOf(request).some((message) => listOf(message) !== undefined)
  if (!isList || !viewer.operations.hidesSome || response.body === null) return response
  const filterText = (text: string) => JSON.stringify(filterLists(request, JSON.parse(text), viewer))
  const text = await response.text()
  const headers = new Headers(response.headers)
  headers.delete('content-length')
  try {
    const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true
    const filtered = isStream
      ? text.replace(/^data:[ \t]*(\S.*)$/gm, (_, data: string) => `data: ${filterText(data)}`)
      : filterText(text)
    return new Response(filtered, { status: response.status, statusText: response.statusText, headers })
  } catch {
    return Response.json({ error: 'server_error', error_description: 'a list could not be filtered' }, { status: 502 })
  }
}

/** The registration methods of an MCP server instance of the official SDK, version 1 or 2. */
const registrations = [
  ['registerTool', 'tool'],
  ['registerPrompt', 'prompt'],
  ['registerResource', 'resource'],
] as const

/** The identifier of a registration in rules: the name of a tool or prompt, the URI or template of a resource. */
function registeredName(kind: OperationKind, [name, uriOrTemplate]: readonly unknown[]): string {
  if (kind !== 'resource') return String(name)
  if (typeof uriOrTemplate !== 'object' || uriOrTemplate === null) return String(uriOrTemplate)
  // A ResourceTemplate of the SDK.
  return 'uriTemplate' in uriOrTemplate ? String(uriOrTemplate.uriTemplate) : ''
}

function remove(registered: unknown): void {
  if (typeof registered !== 'object' || registered === null) return
  const removing: unknown = Reflect.get(registered, 'remove')
  if (typeof removing === 'function') Reflect.apply(removing, registered, [])
}

/** A resource template whose list omits what the caller may not see. It wraps the given one, which the program may share among callers. */
function withFilteredList(template: unknown, { operations, accessToken }: Viewer): unknown {
  if (typeof template !== 'object' || template === null) return template
  const list: unknown = Reflect.get(template, 'listCallback')
  if (typeof list !== 'function') return template
  const listCallback = async (...args: readonly unknown[]): Promise<unknown> => {
    const result: unknown = await Reflect.apply(list, template, args)
    const member = lists['resources/list']
    return isJsonObject(result) && member !== undefined
      ? filterResult(result, member, { operations, accessToken })
      : result
  }
  return Object.create(template, { listCallback: { value: listCallback } })
}

/**
 * Makes a server instance of the official SDK ignore later registrations that are hidden from this caller: they are in no list, and calls
 * to them are answered as unknown. For instances that serve one request, or one session of one caller. A visible template still serves
 * every URI that it matches: `Operations.judge` checks each call.
 */
export function hideUnseen(server: object, viewer: Viewer): void {
  const { operations, accessToken } = viewer
  if (!operations.hidesSome) return
  for (const [method, kind] of registrations) {
    const register: unknown = Reflect.get(server, method)
    if (typeof register !== 'function') continue
    Reflect.set(server, method, (...args: readonly unknown[]) => {
      const [name, uriOrTemplate, ...others] = args
      const given = kind === 'resource' ? [name, withFilteredList(uriOrTemplate, viewer), ...others] : args
      const registered: unknown = Reflect.apply(register, server, given)
      if (!operations.sees(accessToken, { kind, name: registeredName(kind, args) })) remove(registered)
      return registered
    })
  }
}
