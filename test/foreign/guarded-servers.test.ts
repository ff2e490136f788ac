/** The servers of docs/guard/python.md and docs/guard/go.md: guarded by their own SDKs, behind our authorization server. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { manualExample } from '../resource-server/packed-library.js'
import { firstAnswer } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { killAfterwards } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'
import { callThroughSdkV2, connectSdkV2, SdkV2Provider } from '../support/sdk-v2-client.js'
import { type Stack, startStack } from '../support/stack.js'
import { createSigningKey, startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js'
import { commandOf, describeIn } from './foreign-program.js'

interface GuardedServer {
  readonly resource: string
  /** Status and challenge of a call with this token. */
  ask(token?: string): Promise<{ status: number; challenge: string }>
  close(): Promise<void>
}

async function startServer(command: readonly string[], issuer: string, resource: string): Promise<GuardedServer> {
  const [program = '', ...args] = command
  const env = { ...process.env, ISSUER_URL: issuer, RESOURCE_URL: resource, NO_PROXY: 'localhost,127.0.0.1' }
  const server: ChildProcess = killAfterwards(spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] }))
  let said = ''
  server.stderr?.on('data', (chunk) => (said += String(chunk)))
  const ask: GuardedServer['ask'] = async (token) => {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
    const { status, headers: answered } = await fetch(resource, { method: 'POST', headers, body })
    return { status, challenge: answered.get('www-authenticate') ?? '' }
  }
  await firstAnswer('a start of the server', 60, () => ask().catch(() => undefined)).catch((error) => {
    throw new Error(`${error}\n${said}`)
  })
  return {
    resource,
    ask,
    close: async () => {
      server.kill()
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
    },
  }
}

describe.each([
  ['python', 'guarded_server'],
  ['go', 'guarded'],
] as const)('The server of the manual', (language, program) => {
  describeIn(language, `in ${language}`, () => {
    let stack: Stack
    let server: GuardedServer
    let standIn: TokenIssuer
    let atStandIn: GuardedServer

    beforeAll(async () => {
      const resource = `http://localhost:${await freePort()}/mcp`
      const described = join(temporaryFolder('resource'), 'gatehouse.yaml')
      writeFileSync(described, manualExample('resource').replace('http://localhost:8080/mcp', resource))
      const env = { RESOURCE_URL: '', GATEHOUSE_FILE: described }
      stack = await startStack({ database: 'embedded', env, resource, overrides: { only: 'auth' } })
      server = await startServer(commandOf(language, program), stack.issuer, resource)
      const other = `http://localhost:${await freePort()}/mcp`
      standIn = await startTokenIssuer(other)
      atStandIn = await startServer(commandOf(language, program), standIn.issuer, other)
    })
    afterAll(async () => {
      await Promise.all([server?.close(), atStandIn?.close()])
      await Promise.all([standIn?.close(), stack?.close()])
    })

    it('lets a client in from its bare URL, and knows who calls', async () => {
      const provider = new SdkV2Provider(stack.newBrowser(), { account: stack.account, allow: ['tickets:read'] })
      const connection = await connectSdkV2(server.resource, provider, 'auto')
      const answer = await callThroughSdkV2(connection, provider, 'whoami')
      await connection.client.close()
      expect(answer.content).toEqual([{ type: 'text', text: expect.stringMatching(/^[\w-]{10,}$/) }])
      expect(provider.requests[0]?.searchParams.get('scope')).toContain('tickets:read')
    })

    it('challenges a call without a token, and says where its metadata is', async () => {
      const { origin, pathname } = new URL(server.resource)
      const metadata = `${origin}/.well-known/oauth-protected-resource${pathname}`
      expect(await server.ask()).toEqual({ status: 401, challenge: expect.stringContaining(metadata) })
      const document = await (await fetch(metadata)).json()
      expect(document).toMatchObject({ resource: server.resource, authorization_servers: [stack.issuer] })
    })

    it('takes the tokens that it should, and no others', async () => {
      const scope = 'tickets:read'
      const stranger = await createSigningKey('key-1')
      const now = Math.floor(Date.now() / 1000)
      expect((await atStandIn.ask(await standIn.sign({ scope }))).status).toBeLessThan(401)
      const refused = {
        'another audience': await standIn.sign({ scope, aud: 'http://localhost:1/mcp' }),
        'another issuer': await standIn.sign({ scope, iss: 'https://other.example' }),
        'another key': await standIn.sign({ scope }, {}, stranger.privateKey),
        'an ID token': await standIn.sign({ scope }, { typ: 'JWT' }),
        expired: await standIn.sign({ scope, iat: now - 900, exp: now - 300 }),
        'bound to a key': await standIn.sign({ scope, cnf: { jkt: 'x'.repeat(43) } }),
        'no JWT': 'opaque',
      }
      for (const [name, token] of Object.entries(refused)) {
        expect({ name, status: (await atStandIn.ask(token)).status }).toEqual({ name, status: 401 })
      }
      expect((await atStandIn.ask(await standIn.sign({ scope: 'tickets:write' }))).status).toBe(403)
    })
  })
})
