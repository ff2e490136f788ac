/** Two processes on one PostgreSQL: what proves something once, or lets in once, does so once, whoever presents it where. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { runCli } from '../cli/terminal.js'
import { type ClientKey, newClientKey, signClientAssertion } from '../support/client-assertion.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { createDpopKey } from '../support/dpop-key.js'
import { freePort } from '../support/free-port.js'
import { completeCode, exchangeOf, newGrant, requestTokens } from '../support/oauth-client.js'
import { askPastProxy } from '../support/past-proxy.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'

const racers = 50

describeOnPostgres('single use over two processes', () => {
  let first: StackProcess
  let second: StackProcess
  let origins: readonly [string, string]
  let key: ClientKey

  beforeAll(async () => {
    key = await newClientKey('worker-1', 'ES256')
    const file = join(temporaryFolder('clients'), 'clients.json')
    const worker = { client_id: 'worker', client_name: 'Worker', jwks: { keys: [key.publicJwk] } }
    writeFileSync(file, JSON.stringify({ clients: [worker] }))
    // Nobody has an account, so each start prints a link that makes the first one.
    const nobody = { BOOTSTRAP_EMAIL: '', BOOTSTRAP_PASSWORD: '' }
    const env = { LOG_LEVEL: 'warn', GATEHOUSE_FILE: file, REGISTRATION: 'token', ...nobody }
    first = await startStackProcess({ database: 'postgresql', only: 'auth', env })
    const port = String(await freePort())
    const internal = `http://127.0.0.1:${port}`
    second = await startStackProcess({
      database: 'postgresql',
      only: 'auth',
      env: { ...first.settings, AUTH_PORT: port, ISSUER_INTERNAL_URL: internal },
    })
    origins = [first.issuer, internal]
  })
  afterAll(() => Promise.all([first.stop(), second.stop()]))

  /** Many at once, every other one at the other process; how often each outcome was. */
  async function race(ask: (origin: string) => Promise<string>): Promise<Record<string, number>> {
    const outcomes = await Promise.all(
      Array.from({ length: racers }, (_, index) => ask(origins[index % 2 === 0 ? 0 : 1])),
    )
    const counts: Record<string, number> = {}
    for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
    return counts
  }

  const assertion = () => signClientAssertion(key, { clientId: 'worker', audience: first.issuer })

  async function askForToken(origin: string, client_assertion: string, headers = {}): Promise<string> {
    const parameters = {
      grant_type: 'client_credentials',
      client_assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }
    const { status, error } = await requestTokens({ token_endpoint: `${origin}/token` }, parameters, headers)
    return `${status} ${error ?? ''}`.trim()
  }

  it('a client assertion (RFC 7523 §3)', async () => {
    const same = await assertion()
    expect(await race((origin) => askForToken(origin, same))).toEqual({ 200: 1, '401 invalid_client': racers - 1 })
  })

  it('a DPoP proof (RFC 9449 §11.1)', async () => {
    const proof = await (await createDpopKey()).prove({ url: `${first.issuer}/token` })
    const outcomes = await race(async (origin) => askForToken(origin, await assertion(), { dpop: proof }))
    expect(outcomes).toEqual({ 200: 1, '400 invalid_dpop_proof': racers - 1 })
  })

  it('an invitation to register (RFC 7591 §3)', async () => {
    const invited = await runCli(['clients', 'invite'], first.settings)
    const token = /initial_access_token\W+([\w-]{43})/.exec(invited.stdout)?.[1] ?? ''
    const body = JSON.stringify({ client_name: 'Invited', redirect_uris: ['https://app.example.org/cb'] })
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const outcomes = await race(async (origin) =>
      String((await fetch(`${origin}/register`, { method: 'POST', headers, body })).status),
    )
    expect(outcomes).toEqual({ 201: 1, 401: racers - 1 })
  })

  it('the link that makes the first account', async () => {
    // The newest is good; the first server's went with it.
    const [link = ''] = second.output().match(/\/setup\?token=[\w-]+/) ?? []
    const page = await askPastProxy(second, link)
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(page.text) ?? []
    let serial = 0
    const outcomes = await race(async (origin) => {
      serial += 1
      const fields = { csrf, email: `racer-${serial}@example.com`, password: 'velvet harbor sixteen pigeon ladder' }
      const { status } = await askPastProxy(origin === origins[0] ? first : second, link, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields).toString(),
      })
      return String(status)
    })
    expect(outcomes).toEqual({ 200: 1, 404: racers - 1 })
    const listed = await runCli(['accounts', 'list', '--json'], first.settings)
    expect(JSON.parse(listed.stdout)).toHaveLength(1)
  })
})

describeOnPostgres('single use over two MCP servers', () => {
  let first: StackProcess
  let second: StackProcess
  beforeAll(async () => {
    first = await startStackProcess({ database: 'postgresql', env: { LOG_LEVEL: 'warn' } })
    const env = { ...first.settings, MCP_PORT: String(await freePort()) }
    second = await startStackProcess({ database: 'postgresql', only: 'mcp', env })
  })
  afterAll(() => Promise.all([first.stop(), second.stop()]))

  it('a DPoP proof (RFC 9449 §11.1): what one process took, the other one refuses, and the other way around', async () => {
    const key = await createDpopKey()
    const grant = await newGrant(first)
    const code = await completeCode(grant, first.newBrowser(), { account: first.account }, { scope: 'notes:read' })
    const atToken = { dpop: await key.prove({ url: grant.server.token_endpoint }) }
    const { tokens } = await requestTokens(grant.server, exchangeOf(grant, code), atToken)
    const token = tokens?.access_token ?? ''
    const prove = () => key.prove({ url: first.resource, token })
    const { host, pathname } = new URL(first.resource)
    /** In the words of a proxy that chose this process: the server has one public address. */
    const call = async (at: string, proof: string): Promise<string> => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami' } })
      const asked = request(`${at}${pathname}`, {
        method: 'POST',
        agent: false,
        headers: {
          host,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          authorization: `DPoP ${token}`,
          dpop: proof,
        },
      })
      asked.end(body)
      const [answer] = (await once(asked, 'response')) as [IncomingMessage]
      await text(answer)
      const challenge = parseChallenge(answer.headers['www-authenticate'] ?? '')
      return `${answer.statusCode} ${challenge?.parameters['error'] ?? ''}`.trim()
    }
    const [here = '', there = ''] = [first.origins[1], second.origins[0]]
    expect(here).not.toBe(there)
    for (const [at, then] of [
      [here, there],
      [there, here],
    ] as const) {
      const proof = await prove()
      expect(await call(at, proof)).toBe('200')
      expect(await call(then, proof)).toBe('401 invalid_dpop_proof')
      expect(await call(then, await prove())).toBe('200')
    }
    const raced = await prove()
    const outcomes = await Promise.all(
      Array.from({ length: racers }, (_, index) => call(index % 2 === 0 ? here : there, raced)),
    )
    expect(outcomes.filter((outcome) => outcome === '200')).toHaveLength(1)
    expect(new Set(outcomes)).toEqual(new Set(['200', '401 invalid_dpop_proof']))
  })
})
