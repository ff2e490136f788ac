/** Two replicas of each server behind Caddy, over real TLS: docker-compose.proxy.yml, in both layouts. Uses the ports 80 and 443. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Agent, fetch as fetchThrough } from 'undici'
import { isConsentPage } from '../support/authorization.js'
import { type Browser, createBrowser, pageOf, type SecureWay } from '../support/browser.js'
import { callTool } from '../support/mcp-request.js'
import { type Grant, newGrant, obtainTokens, refresh, startAuthorization } from '../support/oauth-client.js'
import { requestErrors } from './caddy-log.js'
import { type CommandResult, type ComposedStack, composedStack, containerName, docker } from './composed-stack.js'

const account = { email: 'ada@example.com', password: 'plum orbit kettle ninety walrus' }
// One client asks as fast as it can, from one address.
const ours = { BOOTSTRAP_EMAIL: account.email, BOOTSTRAP_PASSWORD: account.password, RATE_LIMITS: 'off' }
const files = ['docker-compose.yml', 'docker-compose.proxy.yml']
const plainFetch = globalThis.fetch

/** Every name under localhost leads to this machine, as in a browser. */
const toThisMachine: NonNullable<SecureWay['lookup']> = (_host, options, found) =>
  options.all === true ? found(null, [{ address: '127.0.0.1', family: 4 }]) : found(null, '127.0.0.1', 4)

/** Believes the certificates of that stack's Caddy and of nobody else. */
async function secureWay(stack: ComposedStack): Promise<SecureWay> {
  const ca = await stack.mustCompose('exec', '-T', 'caddy', 'cat', '/data/caddy/pki/authorities/local/root.crt')
  return { ca, lookup: toThisMachine }
}

function fetchBy(secure: SecureWay): typeof fetch {
  const dispatcher = new Agent({ connect: secure as object })
  return (async (url: string, init: object) => fetchThrough(url, { ...init, dispatcher })) as unknown as typeof fetch
}

/** Tells `note` about each answer other than 200. An empty body of Caddy otherwise shows up as a syntax error and nothing else. */
function notingFailures(send: typeof fetch, note: (failure: string) => void): typeof fetch {
  return async (url, init) => {
    const response = await send(url, init)
    if (response.status !== 200) {
      const body = (await response.clone().text()).slice(0, 300)
      const { method = 'GET' } = init ?? {}
      note(`${new Date().toISOString()} ${method} ${String(url)}: ${response.status} ${JSON.stringify(body)}`)
    }
    return response
  }
}

async function must(command: Promise<CommandResult>): Promise<string> {
  const { exitCode, output } = await command
  expect([exitCode, exitCode === 0 ? '' : output]).toEqual([0, ''])
  return output
}

async function requestsServedBy(service: string, replica: number): Promise<number> {
  const { output } = await docker(['logs', containerName(service, replica)])
  return output.split('\n').filter((line) => line.includes('"msg":"request"')).length
}

const layouts = [
  { layout: 'two-origins', issuer: 'https://auth.localhost', resource: 'https://mcp.localhost/mcp', settings: {} },
  {
    layout: 'one-origin',
    issuer: 'https://localhost',
    resource: 'https://localhost/mcp',
    settings: { LAYOUT: 'one-origin', AUTH_HOST: 'localhost', MCP_HOST: 'localhost' },
  },
]

describe.each(layouts)('docker compose up with Caddy, $layout', ({ issuer, resource, settings }) => {
  const stack = composedStack(files, { ...ours, ...settings })
  let secure: SecureWay
  let browser: Browser
  let grant: Grant
  let refreshToken: string
  let accessToken: string

  beforeAll(async () => {
    await stack.compose('down', '--volumes', '--timeout', '5')
    await stack.mustCompose('build', '--quiet')
    await stack.up()
    secure = await secureWay(stack)
    globalThis.fetch = fetchBy(secure)
    browser = createBrowser([issuer, resource], secure)
  }, 600_000)
  afterAll(async () => {
    globalThis.fetch = plainFetch
    await stack.compose('down', '--volumes', '--timeout', '5')
  }, 60_000)

  it('serves both servers over TLS only, publishes the public names and believes no address a stranger claims', async () => {
    for (const url of [issuer, new URL(resource).origin]) expect((await fetch(`${url}/health/ready`)).status).toBe(200)
    const { host } = new URL(issuer)
    const redirect = await plainFetch('http://127.0.0.1/authorize?x=1', { headers: { host }, redirect: 'manual' })
    expect(redirect.status).toBe(308)
    const metadata = await fetch(`${issuer}/.well-known/oauth-authorization-server`, {
      headers: { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-host': 'evil.example' },
    })
    expect(await metadata.json()).toMatchObject({ issuer, token_endpoint: `${issuer}/token` })
    const log = await stack.mustCompose('logs', '--no-color', 'auth')
    expect(log).not.toContain('203.0.113.9')
    expect(log).not.toContain('evil.example')
  })

  it('carries sign-in, consent and tool calls, whichever replica answers', async () => {
    grant = await newGrant({ issuer, resource })
    const tokens = await obtainTokens(grant, browser, { account }, 'notes:read notes:write')
    accessToken = tokens.access_token
    refreshToken = tokens.refresh_token ?? ''
    // Caddy picks at random between idle replicas: so many requests do not all reach the same one.
    for (let call = 0; call < 24; call += 1) {
      expect((await callTool(resource, accessToken, 'whoami')).status).toBe(200)
      expect((await fetch(`${issuer}/jwks`)).status).toBe(200)
    }
    for (const service of ['auth', 'mcp'])
      for (const replica of [1, 2]) expect(await requestsServedBy(service, replica)).toBeGreaterThan(0)
    expect(browser.cookies.header(new URL(issuer))).toContain('__Host-')
  })

  it('fails no request while replicas are stopped and started, one after the other', async () => {
    let isOver = false
    const answers: (number | string)[] = []
    const failures: string[] = []
    const ordinaryFetch = globalThis.fetch
    globalThis.fetch = notingFailures(ordinaryFetch, (failure) => void failures.push(failure))
    const count = async (ask: () => Promise<number>) => {
      while (!isOver) {
        answers.push(await ask().catch((error: Error) => String(error.cause ?? error)))
        await sleep(20)
      }
    }
    const load = [
      count(async () => {
        const { status, tokens } = await refresh(grant, refreshToken)
        refreshToken = tokens?.refresh_token ?? refreshToken
        accessToken = tokens?.access_token ?? accessToken
        return status
      }),
      count(async () => (await callTool(resource, accessToken, 'whoami')).status),
      count(async () => (await fetch(`${issuer}/jwks`)).status),
    ]
    for (const replica of [1, 2]) {
      const pair = ['auth', 'mcp'].map((service) => containerName(service, replica))
      await must(docker(['stop', ...pair]))
      await must(docker(['start', ...pair]))
      await stack.up()
    }
    isOver = true
    await Promise.all(load)
    globalThis.fetch = ordinaryFetch
    expect(answers.length).toBeGreaterThan(20)
    const failed = answers.filter((answer) => answer !== 200)
    const caddyLog = failed.length === 0 ? '' : await stack.mustCompose('logs', '--no-log-prefix', 'caddy')
    expect([...failed, ...failures, ...requestErrors(caddyLog)]).toEqual([])
    // The person is still signed in.
    const started = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    expect(isConsentPage(pageOf(await browser.open(started.url)))).toBe(true)
  })
})
