/**
 * Reads and parses the JSON body of an MCP request once, for both the guard and the MCP server, so that they cannot interpret it
 * differently.
 */
import { OAuthError } from '../oauth/errors.js'

export interface JsonBodyLimits {
  /** Default 1 MiB. */
  readonly maxBytes?: number
  /** Maximum nesting; deeper nesting could exhaust the stack of recursive code. Default 64, far beyond any tool's input. */
  readonly maxDepth?: number
  /** Maximum number of values, including nested ones. Default 50 000. */
  readonly maxValues?: number
  /** Maximum time for the whole body; default: the limit of the HTTP server. */
  readonly timeoutMs?: number
}

export type JsonBody = { readonly json: unknown } | { readonly malformed: string }

/** A Node request, or `request.body` of a web-standard one. */
export type BodySource = AsyncIterable<unknown>

function tooLarge(maxBytes: number): OAuthError {
  const size = maxBytes % 1_048_576 === 0 ? `${maxBytes / 1_048_576} MiB` : `${maxBytes} bytes`
  return new OAuthError('invalid_request', `the request body is larger than ${size}`, { status: 413 })
}

async function readBytes(source: BodySource, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the request stream was given an encoding')
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c]
/** `[` and `{`, `]` and `}`. */
const [opening, closing] = [new Set([0x5b, 0x7b]), new Set([0x5d, 0x7d])]

/**
 * The nesting depth of a JSON text, and an upper bound of its number of values. Counted before parsing, because many small values cost a
 * hundred times as much to parse as long strings. Meaningless for text that is not JSON.
 */
function shapeOf(bytes: Uint8Array): { readonly depth: number; readonly values: number } {
  let [open, depth, values, isText] = [0, 0, 1, false]
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0
    if (isText) {
      if (byte === backslash) at += 1
      else if (byte === quote) isText = false
    } else if (byte === quote) isText = true
    else if (byte === comma) values += 1
    else if (opening.has(byte)) {
      values += 1
      open += 1
      depth = Math.max(depth, open)
    } else if (closing.has(byte)) open -= 1
  }
  return { depth, values }
}

/** Rejects with 408 if the work takes too long. The work continues until its connection ends. */
async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new OAuthError('invalid_request', 'the request body took too long', { status: 408 }))
    }, timeoutMs)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Throws `invalid_request` with status 413 for a body that is too large, 408 for one that is too slow. `contentLength`: the header, so that
 * a large body can be refused unread. Does not check the content type.
 */
export async function readJsonBody(
  source: BodySource,
  contentLength: string | null | undefined,
  limits: JsonBodyLimits = {},
): Promise<JsonBody> {
  const { maxBytes = 1_048_576, maxDepth = 64, maxValues = 50_000, timeoutMs } = limits
  if (Number(contentLength ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const reading = readBytes(source, maxBytes)
  const bytes = await (timeoutMs === undefined ? reading : within(timeoutMs, reading))
  const { depth, values } = shapeOf(bytes)
  // The outermost value does not count.
  if (depth > maxDepth + 1) return { malformed: 'the request body is nested too deeply' }
  if (values > maxValues) return { malformed: 'the request body holds too many values' }
  try {
    return { json: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown }
  } catch {
    return { malformed: 'the request body is not valid JSON' }
  }
}

/** JSON-RPC 2.0 §5.1, to be sent with 400; clients tell protocol eras apart by such bodies, so it is not an OAuth error. */
export function parseError(malformed: string): object {
  return { jsonrpc: '2.0', error: { code: -32700, message: `Parse error: ${malformed}` }, id: null }
}
