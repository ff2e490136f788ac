/** Group E, classes 79 to 83: asking about tokens of others, and tokens that outlive what they stand on. */
import { expect } from '@jest/globals'
import { unsignedJwt } from '../support/dpop-key.js'
import { redeem, register, revoke } from '../support/oauth-client.js'
import { inactive, introspect, type KnowledgeWorld, type Row } from './knowledge-world.js'
import { type Changes, newCode, newTokens, post } from './server-world.js'

interface Credentials {
  readonly authorization?: string
}

async function liveToken(world: KnowledgeWorld): Promise<string> {
  const { access_token: token } = await newTokens(world.opaque, { browser: world.browser })
  expect((await introspect(world, token, world.resourceServer)).body).toMatchObject({ active: true })
  return token
}

const askers: readonly Row[] = [
  ...(
    [
      ['nobody', () => ({})],
      ['a wrong secret', ({ resourceServer }) => ({ authorization: basic(`${resourceServer.clientId}:wrong`) })],
      ['an unknown client', () => ({ authorization: basic('nobody:x') })],
      ['the token itself', (_world, token) => ({ authorization: `Bearer ${token}` })],
      ['a client without a secret', ({ resourceServer }) => ({ authorization: basic(`${resourceServer.clientId}:`) })],
    ] satisfies readonly (readonly [string, (world: KnowledgeWorld, token: string) => Credentials])[]
  ).map(
    ([who, headers]): Row => ({
      id: 'E79',
      name: `${who} is told nothing of a token`,
      source: 'RFC 7662 §2.1, §4',
      run: async (world) => {
        const token = await liveToken(world)
        const { authorization }: Credentials = headers(world, token)
        const answer = await post(
          world.opaque,
          '/introspect',
          { token },
          authorization === undefined ? {} : { authorization },
        )
        expect([400, 401]).toContain(answer.status)
        expect([answer.error, 'active' in answer.body]).toEqual([
          expect.stringMatching(/^invalid_(client|request)$/),
          false,
        ])
      },
    }),
  ),
  ...(
    [
      ['a resource server for another resource', (world) => world.stranger.authorization],
      ['a machine', (world) => world.machine.authorization],
      ['a client that registered itself', undefined],
    ] satisfies readonly (readonly [string, ((world: KnowledgeWorld) => string) | undefined])[]
  ).flatMap(([who, authorizationOf]) =>
    ([undefined, 'access_token', 'refresh_token', 'x'] as const).map(
      (hint): Row => ({
        id: 'E80',
        name: `${who} is told that a token is not active${hint === undefined ? '' : `, with the hint ${hint}`}`,
        source: 'RFC 7662 §4, CVE-2026-58425',
        run: async (world) => {
          const token = await liveToken(world)
          const registered = await register(world.opaque.grant.server, {
            token_endpoint_auth_method: 'client_secret_basic',
            introspects: world.opaque.server.resource,
          })
          const own = basic(`${registered.client_id}:${registered.client_secret}`)
          const fields: Changes = { token, token_type_hint: hint }
          const answer = await post(world.opaque, '/introspect', fields, {
            authorization: authorizationOf?.(world) ?? own,
          })
          expect([answer.status, answer.body]).toEqual([200, inactive])
        },
      }),
    ),
  ),
  {
    id: 'E80',
    name: 'the public client that a token was issued to is told nothing of it',
    source: 'RFC 7662 §2.1',
    run: async (world) => {
      const token = await liveToken(world)
      const { status, body } = await post(world.opaque, '/introspect', {
        token,
        client_id: world.opaque.grant.clientId,
      })
      if (status === 200) expect(body).toEqual(inactive)
      else expect([status, 'active' in body]).toEqual([401, false])
    },
  },
  {
    id: 'E79',
    name: 'a token in an address is not looked at',
    source: 'RFC 7662 §2.1',
    run: async (world) => {
      const token = await liveToken(world)
      const { authorization } = world.resourceServer
      const url = `${world.opaque.server.issuer}/introspect?token=${token}`
      expect((await fetch(url, { headers: { authorization } })).status).toBe(405)
      const posted = await fetch(url, { method: 'POST', headers: { authorization }, body: new URLSearchParams() })
      expect([posted.status, await posted.json()]).toMatchObject([400, { error: 'invalid_request' }])
    },
  },
  {
    id: 'E81',
    name: 'two tokens are a wrong question',
    source: 'RFC 6749 §3.1',
    run: async (world) => {
      const token = await liveToken(world)
      const { authorization } = world.resourceServer
      const answer = await post(world.opaque, '/introspect', { token: [token, token] }, { authorization })
      expect([answer.status, answer.error]).toEqual([400, 'invalid_request'])
    },
  },
]

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

