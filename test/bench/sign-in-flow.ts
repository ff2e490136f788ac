/** A browser reduced to what the flow needs: redirects, cookies, and the first form of a page. */
import { createHash } from 'node:crypto'
import type { Answer } from './answer-parser.js'
import { type Connection, expectStatus, form, formHeaders } from './connection.js'

/** One proof for all requests: making a fresh one is the client's cost, not the server's. */
export const codeVerifier = 'a-code-verifier-that-is-long-enough-for-the-rules-0123456789'
export const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')

export const requestedScope = 'notes:read notes:write'

export interface FlowClient {
  readonly clientId: string
  readonly redirectUri: string
  readonly resource: string
}

export interface Person {
  readonly email: string
  readonly password: string
}

/** Cookies by name. Paths are not looked at: a worker does one flow at a time. */
export type CookieJar = Map<string, string>

function keepCookies(jar: CookieJar, answer: Answer): void {
  for (const line of answer.headers('set-cookie')) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (name === undefined || value === undefined) continue
    if (value === '') jar.delete(name)
    else jar.set(name, value)
  }
}

function cookieHeader(jar: CookieJar): Record<string, string> {
  return jar.size === 0 ? {} : { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') }
}

/** The first form of a page, filled in as a person would who allows everything. */
function filledIn(page: string, person: Person): { action: string; body: string } {
  const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1]
  if (action === undefined) throw new Error(`the page has no form: ${page.slice(0, 300)}`)
  const fields = new URLSearchParams({ csrf: /name="csrf" value="([^"]*)"/.exec(page)?.[1] ?? '' })
  if (page.includes('name="password"')) {
    fields.set('email', person.email)
    fields.set('password', person.password)
  } else {
    fields.set('seen', /name="seen" value="([^"]*)"/.exec(page)?.[1] ?? '')
    for (const [, scope] of page.matchAll(/name="scope" value="([^"]+)"/g)) fields.append('scope', scope ?? '')
    fields.set('decision', 'allow')
    // What the page's script says of a person who reads first.
    fields.set('deliberate', '1')
  }
  return { action, body: fields.toString() }
}

/** The authorization request's path and query. */
export function authorizationRequest(client: FlowClient): string {
  const request = new URLSearchParams({
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: client.redirectUri,
    scope: requestedScope,
    resource: client.resource,
    state: 'state',
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
  })
  return `/authorize?${request}`
}

/** From the authorization request to the code, through whatever pages the server shows. */
export async function authorize(
  connection: Connection,
  client: FlowClient,
  person: Person,
  jar: CookieJar,
): Promise<string> {
  const headers = { accept: 'text/html' }
  let answer = await connection.ask({
    method: 'GET',
    path: authorizationRequest(client),
    headers: { ...headers, ...cookieHeader(jar) },
  })
  for (let step = 0; step < 12; step += 1) {
    keepCookies(jar, answer)
    const [location] = answer.headers('location')
    if (location !== undefined) {
      if (location.startsWith(client.redirectUri)) return codeOf(location)
      const { pathname, search } = new URL(location, 'http://localhost')
      answer = await connection.ask({
        method: 'GET',
        path: pathname + search,
        headers: { ...headers, ...cookieHeader(jar) },
      })
    } else {
      const { action, body } = filledIn(expectStatus(answer, 200).body, person)
      answer = await connection.ask({
        method: 'POST',
        path: action,
        headers: { ...headers, ...formHeaders, ...cookieHeader(jar) },
        body,
      })
    }
  }
  throw new Error('the sign-in does not end')
}

function codeOf(location: string): string {
  const code = new URL(location).searchParams.get('code')
  if (code === null) throw new Error(`no code in ${location}`)
  return code
}

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken: string
}

function tokensOf(answer: Answer): Tokens {
  const body: unknown = JSON.parse(expectStatus(answer, 200).body)
  if (typeof body !== 'object' || body === null || !('access_token' in body) || !('refresh_token' in body)) {
    throw new Error('the token response lacks a token')
  }
  return { accessToken: String(body.access_token), refreshToken: String(body.refresh_token) }
}

export async function exchange(connection: Connection, client: FlowClient, code: string): Promise<Tokens> {
  const body = form({
    grant_type: 'authorization_code',
    client_id: client.clientId,
    code,
    redirect_uri: client.redirectUri,
    code_verifier: codeVerifier,
    resource: client.resource,
  })
  return tokensOf(await connection.ask({ method: 'POST', path: '/token', headers: formHeaders, body }))
}

export async function refresh(connection: Connection, client: FlowClient, refreshToken: string): Promise<Tokens> {
  const body = form({
    grant_type: 'refresh_token',
    client_id: client.clientId,
    refresh_token: refreshToken,
    resource: client.resource,
  })
  return tokensOf(await connection.ask({ method: 'POST', path: '/token', headers: formHeaders, body }))
}
