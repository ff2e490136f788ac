/**
 * Measures how long a revoked access token is still taken: at the notes server, over HTTP, and at a second resource server made of
 * the library alone, with the authorization server restarted in between. Owns the procedure; who runs the servers is the caller's.
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.js'
import { randomSecret } from '../../src/base/secrets.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { createIssuerDiscovery, followRevocations, type TokenVerifier } from '../../src/resource-server/index.js'
import { createRemoteKeySet } from '../../src/resource-server/key-set.js'
import { refuseRevoked } from '../../src/resource-server/revocation-feed.js'
import { cacheVerifiedTokens } from '../../src/resource-server/token-cache.js'
import { createJwtVerifier } from '../../src/resource-server/verifier.js'
import { createBrowser } from './browser.js'
import { callTool } from './mcp-request.js'
import { type Grant, newGrant, obtainTokens, refresh, revoke } from './oauth-client.js'
import { testAccount } from './settings.js'

type Environment = Readonly<Record<string, string>>

export interface RunningServer {
  readonly settings: Environment
  stop(): Promise<unknown>
}

export interface RevocationRunOptions {
  readonly count: number
  /** Starts one server, for the first time or again, with these settings. */
  readonly start: (only: 'auth' | 'mcp', env: Environment) => Promise<RunningServer>
}

export interface RevocationRun {
  /** From the answer to the revocation to the first refusal, for each revocation and each of the two servers. */
  readonly milliseconds: readonly number[]
  /** What single tool calls with these tokens took meanwhile, over HTTP: how fast the machine is at the moment. */
  readonly callMilliseconds: readonly number[]
}

interface Revocable {
  readonly accessToken: string
  /** What is posted to the revocation endpoint. */
  readonly posted: string
}

const perGrant = 10
const atOnce = 10
const askEveryMs = 25
/** A token that is still taken then is not refused at all. */
const givenUpMs = 30_000

/** A resource server of the library alone; `close` stops following. */
function startLibraryServer({ ISSUER_URL: issuer = '', RESOURCE_URL: audience = '' }: Environment, secret: string) {
  const fetch = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 1_048_576 })
  const clock = systemClock
  const discovery = createIssuerDiscovery({ issuer, fetch, clock })
  const keys = createRemoteKeySet({ jwksUri: async () => (await discovery.endpoints()).jwksUri, fetch, clock })
  const credentials = { clientId: 'gatehouse-mcp-server', clientSecret: secret }
  const feed = followRevocations({ issuer, feed: discovery, credentials, fetch, clock })
  const verify = refuseRevoked(
    cacheVerifiedTokens(createJwtVerifier({ issuer, audience, keys, clock }), { clock }),
    feed,
  )
  return { verify, ready: feed.ready, close: () => feed.close() }
}

/** `perGrant` tokens of one grant: all but the last are revoked one by one, the last with its grant. */
async function tokensOfOneGrant(grant: Grant, browser: ReturnType<typeof createBrowser>): Promise<Revocable[]> {
  let tokens = await obtainTokens(grant, browser, { account: testAccount }, 'notes:read')
  const made: Revocable[] = []
  while (made.length < perGrant - 1) {
    made.push({ accessToken: tokens.access_token, posted: tokens.access_token })
    const next = await refresh(grant, tokens.refresh_token ?? '')
    if (next.tokens === undefined) throw new Error(`the refresh was answered with ${next.error}`)
    tokens = next.tokens
  }
  return [...made, { accessToken: tokens.access_token, posted: tokens.refresh_token ?? '' }]
}

async function untilRefused(takes: (token: string) => Promise<boolean>, token: string): Promise<number> {
  const startedAt = performance.now()
  while (await takes(token)) {
    if (performance.now() - startedAt > givenUpMs) throw new Error('a revoked token is still taken')
    await sleep(askEveryMs)
  }
  return performance.now() - startedAt
}

const takenBy = (verify: TokenVerifier) => (token: string) =>
  verify(token).then(
    () => true,
    () => false,
  )

const takenAt = (resource: string) => async (token: string) => {
  const { status } = await callTool(resource, token, 'whoami')
  if (status !== 200 && status !== 401) throw new Error(`the call was answered with ${status}`)
  return status === 200
}

/** Revokes `count` tokens, ten at a time; half of them before the restart, half right after it. */
export async function runRevocations({ count, start }: RevocationRunOptions): Promise<RevocationRun> {
  const secret = randomSecret()
  let auth = await start('auth', { MCP_SERVER_SECRET: secret })
  const mcp = await start('mcp', auth.settings)
  const { ISSUER_URL: issuer = '', RESOURCE_URL: resource = '' } = auth.settings
  const library = startLibraryServer(auth.settings, secret)
  const takenByTools = takenAt(resource)
  const servers = [
    async (token: string) => {
      const askedAt = performance.now()
      const taken = await takenByTools(token)
      callMilliseconds.push(performance.now() - askedAt)
      return taken
    },
    takenBy(library.verify),
  ]
  const milliseconds: number[] = []
  const callMilliseconds: number[] = []
  try {
    const grant = await newGrant({ issuer, resource })
    const browser = createBrowser([issuer, resource])
    const revocables: Revocable[] = []
    while (revocables.length < count) revocables.push(...(await tokensOfOneGrant(grant, browser)))
    // Both servers have verified every token, so that none is refused for another reason, and all are in the caches.
    for (const { accessToken } of revocables) {
      const taken = await Promise.all(servers.map((takes) => takes(accessToken)))
      if (taken.includes(false)) throw new Error('a token was refused before it was revoked')
    }
    await library.ready
    for (let done = 0; done < revocables.length; done += atOnce) {
      if (done === Math.floor(revocables.length / 2 / atOnce) * atOnce) {
        await auth.stop()
        auth = await start('auth', auth.settings)
      }
      const wave = revocables.slice(done, done + atOnce).map(async ({ accessToken, posted }) => {
        const status = await revoke(grant, posted)
        if (status !== 200) throw new Error(`the revocation was answered with ${status}`)
        milliseconds.push(...(await Promise.all(servers.map((takes) => untilRefused(takes, accessToken)))))
      })
      await Promise.all(wave)
    }
    return { milliseconds, callMilliseconds }
  } finally {
    library.close()
    await mcp.stop()
    await auth.stop()
  }
}

/** The value that so many of a hundred do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN
}
