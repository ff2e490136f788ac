/** What the tests of limits share: servers behind a trusted proxy, and requests from whichever address through it. */
import { request } from 'node:http'
import { afterEach } from '@jest/globals'
import { noUsageLimits, type UsageLimits } from '../../src/oauth/usage-limits.js'
import { preferredDatabase } from '../support/databases.js'
import { type ServerOptions, startServer, type TestServer } from './server.js'

export const kind = preferredDatabase()
export const web = { redirect_uris: ['https://app.example/cb'] }

/** Starts servers that are closed after each test of the `describe` it is called in. */
export function startsServers() {
  const servers: TestServer[] = []
  afterEach(async () => void (await Promise.all(servers.splice(0).map((server) => server.close()))))
  return async (options: ServerOptions = {}) => {
    const server = await startServer(kind, { trustedProxies: ['127.0.0.1', '::1'], ...options })
    servers.push(server)
    return server
  }
}

export const sendTo =
  (server: TestServer) =>
  (path: string, from: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${server.issuer}${path}`, {
      redirect: 'manual',
      ...init,
      headers: { ...init.headers, 'x-forwarded-for': from },
    })
/** With the Fetch Metadata of a browser, which `fetch` does not let one choose. */
export const browse = (
  server: TestServer,
  path: string,
  from: string,
  { method = 'GET', headers = {}, body }: RequestInit,
) =>
  new Promise<number>((resolve, reject) => {
    const text = body === undefined ? '' : String(body)
    const given = headers as Record<string, string>
    const type = text === '' ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
    const sent = request(
      `${server.issuer}${path}`,
      { method, headers: { ...given, ...type, 'x-forwarded-for': from, 'content-length': Buffer.byteLength(text) } },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      },
    )
    sent.once('error', reject)
    sent.end(text)
  })
export const form = (fields: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(fields),
})
export const statusesOf = async (answers: readonly Promise<{ status: number }>[]) =>
  (await Promise.all(answers)).map(({ status }) => status)
export const limitsWith = (given: Partial<UsageLimits>): UsageLimits => ({ ...noUsageLimits, ...given })

export const registerFrom = (server: TestServer, from: string) => {
  const headers = { 'content-type': 'application/json' }
  return sendTo(server)('/register', from, { method: 'POST', headers, body: JSON.stringify(web) })
}