const garbage: readonly Row[] = (
  [
    ['a letter', async () => 'x'],
    ['5 kB', async () => 'x'.repeat(5_000)],
    ['U+0000', async () => 'a\0b'],
    ['a path', async () => '../../token'],
    ['a member of every object', async () => '__proto__'],
    ['a wildcard', async () => '%'],
    ['a refresh token', async ({ opaque, browser }) => (await newTokens(opaque, { browser })).refresh_token],
    ['a code', async ({ opaque, browser }) => (await newCode(opaque, { browser })).code],
    ['a token and a letter', async (world) => `${await liveToken(world)}A`],
    ['a token but its last letter', async (world) => (await liveToken(world)).slice(0, -1)],
    ['a token in small letters', async (world) => (await liveToken(world)).toLowerCase()],
    ['a token and a blank', async (world) => `${await liveToken(world)} `],
    ['the secret of the one who asks', async ({ resourceServer }) => resourceServer.clientSecret],
  ] satisfies readonly (readonly [string, (world: KnowledgeWorld) => Promise<string>])[]
).map(
  ([what, make]): Row => ({
    id: 'E81',
    name: `${what} is not active, and nothing more is said`,
    source: 'RFC 7662 §2.2, CVE-2026-27840',
    run: async (world) => {
      const { status, body, headers } = await introspect(world, await make(world), world.resourceServer)
      expect([status, body, headers.get('cache-control')]).toEqual([200, inactive, expect.stringContaining('no-store')])
    },
  }),
)

const structured: readonly Row[] = (
  [
    ['a JWT of nobody', async () => unsignedJwt({ alg: 'none' }, { active: true, iss: 'x' })],
    [
      'an ID token',
      async ({ opaque, browser }) => (await newTokens(opaque, { browser, scope: 'openid notes:read' })).id_token ?? '',
    ],
    [
      'a JWT of another issuer',
      async ({ jwt, jwtBrowser }) => (await newTokens(jwt, { browser: jwtBrowser })).access_token,
    ],
  ] satisfies readonly (readonly [string, (world: KnowledgeWorld) => Promise<string>])[]
).map(
  ([what, make]): Row => ({
    id: 'E81',
    name: `${what} is inactive, whoever made it`,
    source: 'RFC 7662 §2.2',
    note: 'A JWT is active only at the issuer that signed it as an access token, for the resource server it names (test/authorization-server/self-contained-introspection.test.ts).',
    run: async (world) => {
      const { status, body } = await introspect(world, await make(world), world.resourceServer)
      expect({ status, body }).toEqual({ status: 200, body: { active: false } })
    },
  }),
)

/** Each rule alone ends a token: none waits for another. */
const rules: readonly Row[] = (
  [
    [
      'it was revoked',
      async ({ opaque }, given) => revoke({ ...opaque.grant, clientId: given.clientId }, given.access),
    ],
    [
      'its refresh token was revoked',
      async ({ opaque }, given) => revoke({ ...opaque.grant, clientId: given.clientId }, given.refresh),
    ],
    ['its client was removed', async ({ opaque }, given) => opaque.server.clients.remove(given.clientId)],
    ['its person was disabled', async ({ opaque }, given) => opaque.server.accounts.disable(given.accountId)],
    ['its person got a new password', async ({ opaque }, given) => opaque.server.accounts.endAccess(given.accountId)],
    [
      'its code came again',
      async ({ opaque }, given) => redeem({ ...opaque.grant, clientId: given.clientId }, given.code, given.verifier),
    ],
    ['its time is over', async ({ opaque }) => opaque.server.advance(600 + 16)],
  ] satisfies readonly (readonly [string, (world: KnowledgeWorld, given: Given) => Promise<unknown>])[]
).map(
  ([why, end]): Row => ({
    id: 'E83',
    name: `a token is not active when ${why}`,
    source: 'CVE-2026-8922 (one of two rules honoured), RFC 7662 §2.2',
    run: async (world) => {
      const { opaque } = world
      const person = await opaque.server.addAccount(`rule-${crypto.randomUUID()}@example.com`)
      const { client_id: clientId } = await register(opaque.grant.server)
      const by = { ...opaque.grant, clientId }
      const { code, codeVerifier: verifier } = await newCode(
        { ...opaque, server: { ...opaque.server, account: person } },
        { by },
      )
      const { tokens } = await redeem(by, code, verifier)
      const access = tokens?.access_token ?? ''
      expect((await introspect(world, access, world.resourceServer)).body).toMatchObject({
        active: true,
        client_id: clientId,
      })
      await end(world, { accountId: person.id, clientId, access, refresh: tokens?.refresh_token ?? '', code, verifier })
      expect((await introspect(world, access, world.resourceServer)).body).toEqual(inactive)
    },
  }),
)

interface Given {
  readonly accountId: string
  readonly clientId: string
  readonly access: string
  readonly refresh: string
  readonly code: string
  readonly verifier: string
}

const feed: readonly Row[] = (
  [
    ['nobody', undefined, 400],
    ['a machine that may not introspect', 'machine', 403],
  ] as const
).map(
  ([who, name, status]): Row => ({
    id: 'E83',
    name: `${who} cannot follow what is revoked`,
    source: 'RFC 7662 §4 (the same knowledge by another way)',
    run: async (world) => {
      const headers = name === undefined ? {} : { authorization: world[name].authorization }
      const answer = await post(world.opaque, '/revocations', {}, headers)
      expect([answer.status, answer.body['revocations']]).toEqual([status, undefined])
      const publicClient = await post(world.opaque, '/revocations', { client_id: world.opaque.grant.clientId })
      expect([401, 403]).toContain(publicClient.status)
    },
  }),
)

/** The last rule moves the clock. */
export const attacks: readonly Row[] = [...askers, ...garbage, ...structured, ...feed, ...rules]
