/** Reads and parses the JSON body of an MCP request, once, for both the guard and the SDK: they can never read two things. */
import type { IncomingMessage } from 'node:http'
import { OAuthError } from '../oauth/errors.js'

const maxBytes = 1_048_576
/** Far beyond any tool input; stops bodies made to exhaust the stack of whoever walks them. */
const maxDepth = 64

export type RequestBody = { readonly json: unknown } | { readonly malformed: string }

function tooLarge(): OAuthError {
  return new OAuthError('invalid_request', 'the request body is larger than 1 MiB', { status: 413 })
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length']) > maxBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('the request stream was given an encoding')
    size += chunk.byteLength
    if (size > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function isTooDeep(root: unknown): boolean {
  let level: unknown[] = [root]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return true
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null
        ? Object.values(value).filter((child) => typeof child === 'object' && child !== null)
        : [],
    )
  }
  return false
}

/** Throws `invalid_request` with status 413 beyond 1 MiB. Does not look at the content type. */
export async function readRequestBody(request: IncomingMessage): Promise<RequestBody> {
  const bytes = await readBytes(request)
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return isTooDeep(json) ? { malformed: 'the request body is nested too deeply' } : { json }
  } catch {
    return { malformed: 'the request body is not valid JSON' }
  }
}
