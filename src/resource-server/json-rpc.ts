/**
 * Extracts the operations of an MCP request body, for every revision: one message, or a batch of 2025-03-26. Reads names only. Does not
 * check that a body is valid JSON-RPC: the MCP server does.
 */

export type OperationKind = 'method' | 'tool' | 'prompt' | 'resource'

/** A JSON-RPC method, or what it names: a tool or prompt by its name, a resource by its URI as the client sent it. */
export interface Operation {
  readonly kind: OperationKind
  readonly name: string
}

type JsonObject = Readonly<Record<string, unknown>>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectIn(value: JsonObject, member: string): JsonObject {
  const found = value[member]
  return isJsonObject(found) ? found : {}
}

/** The name that a handler without type checks would look up: an array of one name converts to that name. */
function lookedUp(value: unknown): string | undefined {
  let inner = value
  while (Array.isArray(inner) && inner.length === 1) inner = inner[0]
  if (typeof inner === 'number' || typeof inner === 'boolean') return String(inner)
  return typeof inner === 'string' ? inner : undefined
}

function named(kind: OperationKind, given: unknown): Operation[] {
  const name = lookedUp(given)
  return name === undefined ? [] : [{ kind, name }]
}

/** `undefined` for a response, which has no method. */
export function methodOf({ method }: JsonObject): string | undefined {
  return lookedUp(method)
}

/** The reference of a completion request (MCP completion, "reference types"). */
function referenceOf({ type, name, uri }: JsonObject): Operation[] {
  if (type === 'ref/prompt') return named('prompt', name)
  return type === 'ref/resource' ? named('resource', uri) : []
}

/** `subscriptions/listen` of 2026-07-28. */
function subscribedResources(params: JsonObject): Operation[] {
  const uris = objectIn(params, 'notifications')['resourceSubscriptions']
  return Array.isArray(uris) ? uris.flatMap((uri) => named('resource', uri)) : []
}

const subjects: Readonly<Record<string, (params: JsonObject) => Operation[]>> = {
  'tools/call': ({ name }) => named('tool', name),
  'prompts/get': ({ name }) => named('prompt', name),
  'resources/read': ({ uri }) => named('resource', uri),
  'resources/subscribe': ({ uri }) => named('resource', uri),
  'resources/unsubscribe': ({ uri }) => named('resource', uri),
  'completion/complete': (params) => referenceOf(objectIn(params, 'ref')),
  'subscriptions/listen': subscribedResources,
}

/** The requests and notifications in a body. */
export function messagesOf(json: unknown): readonly JsonObject[] {
  const messages: readonly unknown[] = Array.isArray(json) ? json : [json]
  return messages.filter(isJsonObject)
}

/** All operations of a body: each method, and what it names. */
export function operationsOf(json: unknown): readonly Operation[] {
  return messagesOf(json).flatMap((message) => {
    const method = methodOf(message)
    if (method === undefined) return []
    const subject = Object.hasOwn(subjects, method) ? subjects[method]?.(objectIn(message, 'params')) : undefined
    return [{ kind: 'method', name: method } as const, ...(subject ?? [])]
  })
}

/** True for a request of revision 2026-07-28 or later: it names its revision itself. */
export function namesItsRevision(message: JsonObject): boolean {
  const { _meta: meta } = objectIn(message, 'params')
  return isJsonObject(meta) && typeof meta['io.modelcontextprotocol/protocolVersion'] === 'string'
}
