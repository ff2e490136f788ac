/**
 * What an MCP request body asks for, in every revision: one message, or a batch of 2025-03-26. Reads names alone. Does not check
 * that a body is valid JSON-RPC: the MCP server behind the guard does.
 */

export type OperationKind = 'method' | 'tool' | 'prompt' | 'resource'

/** A JSON-RPC method, or something it names: a tool or prompt by its name, a resource by its URI as the client wrote it. */
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

/** What a handler would look up that does not check types: there a list of one name is that name. */
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

/** `undefined` for an answer, which has none. */
export function methodOf({ method }: JsonObject): string | undefined {
  return lookedUp(method)
}

/** What completions are asked about (MCP completion, "reference types"). */
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

/** The messages of a body that ask for something, as objects. */
export function messagesOf(json: unknown): readonly JsonObject[] {
  const messages: readonly unknown[] = Array.isArray(json) ? json : [json]
  return messages.filter(isJsonObject)
}

/** Everything a body asks for: each method, and what it names. */
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
