/** The Authorization header: at the endpoints where clients authenticate, and where an access token is presented. */
import {
  clientWithoutSecret,
  normaliseAuthorization,
} from '../../../src/authorization-server/endpoints/authorization-header.js'
import { createClientAuthentication } from '../../../src/resource-server/client-authentication.js'
import { findToken, type TokenPlaces, withoutQueryToken } from '../../../src/resource-server/token-place.js'
import { type FuzzTarget, headerTextOf, insist, insistEqual, linesOf } from '../target.js'

function normalised(authorization: string): string | undefined {
  const request = { headers: { authorization } }
  normaliseAuthorization(request)
  return request.headers.authorization
}

/** RFC 6749 §2.3.1 as the engine reads it: the first colon parts client and secret. */
function credentialsIn(authorization: string): readonly [string, string] | undefined {
  const [scheme = '', encoded = '', ...others] = authorization.split(' ')
  if (scheme.toLowerCase() !== 'basic' || others.length > 0) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon === -1 ? undefined : [text.slice(0, colon), text.slice(colon + 1)]
}

function checkAtServer(header: string): void {
  const written = normalised(header)
  if (written === undefined) {
    insist(/^\S*$/.test(header.trim()), 'only a scheme without credentials is no header', header)
    return
  }
  insistEqual(normalised(written), written, 'what is normalised stays', header)
  insistEqual(written.replace(/[ \t]/g, ''), header.replace(/[ \t]/g, ''), 'blanks alone are changed', header)
  const clientId = clientWithoutSecret({ headers: { authorization: written } })
  if (clientId === undefined) return
  insist(/^[\x20-\x7e]+$/.test(clientId), 'an identifier is printable', clientId)
  const read = credentialsIn(written)
  insist(read !== undefined, 'without a secret is Basic', written)
  const [first, secret] = read
  if (secret === '')
    insistEqual(decodeURIComponent(first.replaceAll('+', '%20')), clientId, 'both read one client', header)
  // A URL may be written plainly, with the colon of its scheme.
  else insist(first === 'https' && secret.startsWith('//') && secret.endsWith(':'), 'a secret is never dropped', header)
}

/** What is presented by header, query and form, under each setting. */
function checkAtResource(header: string, query: string, form: string): void {
  const presented = {
    authorization: header,
    dpop: undefined,
    method: 'POST',
    url: 'https://notes.example/mcp',
    query,
    form,
  }
  for (const places of [
    {},
    { dangerouslyAcceptTokenInQuery: true },
    { dangerouslyAcceptTokenInQuery: true, dangerouslyAcceptTokenInBody: true },
  ] satisfies TokenPlaces[]) {
    for (const knowsDpop of [true, false]) {
      const found = findToken(presented, places, knowsDpop)
      if (found === undefined || 'malformed' in found) continue
      const { token, scheme, place } = found
      insist(/^[\w.~+/-]+=*$/.test(token), 'a token is a b64token', token)
      const [given = '', ...rest] = header.trim().split(/[ \t]+/)
      const inHeader = /^(?:bearer|dpop)$/i.test(given) && rest.length > 0 && (knowsDpop || !/^dpop$/i.test(given))
      if (place === 'header') {
        insistEqual(
          [given.toLowerCase(), rest],
          [scheme.toLowerCase(), [token]],
          'the header is one scheme and one token',
        )
        insist(knowsDpop || scheme === 'Bearer', 'DPoP is unknown where it is off', header)
      } else {
        insist(
          Object.keys(places).length > 0 && !inHeader,
          'one place alone, and only where a setting says so',
          header,
          place,
        )
        const all = [query, ...(places.dangerouslyAcceptTokenInBody === true ? [form] : [])]
        const tokens = all
          .flatMap((text) => new URLSearchParams(text).getAll('access_token'))
          .filter((one) => one !== '')
        insistEqual(tokens, [token], 'one token alone', query, form)
      }
    }
  }
  const logged = withoutQueryToken(`/mcp?${query}`)
  const tokens = new URLSearchParams(/\?([^#]*)/.exec(logged)?.[1]).getAll('access_token')
  insist(
    tokens.every((token) => token === 'hidden' || token === ''),
    'no token in a log',
    logged,
  )
}

/** What the library sends as a client, the server reads as the same client. */
async function checkRoundTrip(clientId: string): Promise<void> {
  if (!/^[\x20-\x7e]+$/.test(clientId) || clientId.startsWith('https:')) return
  const context = { issuer: 'https://auth.example', clock: { now: () => new Date(0) } }
  const { headers } = await createClientAuthentication({ clientId, clientSecret: '' }, context)()
  const { authorization } = headers
  insistEqual(
    clientWithoutSecret({ headers: { authorization } }),
    clientId,
    'a client is read as it was written',
    authorization,
  )
}

export const authorizationHeader: FuzzTarget = {
  name: 'authorization-header',
  surface: 'the Authorization header and other places of a token: one verdict, one credential',
  maxBytes: 16_384,
  dictionary: [
    'Basic ',
    'Bearer ',
    'DPoP ',
    'bearer',
    'access_token=',
    '%61ccess_token=',
    'YTo=',
    'Y2xpZW50Og==',
    'aHR0cHM6Ly9hLmV4YW1wbGUvYzo=',
    '&',
    ',',
    '\t',
    'https://',
  ],
  check: (input) => {
    const [first = '', query = '', form = ''] = linesOf(input, 3)
    const header = headerTextOf(Buffer.from(first))
    checkAtServer(header)
    // So that the engine can change what is inside.
    checkAtServer(`Basic ${Buffer.from(first).toString('base64')}`)
    checkAtResource(header, query, form)
    return checkRoundTrip(first)
  },
}
