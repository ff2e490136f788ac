/**
 * Two processes of each server behind a proxy that sends only to who says it is ready, on databases that nobody has migrated.
 * Each process is stopped and started anew, as an upgrade does it, while clients go on asking.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { isConsentPage, signIn } from '../support/authorization.js'
import { type Browser, createBrowser, pageOf } from '../support/browser.js'
import { createDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { type FrontProxy, startFrontProxy } from '../support/front-proxy.js'
import { callTool } from '../support/mcp-request.js'
import { type Grant, newGrant, obtainTokens, redeem, refresh, startAuthorization } from '../support/oauth-client.js'
import { testAccount } from '../support/settings.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'

interface Replica {
  readonly process: StackProcess
  readonly port: number
  readonly proxy: FrontProxy
}

describeOnPostgres('Two replicas of each server', () => {
  let auth: readonly Replica[]
  let mcp: readonly Replica[]
  let proxies: readonly FrontProxy[] = []
  let browser: Browser
  let grant: Grant

  beforeAll(async () => {
    const [issuerPort, resourcePort] = [await freePort(), await freePort()]
    const ports = { auth: [await freePort(), await freePort()], mcp: [await freePort(), await freePort()] }
    const stack = { issuer: `http://localhost:${issuerPort}`, resource: `http://localhost:${resourcePort}/mcp` }
    const shared = {
      ISSUER_URL: stack.issuer,
      RESOURCE_URL: stack.resource,
      DATABASE_URL: await createDatabase('auth'),
      NOTES_DATABASE_URL: await createDatabase('notes'),
      ENCRYPTION_KEY: Buffer.alloc(32, 5).toString('base64url'),
      MCP_SERVER_SECRET: 'of-servers-that-are-started-anew',
      STOP_DELAY_SECONDS: '3',
    }
    proxies = [await startFrontProxy(issuerPort, ports.auth), await startFrontProxy(resourcePort, ports.mcp)]
    const start = (only: 'auth' | 'mcp', proxy: FrontProxy | undefined) =>
      ports[only].map(async (port): Promise<Replica> => {
        const env = { ...shared, [only === 'auth' ? 'AUTH_PORT' : 'MCP_PORT']: String(port) }
        const process = await startStackProcess({ database: 'postgresql', only, env })
        if (proxy === undefined) throw new Error('there is no proxy')
        return { process, port, proxy }
      })
    // All at once: the databases are empty.
    const starting = { auth: start('auth', proxies[0]), mcp: start('mcp', proxies[1]) }
    mcp = await Promise.all(starting.mcp)
    auth = await Promise.all(starting.auth)
    for (const proxy of proxies) proxy.watchReadiness()
    browser = createBrowser([stack.issuer])
    grant = await newGrant(stack)
  }, 300_000)
  afterAll(async () => {
    await Promise.all([...auth, ...mcp].map(({ process }) => process.kill9()))
    await Promise.all(proxies.map((proxy) => proxy.close()))
  })

  it('migrate once when they start together, and all serve', () => {
    for (const replicas of [auth, mcp]) {
      const migrated = replicas.filter(({ process }) => process.output().includes('"migrations applied"'))
      expect(migrated).toHaveLength(1)
      expect(replicas.map(({ process }) => process.isServing)).toEqual([true, true])
    }
  })

  it('are started anew in turn, and no request fails', async () => {
    const first = await obtainTokens(grant, browser, { account: testAccount }, 'notes:read')
    let { access_token: accessToken, refresh_token: refreshToken = '' } = first
    // Somebody is in the middle of signing in all the while.
    const slow = createBrowser([grant.server.issuer])
    const started = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    const signInPage = pageOf(await slow.open(started.url))

    const failures = () => proxies.map(({ cut, refused }) => cut + refused)
    // While everything started, the MCP server asked for an issuer that was not there yet.
    const before = failures()
    let isOver = false
    const statuses: Record<string, number[]> = { refresh: [], tool: [], document: [] }
    const keepAsking = async (name: string, ask: () => Promise<number>) => {
      while (!isOver) statuses[name]?.push(await ask())
    }
    const load = Promise.all([
      keepAsking('refresh', async () => {
        const { status, tokens } = await refresh(grant, refreshToken)
        accessToken = tokens?.access_token ?? accessToken
        refreshToken = tokens?.refresh_token ?? refreshToken
        return status
      }),
      keepAsking('tool', async () => (await callTool(grant.resource, accessToken, 'whoami')).status),
      keepAsking('document', async () => (await fetch(grant.server.jwks_uri ?? '')).status),
    ])
    for (const pair of [0, 1]) {
      const replicas = [auth[pair], mcp[pair]].filter((replica) => replica !== undefined)
      // With more than STOP_DELAY_SECONDS and ten seconds it would end itself with 1.
      expect(await Promise.all(replicas.map(({ process }) => process.stop()))).toEqual([0, 0])
      await Promise.all(replicas.map(({ process }) => process.restart()))
      await eventually(async () => replicas.every(({ proxy, port }) => proxy.isIn(port)))
    }
    isOver = true
    await load

    for (const answered of Object.values(statuses)) {
      expect(answered.length).toBeGreaterThan(5)
      expect(answered.filter((status) => status !== 200)).toEqual([])
    }
    expect(failures()).toEqual(before)
    // Each said so itself, ahead of its end.
    expect(proxies.map(({ toldNotReady }) => toldNotReady)).toEqual([2, 2])
    const consent = pageOf(await signIn(slow, signInPage, testAccount))
    const arrival = await slow.press(consent, 'Allow')
    if (!('left' in arrival)) throw new Error(`stopped at ${arrival.page.status}`)
    const code = new URL(arrival.left).searchParams.get('code') ?? ''
    expect((await redeem(grant, code, started.codeVerifier)).status).toBe(200)
    // The browser from before is signed in still.
    expect(isConsentPage(pageOf(await browser.open(startAuthorization(grant.server, grant).url)))).toBe(true)
  }, 300_000)
})
