/**
 * Lists that show each caller only what is there for them (MCP tools, prompts, resources: lists "may vary by authorization"), in two
 * ways: a server that is made per request never gets what its caller does not see; answers of any other server are filtered.
 */
import type { AccessToken } from './access-token.js'
import { isJsonObject, messagesOf, methodOf, type OperationKind } from './json-rpc.js'
import type { Operations } from './operations.js'

/** Whose eyes a list is for. */
export interface Viewer {
  readonly operations: Pick<Operations, 'sees' | 'hidesSome'>
  readonly accessToken: AccessToken
}

interface ListMember {
  /** Of the result. */
  readonly member: string
  readonly kind: OperationKind
  /** Of an entry: what rules know it by. */
  readonly key: string
}

const lists: Readonly<Record<string, ListMember>> = {
  'tools/list': { member: 'tools', kind: 'tool', key: 'name' },
  'prompts/list': { member: 'prompts', kind: 'prompt', key: 'name' },
  'resources/list': { member: 'resources', kind: 'resource', key: 'uri' },
  'resources/templates/list': { member: 'resourceTemplates', kind: 'resource', key: 'uriTemplate' },
}

/** The list that a message asks for. */
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
    // An entry without a name cannot be judged, so nobody gets it.
    return typeof name === 'string' && viewer.operations.sees(viewer.accessToken, { kind: list.kind, name })
  })
  // Before 2026-07-28 there is no such member, and it is not added.
  const isCacheable = 'cacheScope' in result
  return { ...result, [list.member]: seen, ...(isCacheable && { cacheScope: 'private' }) }
}

/**
 * Takes out of the answer to a list request what the caller does not see, and marks it private: a shared cache would show it to
 * others. `request` and `response` are JSON-RPC bodies, single or batches; everything that is not the result of a list request
 * stays as it is.
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
    // All that share an id: a batch that gives one id to two lists must not have either of them unfiltered.
    const result = [...(asked.get(message['id']) ?? [])].reduce<Result>(
      (filtered, list) => filterResult(filtered, list, viewer),
      message['result'],
    )
    return { ...message, result }
  }
  return Array.isArray(response) ? response.map(filterOne) : filterOne(response)
}

/**
 * `filterLists` for a web-standard response, plain JSON or an event stream. Anything but an answer to a list request is passed on
 * untouched, streams that stay open included; a list that cannot be read becomes an error (502), never an unfiltered list.
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

/** The part of an MCP server instance by which things get on it; that of the official SDK, version 1 or 2. */
const registrations = [
  ['registerTool', 'tool'],
  ['registerPrompt', 'prompt'],
  ['registerResource', 'resource'],
] as const

/** What rules know a registration by: the name of a tool or prompt, the URI or template of a resource. */
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

/**
 * A resource template whose own list leaves out what the caller does not see. Laid over the given one, which the program may use for
 * every caller.
 */
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
 * Makes a server instance of the official SDK forget what is registered on it from now on and is hidden from this caller: it is in no
 * list, and calls of it are answered like those of anything unknown. For instances that serve one request, or one session of one
 * caller. A template that is seen still serves every URI it matches: `Operations.judge` is what checks each call.
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
