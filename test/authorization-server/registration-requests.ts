/** Requests to the registration endpoints (RFC 7591, RFC 7592). */
import { startAuthorization } from '../support/oauth-client.js'
import { readJson, type TestServer } from './server.js'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

export async function sendRegistration(method: string, url: string, body: unknown, token?: string): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return {
    status: response.status,
    headers: response.headers,
    body: response.status === 204 ? {} : await readJson(response),
  }
}

export function register(server: TestServer, body: unknown): Promise<Answer> {
  return sendRegistration('POST', `${server.issuer}/register`, body)
}

/** Where an authorization request of the client ends: at the sign-in page, or at an error page. */
export async function opens(server: TestServer, clientId: unknown, redirectUri: string): Promise<number> {
  const endpoints = { authorization_endpoint: `${server.issuer}/authorize` }
  const request = { clientId: String(clientId), redirectUri, scope: 'notes:read', resource: server.resource }
  const { url } = startAuthorization(endpoints, request)
  const arrival = await server.newBrowser().open(url)
  return 'page' in arrival ? arrival.page.status : 0
}
