/** Group J on PostgreSQL: what a database in trouble may do to those who ask, and to what they hold. */
import { expect } from '@jest/globals'
import type pg from 'pg'
import type { TestServer } from '../authorization-server/server.js'
import { isConsentPage, signIn } from '../support/authorization.js'
import { createBrowser, pageOf } from '../support/browser.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { startFrontProxy } from '../support/front-proxy.js'
import {
  authorize,
  type Grant,
  newGrant,
  obtainTokens,
  redeem,
  refresh,
  startAuthorization,
  type TokenAnswer,
} from '../support/oauth-client.js'
import type { Relay } from '../support/relay.js'
import { stackSettings, testAccount } from '../support/settings.js'
import { type Stack, startStack } from '../support/stack.js'
import type { Attack, AttackedWorld } from './attack.js'

export interface OutageWorld extends AttackedWorld {
  readonly server: TestServer
  readonly grant: Grant
  /** Between the server and its database. */
  readonly relay: Relay
  /** Another user of the same database, by the direct way. */
  readonly administrator: pg.Client
}

type Row = Attack<OutageWorld>

async function during<T>(relay: Relay, work: () => Promise<T>): Promise<T> {
  relay.cut()
  try {
    return await work()
  } finally {
    relay.restore()
  }
}

async function isReady(server: TestServer): Promise<boolean> {
  return (await fetch(`${server.issuer}/health/ready`)).status === 200
}

/** Ends every connection of the server. */
function endConnections({ administrator }: OutageWorld): Promise<unknown> {
  return administrator.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  )
}

/** Asks again while it is told to come again. */
async function persistently(ask: () => Promise<TokenAnswer>): Promise<TokenAnswer> {
  let answer = await ask()
  await eventually(async () => {
    if (answer.status === 503) answer = await ask()
    return answer.status !== 503
  })
  return answer
}

async function refreshToken({ server, grant }: OutageWorld): Promise<string> {
  const tokens = await obtainTokens(grant, server.newBrowser(), { account: server.account }, 'notes:read')
  return tokens.refresh_token ?? ''
}

