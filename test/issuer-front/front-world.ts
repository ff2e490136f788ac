/** The notes server and the front on one origin, before an authorization server that is somebody else's. */
import { createServer, type Server } from 'node:http'
import { systemClock } from '../../src/base/clock.js'
import { createLogger } from '../../src/base/log.js'
import { randomSecret } from '../../src/base/secrets.js'
import type { ConnectViews } from '../../src/connect-page/connect-page.js'
import type { Database } from '../../src/database/database.js'
import { createIssuerFront, serveFront } from '../../src/issuer-front/index.js'
import { createMcpApp } from '../../src/mcp-host/app.js'
import { createTokenVerifier } from '../../src/mcp-host/token-verifier.js'
import { notesServer } from '../../src/notes/notes-server.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { createPages, viewsFolder } from '../../src/pages/pages.js'
import { createIssuerDiscovery } from '../../src/resource-server/index.js'
import { type Browser, createBrowser } from '../support/browser.js'
import { openTestDatabase } from '../support/databases.js'
import { completeForeignAuthorization, type ForeignIssuer, startForeignIssuer } from '../support/foreign-issuer.js'
import { freePort } from '../support/free-port.js'
import { listenOn } from '../support/opened.js'

const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
export const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
export const redirectUri = 'http://127.0.0.1:41575/callback'

type Fields = Readonly<Record<string, string>>
interface JsonAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

export interface FrontWorld {
  readonly origin: string
  readonly resource: string
  readonly foreign: ForeignIssuer
  /** What the front reported. */
  readonly problems: string[]
  /** Moves the front's clock so many milliseconds from the real one. */
  advance(ms: number): void
  newBrowser(): Browser
  register(metadata: Record<string, unknown>): Promise<JsonAnswer>
  /** The identifier of a public client. */
  registered(metadata?: Record<string, unknown>): Promise<string>
  authorizeUrl(clientId: string, changes?: Readonly<Record<string, string | undefined>>): string
  token(fields: Fields, headers?: Fields): Promise<JsonAnswer>
  /** Through all pages; the parameters the client got back. */
  complete(
    browser: Browser,
    clientId: string,
    changes?: Readonly<Record<string, string | undefined>>,
  ): Promise<URLSearchParams>
  close(): Promise<void>
}

async function jsonOf(asked: Promise<Response>): Promise<JsonAnswer> {
  const response = await asked
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  }
}

function requestsOf(origin: string, resource: string) {
  const register: FrontWorld['register'] = (metadata) =>
    jsonOf(
      fetch(`${origin}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(metadata),
      }),
    )
  const authorizeUrl: FrontWorld['authorizeUrl'] = (clientId, changes = {}) => {
    const parameters = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      state: 's1',
      scope: 'notes:read',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      resource,
      ...changes,
    }
    const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
    return `${origin}/authorize?${new URLSearchParams(given)}`
  }
  const usual = { client_name: 'Reader', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }
  return {
    register,
    authorizeUrl,
    registered: async (metadata = {}) => String((await register({ ...usual, ...metadata })).body['client_id']),
    token: (fields, headers = {}) =>
      jsonOf(fetch(`${origin}/token`, { method: 'POST', headers, body: new URLSearchParams(fields) })),
    complete: async (browser, clientId, changes) =>
      new URL(await completeForeignAuthorization(browser, authorizeUrl(clientId, changes))).searchParams,
  } satisfies Partial<FrontWorld>
}

function mcpApp(resource: string, origin: string, foreign: ForeignIssuer, database: Database) {
  const reach = { fetch: createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 }), clock: systemClock }
  return createMcpApp({
    definition: notesServer(resource, database, systemClock),
    issuer: origin,
    verify: createTokenVerifier({ issuer: foreign.issuer, audience: resource, ...reach }),
    pages: createPages<ConnectViews>({ viewsFolder, productName: 'Gatehouse', accentColor: '#0b5cad' }),
    version: '0.0.0',
    log: createLogger('silent'),
    clock: systemClock,
    trustedProxies: [],
  })
}

export async function startFrontWorld(): Promise<FrontWorld> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const resource = `${origin}/mcp`
  const foreign = await startForeignIssuer(resource)
  const database = await openTestDatabase('embedded', 'notes')
  const problems: string[] = []
  let offset = 0
  const clock = { now: () => new Date(Date.now() + offset) }
  const fetchFunction = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 })
  const front = createIssuerFront({
    issuer: origin,
    upstream: createIssuerDiscovery({ issuer: foreign.issuer, fetch: fetchFunction, clock }),
    registration: {
      url: foreign.adminUrl,
      headers: foreign.adminHeaders,
      members: { scope: 'notes:read notes:write' },
    },
    secret: randomSecret(),
    allowedPrivateUseRedirects: ['cursor://anysphere.cursor-mcp/oauth/callback'],
    ownUrls: ['https://mcp.example.com/mcp'],
    registrationsPerHour: 40,
    fetch: fetchFunction,
    clock,
    report: (problem) => void problems.push(problem),
  })
  const { app, close } = mcpApp(resource, origin, foreign, database)
  const [handle, callback] = [serveFront(front), app.callback()]
  const server: Server = createServer(
    (request, response) => void handle(request, response, () => void callback(request, response)),
  )
  await listenOn(server, port, 'localhost')
  return {
    origin,
    resource,
    foreign,
    problems,
    advance: (ms) => {
      offset = ms
    },
    newBrowser: () => createBrowser([origin, foreign.issuer]),
    ...requestsOf(origin, resource),
    close: async () => {
      await close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await database.close()
      await foreign.close()
    },
  }
}
