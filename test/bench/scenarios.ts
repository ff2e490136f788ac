/** The rows of the table: what a worker does, over and over. Each prepares what it needs before the clock starts. */
import { connectTo, expectStatus, form, formHeaders } from './connection.js'
import { type Confidential, people, registration } from './fixtures.js'
import { connections, type Worker } from './load.js'
import { authorizationRequest, authorize, type CookieJar, exchange, refresh } from './sign-in-flow.js'
import type { ServerProcess, Target } from './target.js'
import { recordedToolCall } from './tool-call.js'

export interface PreparedScenario {
  readonly workers: readonly Worker[]
  /** The process that does the work. */
  readonly server: ServerProcess
  close(): Promise<void>
}

export interface Scenario {
  readonly name: string
  readonly label: string
  /** Most operations in one run; what is used up must last for all runs. */
  readonly limit?: number
  /** `undefined`: this target has no such thing. */
  prepare(target: Target): Promise<PreparedScenario | undefined>
}

type MakeWorker = (connection: ReturnType<typeof connectTo>, index: number) => Worker | Promise<Worker>

async function prepared(server: ServerProcess, count: number, make: MakeWorker, origin = server.origin) {
  const opened = Array.from({ length: count }, () => connectTo(origin, server.paths))
  const workers: Worker[] = []
  for (const [index, connection] of opened.entries()) workers.push(await make(connection, index))
  return { workers, server, close: async () => void (await Promise.all(opened.map((one) => one.close()))) }
}

function read(name: string, label: string, path: string): Scenario {
  return {
    name,
    label,
    prepare: ({ main }) =>
      prepared(main, connections, (connection) => async () => {
        expectStatus(await connection.ask({ method: 'GET', path }), 200)
        return true
      }),
  }
}

function basic({ clientId, clientSecret }: Confidential): string {
  return `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
}

export function clientCredentials(confidential: Confidential, resource?: string) {
  return {
    method: 'POST',
    path: '/token',
    headers: { ...formHeaders, authorization: basic(confidential) },
    body: form({ grant_type: 'client_credentials', scope: 'notes:read', ...(resource !== undefined && { resource }) }),
  } as const
}

function takeCode({ codes }: Target): string {
  const code = codes.pop()
  if (code === undefined) throw new Error('the codes made beforehand are used up')
  return code
}

export const scenarios: readonly Scenario[] = [
  read('discovery', 'Authorization server metadata', '/.well-known/oauth-authorization-server'),
  read('jwks', 'Keys (JWKS)', '/jwks'),
  {
    name: 'registration',
    label: 'Dynamic client registration',
    prepare: ({ main }) =>
      prepared(main, connections, (connection) => async () => {
        const headers = { 'content-type': 'application/json' }
        expectStatus(await connection.ask({ method: 'POST', path: '/register', headers, body: registration }), 201)
        return true
      }),
  },
  {
    name: 'sign-in',
    label: 'Sign-in with password, consent, code exchange',
    prepare: ({ main, client }) =>
      prepared(main, 8, (connection, index) => async () => {
        const person = people[index] ?? people[0]
        if (person === undefined) return false
        await exchange(connection, client, await authorize(connection, client, person, new Map()))
        return true
      }),
  },
  {
    name: 'authorize-again',
    label: 'Signed in already: consent, code exchange',
    prepare: ({ main, client }) =>
      prepared(main, 8, async (connection, index) => {
        const person = people[index] ?? { email: '', password: '' }
        const jar: CookieJar = new Map()
        await authorize(connection, client, person, jar)
        return async () => {
          await exchange(connection, client, await authorize(connection, client, person, jar))
          return true
        }
      }),
  },
  {
    name: 'cimd-authorize',
    label: 'Authorization request, client is a URL (cached)',
    prepare: async ({ main, client, documentClientId }) => {
      if (documentClientId === undefined) return undefined
      const path = authorizationRequest({ ...client, clientId: documentClientId })
      return prepared(main, connections, (connection) => async () => {
        expectStatus(await connection.ask({ method: 'GET', path, headers: { accept: 'text/html' } }), 303)
        return true
      })
    },
  },
  {
    name: 'exchange',
    label: 'Code exchange',
    limit: 1_800,
    prepare: (target) =>
      prepared(target.main, connections, (connection) => async () => {
        await exchange(connection, target.client, takeCode(target))
        return true
      }),
  },
  {
    name: 'refresh',
    label: 'Refresh, rotating',
    prepare: (target) =>
      prepared(target.main, connections, async (connection) => {
        let { refreshToken } = await exchange(connection, target.client, takeCode(target))
        return async () => {
          refreshToken = (await refresh(connection, target.client, refreshToken)).refreshToken
          return true
        }
      }),
  },
  {
    name: 'refresh-concurrent',
    label: 'Refresh, twenty at once on one token',
    prepare: async (target) => {
      // The bare engine takes every use of a token but the first for theft.
      if (target.name === 'bare') return undefined
      const first = connectTo(target.main.origin, target.main.paths)
      let { refreshToken } = await exchange(first, target.client, takeCode(target))
      await first.close()
      return prepared(target.main, 20, (connection) => async () => {
        refreshToken = (await refresh(connection, target.client, refreshToken)).refreshToken
        return true
      })
    },
  },
  {
    name: 'client-credentials',
    label: 'Client credentials',
    prepare: ({ main, client, confidential }) =>
      prepared(main, connections, (connection) => async () => {
        expectStatus(await connection.ask(clientCredentials(confidential, client.resource)), 200)
        return true
      }),
  },
  {
    name: 'introspection',
    label: 'Introspection of an opaque token',
    prepare: ({ opaque, client }) =>
      prepared(opaque, connections, async (connection) => {
        const resource = opaque.namesNoResource ? undefined : client.resource
        const answer = await connection.ask(clientCredentials(opaque.confidential, resource))
        const token = /"access_token":"([^"]+)"/.exec(expectStatus(answer, 200).body)?.[1] ?? ''
        const headers = { ...formHeaders, authorization: basic(opaque.confidential) }
        const body = form({ token })
        return async () => {
          const said = await connection.ask({ method: 'POST', path: '/introspect', headers, body })
          if (!expectStatus(said, 200).body.includes('"active":true')) throw new Error(`not active: ${said.body}`)
          return true
        }
      }),
  },
  {
    name: 'tool-call',
    label: 'MCP tool call with a token',
    prepare: async (target) => {
      if (target.mcpUrl === undefined) return undefined
      const { origin } = new URL(target.mcpUrl)
      const tokenFrom = connectTo(target.main.origin, target.main.paths)
      const { accessToken } = await exchange(tokenFrom, target.client, takeCode(target))
      await tokenFrom.close()
      const call = await recordedToolCall(target.mcpUrl, accessToken)
      const make: MakeWorker = (connection) => async () => {
        expectStatus(await connection.ask(call), 200)
        return true
      }
      return prepared(target.main, connections, make, origin)
    },
  },
]
