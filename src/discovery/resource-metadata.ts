/**
 * Finds the protected resource metadata of an MCP server (RFC 9728 §3, §5; MCP authorization) and checks which resource and issuer it
 * names.
 */
import { displayText } from '../base/display-text.js'
import { parseChallenges } from '../oauth/challenge.js'
import { canonicalResource } from '../oauth/resource.js'
import { parseScope } from '../oauth/scope.js'
import { canParseUrl } from '../oauth/url.js'
import { protectedResourceMetadataUrl } from '../oauth/well-known.js'
import type { GuardedAnswer, GuardedRequests } from '../outbound/guarded-request.js'
import { type JsonObject, jsonObject, stringsOf } from './json.js'

export interface ResourceMetadata {
  /** URL of the document. */
  readonly place: string
  readonly document: JsonObject
  /** `scope` of the first challenge. */
  readonly challengeScopes: readonly string[]
  /** True if the server answered a request without a token. */
  readonly isOpen: boolean
}

const shown = (text: string) => displayText(text, 200)

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut off',
  UND_ERR_SOCKET: 'the connection was cut off',
  UND_ERR_CONNECT_TIMEOUT: 'time-out',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too large',
}

/** Why there was no response: the message of the innermost cause that has one. */
export function reasonOf(error: unknown): string {
  let reason = ''
  for (let next = error, depth = 0; typeof next === 'object' && next !== null && depth < 6; depth += 1) {
    const one: object = next
    const [code, name, message]: unknown[] = ['code', 'name', 'message'].map((member) => Reflect.get(one, member))
    if (name === 'TimeoutError') return 'time-out'
    if (typeof code === 'string' && reasons[code] !== undefined) return reasons[code]
    if (typeof message === 'string' && message !== '') reason = message.replace(/^refused or failed: /, '')
    next = Reflect.get(one, 'cause')
  }
  return shown(reason)
}

/** The first request of a client, without a token. */
function knock({ send }: GuardedRequests, url: string): Promise<GuardedAnswer> {
  const clientInfo = { name: 'gatehouse-discover', version: '1' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  return send({
    method: 'POST',
    url,
    headers: { accept: 'application/json, text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
    // Only the headers matter.
    isEnough: () => true,
  }).catch((error: unknown) => {
    // Without `cause`: `describeFailure` would take its code for one of the database.
    throw new Error(`no answer from ${url}: ${reasonOf(error)}`)
  })
}

async function documentAt({ send }: GuardedRequests, url: string): Promise<JsonObject | string> {
  try {
    const { status, body } = await send({ method: 'GET', url, headers: { accept: 'application/json' } })
    if (status !== 200) return `status ${status}`
    return jsonObject(body) ?? 'no JSON object'
  } catch (error) {
    return reasonOf(error)
  }
}

function judge(document: JsonObject, place: string, url: string, issuer: string): void {
  const { resource } = document
  if (typeof resource !== 'string')
    throw new Error(`the metadata at ${shown(place)} has no "resource": it must be ${url}`)
  if (canonicalResource(resource) !== url) {
    throw new Error(
      `the metadata at ${shown(place)} is that of ${shown(resource)}, not of ${url}: discover that URL, or set "resource" at the server`,
    )
  }
  const servers = stringsOf(document['authorization_servers'])
  if (servers.includes(issuer)) return
  const named = servers.slice(0, 5).map(shown).join(', ')
  throw new Error(
    `the metadata at ${shown(place)} names ${named === '' ? 'no authorization server' : named}: the server must name ${issuer} in "authorization_servers"`,
  )
}

/**
 * `url` is canonical. Throws if nothing answers, if there is no document, if it is for another resource, or if it does not name `issuer`.
 */
export async function findResourceMetadata(
  requests: GuardedRequests,
  url: string,
  issuer: string,
): Promise<ResourceMetadata> {
  const { status, headers } = await knock(requests, url)
  const challenges = parseChallenges(headers.get('www-authenticate') ?? '')
  const challenge = challenges.find(({ scheme }) => scheme.toLowerCase() === 'bearer') ?? challenges[0]
  const named = challenge?.parameters['resource_metadata']
  const root = `${new URL(url).origin}/.well-known/oauth-protected-resource`
  const places = [
    ...(named !== undefined && named.length < 2_000 && canParseUrl(named) ? [named] : []),
    protectedResourceMetadataUrl(url),
    root,
  ]
  const tried: string[] = []
  for (const place of new Set(places)) {
    const found = await documentAt(requests, place)
    if (typeof found === 'string') tried.push(`${shown(place)} (${found})`)
    else {
      judge(found, place, url, issuer)
      const challengeScopes = parseScope(challenge?.parameters['scope'])
      return { place, document: found, challengeScopes, isOpen: status >= 200 && status < 300 }
    }
  }
  throw new Error(`${url} publishes no protected resource metadata (RFC 9728): tried ${tried.join(', ')}`)
}