export const attacks: readonly Row[] = [
  {
    id: 'J144',
    name: 'every endpoint while the database is away: served from memory, or told to come again',
    source: 'ASVS 16.5.2, RFC 9110 §15.6.4',
    run: async ({ server, relay, grant }) => {
      const json = { 'content-type': 'application/json' }
      const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) })
      await during(relay, async () => {
        for (const path of [
          '/health/live',
          '/jwks',
          '/.well-known/oauth-authorization-server',
          '/.well-known/openid-configuration',
          '/assets/nothing',
        ])
          expect([path, [200, 404].includes((await fetch(`${server.issuer}${path}`)).status)]).toEqual([path, true])
        expect((await fetch(`${server.issuer}/health/ready`)).status).toBe(503)
        const requests: readonly (readonly [string, RequestInit])[] = [
          ['/token', form({ grant_type: 'refresh_token', refresh_token: 'x', client_id: 'unknown' })],
          [
            '/token',
            form({
              grant_type: 'authorization_code',
              code: 'x',
              client_id: 'unknown',
              redirect_uri: grant.redirectUri,
              code_verifier: 'v'.repeat(43),
            }),
          ],
          [
            '/token',
            form({
              grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
              device_code: 'x',
              client_id: 'unknown',
            }),
          ],
          ['/revoke', form({ token: 'x', client_id: 'unknown' })],
          ['/introspect', form({ token: 'x', client_id: 'unknown', client_secret: 'x' })],
          ['/par', form({ client_id: 'unknown', response_type: 'code' })],
          ['/device/authorize', form({ client_id: 'unknown' })],
          [
            '/register',
            { method: 'POST', headers: json, body: JSON.stringify({ redirect_uris: [grant.redirectUri] }) },
          ],
          ['/register/unknown', { headers: { authorization: 'Bearer x' } }],
          ['/userinfo', { headers: { authorization: 'Bearer x' } }],
        ]
        for (const [path, init] of requests) {
          const answer = await fetch(`${server.issuer}${path}`, init)
          expect([path, answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([path, 503, true])
          expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' })
        }
      })
      await eventually(() => isReady(server))
    },
  },
  {
    id: 'J144',
    name: 'it goes and comes ten times, and a chain of refreshes goes on',
    source: 'fault plan F2, F6',
    run: async (world) => {
      let token = await refreshToken(world)
      for (let round = 0; round < 10; round += 1) {
        await during(world.relay, async () => expect((await refresh(world.grant, token)).status).toBe(503))
        const { tokens, status } = await persistently(() => refresh(world.grant, token))
        expect(status).toBe(200)
        token = tokens?.refresh_token ?? token
      }
    },
  },
  {
    id: 'J145',
    name: 'a lock on the tables of credentials: who waits is told to come again, others are served, nothing is lost',
    source: 'Keycloak load shedding, fault plan F7',
    note: 'many who wait at once: fault F7 of npm run faults',
    run: async (world) => {
      const { server, grant, administrator } = world
      const token = await refreshToken(world)
      await administrator.query('BEGIN')
      await administrator.query('LOCK TABLE artifacts, grants IN ACCESS EXCLUSIVE MODE')
      try {
        const blocked = refresh(grant, token)
        expect((await fetch(`${server.issuer}/health/live`)).status).toBe(200)
        expect((await fetch(`${server.issuer}/jwks`)).status).toBe(200)
        const { status, headers } = await blocked
        expect([status, Number(headers.get('retry-after')) > 0]).toEqual([503, true])
      } finally {
        await administrator.query('ROLLBACK')
      }
      expect((await persistently(() => refresh(grant, token))).status).toBe(200)
    },
  },
  {
    id: 'J146',
    name: 'its connections are ended between sign-in and consent: the person goes on',
    source: 'ASVS 16.5.2, fault plan F6',
    run: async (world) => {
      const { server, grant } = world
      const browser = server.newBrowser()
      const started = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
      const page = pageOf(await signIn(browser, pageOf(await browser.open(started.url)), server.account))
      expect(isConsentPage(page)).toBe(true)
      await endConnections(world)
      await eventually(() => isReady(server))
      const arrival = await browser.press(page, 'Allow')
      if (!('left' in arrival)) throw new Error(`stopped at ${arrival.page.status}`)
      const code = new URL(arrival.left).searchParams.get('code') ?? ''
      expect((await persistently(() => redeem(grant, code, started.codeVerifier))).status).toBe(200)
    },
  },
  {
    id: 'J147',
    name: 'its connections are ended in the middle of five exchanges: tokens, or a code that is still good',
    source: 'RFC 9700 §4.14, fault plan F3',
    note: 'processes that are killed: test/system/kill.test.ts',
    run: async (world) => {
      const { server, grant } = world
      const browser = server.newBrowser()
      for (let round = 0; round < 5; round += 1) {
        const { callback, codeVerifier } = await authorize(grant, browser, { account: server.account }, 'notes:read')
        const code = callback.get('code') ?? ''
        const [first] = await Promise.all([redeem(grant, code, codeVerifier), endConnections(world)])
        expect([200, 503]).toContain(first.status)
        if (first.status === 503) {
          const again = await persistently(() => redeem(grant, code, codeVerifier))
          // The answer to a commit may be lost on its way: then the code was used, and is refused as such.
          expect([200, 400]).toContain(again.status)
        }
        await eventually(() => isReady(server))
      }
    },
  },
  {
    id: 'J149',
    name: 'two replicas started anew in turn, under load: no request fails, sessions and tokens go on',
    source: 'Keycloak rolling updates, fault plan F10',
    note: 'the proxy stops sending before a replica is stopped; replicas that are killed: npm run faults',
    run: async () => {
      const front = await freePort()
      const ports = [await freePort(), await freePort()]
      const env = await stackSettings({ database: 'postgresql', env: { ISSUER_URL: `http://localhost:${front}` } })
      const start = (port: number) =>
        startStack({ database: 'postgresql', env: { ...env, AUTH_PORT: String(port) }, overrides: { only: 'auth' } })
      const proxy = await startFrontProxy(front, ports)
      const replicas = new Map<number, Stack>()
      for (const port of ports) replicas.set(port, await start(port))
      const stack = { issuer: env['ISSUER_URL'] ?? '', resource: env['RESOURCE_URL'] ?? '' }
      const browser = createBrowser([stack.issuer])
      const grant = await newGrant(stack)
      let { refresh_token: token = '' } = await obtainTokens(grant, browser, { account: testAccount }, 'notes:read')
      let isOver = false
      const statuses: number[] = []
      const load = (async () => {
        while (!isOver) {
          const { status, tokens } = await refresh(grant, token)
          token = tokens?.refresh_token ?? token
          statuses.push(status, (await fetch(`${stack.issuer}/jwks`)).status)
        }
      })()
      for (const port of [...ports, ...ports]) {
        const before = statuses.length
        proxy.takeOut(port)
        await eventually(async () => proxy.underWay(port) === 0)
        await replicas.get(port)?.stop()
        replicas.set(port, await start(port))
        proxy.putBack(port)
        await eventually(async () => statuses.length > before + 4)
      }
      isOver = true
      await load
      expect(statuses.filter((status) => status !== 200)).toEqual([])
      expect([proxy.cut, proxy.refused]).toEqual([0, 0])
      // The session of the browser, too: no second sign-in.
      const started = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
      expect(isConsentPage(pageOf(await browser.open(started.url)))).toBe(true)
      await proxy.close()
      for (const replica of replicas.values()) await replica.close()
    },
  },
]
