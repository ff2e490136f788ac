/** Client ID metadata documents and key sets: what a stranger's host answers. */
import {
  maxKeySetBytes,
  parseKeySet,
  parseMetadataDocument,
} from '../../../src/authorization-server/clients/metadata-document.js'
import { getJsonDocument } from '../../../src/outbound/json-document.js'
import { UntrustedFetchError } from '../../../src/outbound/untrusted-fetch-error.js'
import { checkStrangersClient } from '../client-invariants.js'
import { clientOf } from '../engine-client.js'
import { answerOf, type FuzzTarget, headerTextOf, insist, insistEqual, jsonOf } from '../target.js'

const url = 'https://client.example/oauth/client.json'
const freshness = { minSeconds: 60, maxSeconds: 86_400, defaultSeconds: 300 }
const headerNames = ['content-type', 'etag', 'cache-control', 'expires', 'date', 'age']

interface Answer {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Lines of values for the headers above up to an empty line, then the body. A line may be missing. */
function answerIn(input: Buffer): Answer {
  const end = input.indexOf('\n\n')
  const lines = end === -1 ? [] : input.subarray(0, end).toString('latin1').split('\n')
  const given = headerNames.flatMap((name, index) => {
    const value = headerTextOf(Buffer.from(lines[index] ?? '', 'latin1'))
    return value === '' ? [] : [[name, value] as const]
  })
  return {
    headers: { 'content-type': 'application/json', ...Object.fromEntries(given) },
    body: input.subarray(end === -1 ? 0 : end + 2),
  }
}

async function textOfAnswer({ headers, body }: Answer): Promise<string | undefined> {
  const fetchIt = async () => new Response(body, { headers })
  const request = { url, maxBytes: maxKeySetBytes, freshness, nowMs: Date.UTC(2026, 10, 30) }
  const answer = await getJsonDocument(fetchIt, request).catch((error: unknown) => {
    if (error instanceof UntrustedFetchError) return undefined
    throw error
  })
  if (answer === undefined) return undefined
  const { text, etag, freshSeconds } = answer
  insist(freshSeconds >= 60 && freshSeconds <= 86_400, 'fresh within bounds', headers, freshSeconds)
  insist(etag === undefined || /^(?:W\/)?"[\x21\x23-\x7e]{0,200}"$/.test(etag), 'an entity tag that may be sent', etag)
  insist(/^application\/(?:[^;]*\+)?json/i.test(headers['content-type'] ?? ''), 'JSON by its type', headers)
  const withoutMark = body.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? body.subarray(3) : body
  insist(Buffer.from(text ?? '').equals(withoutMark), 'the text is what was sent', text)
  return text
}

function checkDocument(text: string): void {
  const metadata = answerOf(() => parseMetadataDocument(url, text), UntrustedFetchError)
  if (metadata === undefined) return
  insistEqual(metadata['client_id'], url, 'a document speaks for its own URL', text)
  const other = answerOf(() => parseMetadataDocument(`${url}?x`, text), UntrustedFetchError)
  insist(other === undefined, 'and for no other client', text)
  const client = clientOf(metadata, 'document')
  if (client === undefined) return
  insistEqual(client.clientId, url, 'the client is the URL')
  insist(client.clientSecret === undefined, 'no shared secret', text)
  insist(!String(client.clientAuthMethod).startsWith('client_secret'), 'no method with one', client.clientAuthMethod)
  for (const name of ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'jwks_uri']) {
    const link = client.metadata()[name]
    insist(link === undefined || /^https:\/\//i.test(String(link)), 'links of a document are https', name, link)
  }
  checkStrangersClient(client, metadata, 'document')
}

/** RFC 7518 §6: members of private and symmetric keys. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

function checkKeySet(text: string): void {
  const keys = answerOf(() => parseKeySet(text), UntrustedFetchError)
  if (keys === undefined) return
  const sent = jsonOf(text) as { keys: unknown[] }
  insist(keys.length <= 50 && keys.length <= sent.keys.length, 'few keys, none made up')
  for (const key of keys) {
    insist(['EC', 'OKP', 'RSA'].includes(String(key.kty)), 'asymmetric keys', key)
    insist(!privateMembers.some((name) => Object.hasOwn(key, name)), 'public keys', key)
    insist(!Object.hasOwn(key, 'x5c'), 'no certificates', key)
  }
}

export const clientDocument: FuzzTarget = {
  name: 'client-document',
  surface: 'answers of the hosts that clients name: headers, metadata documents, key sets',
  maxBytes: 8_192,
  dictionary: [
    `"client_id":"${url}"`,
    '"client_name":"x"',
    '"redirect_uris":["https://client.example/cb"]',
    '"token_endpoint_auth_method":"private_key_jwt"',
    '"jwks_uri":"https://client.example/jwks"',
    '"keys":[{"kty":"EC","crv":"P-256","x":"x","y":"y"}]',
    '"client_secret":',
    'application/json',
    'max-age=',
    's-maxage=',
    'no-store',
    'W/"x"',
    '__proto__',
    '\n\n',
  ],
  check: async (input) => {
    const text = await textOfAnswer(answerIn(input))
    if (text === undefined) return
    checkKeySet(text)
    checkDocument(text)
  },
}
