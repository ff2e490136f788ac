/** Group D, classes 71 to 78: refresh tokens that were bent, stolen or kept too long. */
import { expect } from '@jest/globals'
import { addConfidentialClient } from '../authorization-server/server.js'
import { pageOf } from '../support/browser.js'
import { refresh, register, requestTokens, revoke } from '../support/oauth-client.js'
import { type Changes, keepSecret, newTokens, post } from './server-world.js'
import { expectRefusal, type Row, type TokenWorld } from './token-world.js'

/** A refresh that is bent and refused; the token is as good as before. */
const refusedRefresh = (
  id: Row['id'],
  name: string,
  source: string,
  bend: (token: string, world: TokenWorld) => Changes | Promise<Changes>,
  error: RegExp,
): Row => ({
  id,
  name,
  source,
  run: async (world) => {
    const { refresh_token: token } = await newTokens(world, { browser: world.browser })
    const honest = { grant_type: 'refresh_token', client_id: world.grant.clientId, refresh_token: token }
    expectRefusal(await post(world, '/token', { ...honest, ...(await bend(token, world)) }), error)
    const { tokens, status } = await refresh(world.grant, token)
    keepSecret(world, tokens)
    expect([status, tokens?.scope]).toEqual([200, 'notes:read notes:write'])
  },
})

const bent: readonly Row[] = [
  refusedRefresh(
    'D73',
    'a refresh for an unknown resource',
    'RFC 8707 §2.2, workers-oauth-provider 8883c0a',
    () => ({
      resource: 'https://evil.example/mcp',
    }),
    /^invalid_target$/,
  ),
  refusedRefresh(
    'D73',
    'a refresh for the resource and an unknown one',
    'RFC 8707 §2.2',
    (_token, { grant }) => ({
      resource: [grant.resource, 'https://evil.example/mcp'],
    }),
    /^invalid_(target|request)$/,
  ),
  refusedRefresh(
    'D73',
    'a refresh for more than was allowed',
    'RFC 6749 §6',
    () => ({
      scope: 'notes:read notes:write notes:delete',
    }),
    /^invalid_scope$/,
  ),
  refusedRefresh(
    'D73',
    'a refresh for other scopes',
    'RFC 6749 §6',
    () => ({ scope: 'openid email' }),
    /^invalid_scope$/,
  ),
  refusedRefresh(
    'D73',
    'a refresh by another client',
    'RFC 6749 §6',
    async (_token, { grant }) => ({
      client_id: (await register(grant.server)).client_id,
    }),
    /^invalid_grant$/,
  ),
  refusedRefresh(
    'D73',
    'a refresh by a machine',
    'RFC 6749 §6',
    async (_token, { server }) => {
      const { clientId, clientSecret } = await addConfidentialClient(server, {
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: ['https://client.example/cb'],
      })
      return { client_id: clientId, client_secret: clientSecret }
    },
    /^invalid_grant$/,
  ),
  refusedRefresh(
    'D73',
    'a refresh with the token twice',
    'RFC 6749 §3.2',
    (token) => ({ refresh_token: [token, token] }),
    /^invalid_request$/,
  ),
  refusedRefresh(
    'D73',
    'a refresh with half the token',
    'CVE-2026-27840',
    (token) => ({ refresh_token: token.slice(0, 20) }),
    /^invalid_grant$/,
  ),
  refusedRefresh(
    'D73',
    'a refresh with the token and a letter',
    'CVE-2026-27840',
    (token) => ({ refresh_token: `${token}A` }),
    /^invalid_grant$/,
  ),
  refusedRefresh(
    'D73',
    'a refresh with the token in small letters',
    'CVE-2026-27840',
    (token) => ({
      refresh_token: token.toLowerCase(),
    }),
    /^invalid_grant$/,
  ),
  refusedRefresh(
    'D73',
    'a refresh with no token',
    'RFC 6749 §6',
    () => ({ refresh_token: undefined }),
    /^invalid_request$/,
  ),
  refusedRefresh(
    'D73',
    'a refresh by nobody',
    'RFC 6749 §6',
    () => ({ client_id: undefined }),
    /^invalid_(request|client)$/,
  ),
]

const grace = 20

const families: readonly Row[] = [
  {
    id: 'D72',
    name: 'ten refreshes at once for different scopes, at two processes, have one successor',
    source: 'CVE-2026-1035',
    note: 'Within the grace equal answers, never two families (docs/reference/settings.md, REFRESH_GRACE_SECONDS).',
    run: async (world) => {
      const { refresh_token: token } = await newTokens(world, { browser: world.browser })
      const { server, clientId } = world.grant
      const answered = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          requestTokens(index % 2 === 0 ? server : { token_endpoint: world.replica }, {
            grant_type: 'refresh_token',
            client_id: clientId,
            refresh_token: token,
            ...(index % 3 === 0 ? { scope: 'notes:read' } : {}),
          }),
        ),
      )
      expect(answered.filter(({ status }) => status !== 200)).toEqual([])
      expect(new Set(answered.map(({ tokens }) => tokens?.refresh_token)).size).toBe(1)
    },
  },
  {
    id: 'D78',
    name: 'a refresh whose answer was lost gets it again, until what it answered is used',
    source: 'RFC 9700 §4.14.2',
    note: 'A second use proves no theft while nobody has used the successor (docs/security/specification-choices.md, RFC 9700 §4.14).',
    run: async (world) => {
      const { refresh_token: token } = await newTokens(world, { browser: world.browser })
      const first = await refresh(world.grant, token)
      for (const later of [0, grace + 1, 86_400]) {
        world.server.advance(later)
        const again = await refresh(world.grant, token)
        expect(again.tokens?.refresh_token).toBe(first.tokens?.refresh_token)
      }
      await refresh(world.grant, first.tokens?.refresh_token ?? '')
      world.server.advance(grace + 1)
      expect((await refresh(world.grant, token)).error).toBe('invalid_grant')
    },
  },
  {
    id: 'D71',
    name: 'a thief with the old token gets the same successor as its client, and the second use of that one ends both',
    source: 'RFC 9700 §4.14.2',
    run: async (world) => {
      const { refresh_token: token } = await newTokens(world, { browser: world.browser })
      const thief = await refresh(world.grant, token)
      world.server.advance(grace + 1)
      const client = await refresh(world.grant, token)
      expect(client.tokens?.refresh_token).toBe(thief.tokens?.refresh_token)
      const next = await refresh(world.grant, thief.tokens?.refresh_token ?? '')
      world.server.advance(grace + 1)
      expect((await refresh(world.grant, client.tokens?.refresh_token ?? '')).error).toBe('invalid_grant')
      expect((await refresh(world.grant, next.tokens?.refresh_token ?? '')).error).toBe('invalid_grant')
    },
  },
  {
    id: 'D71',
    name: 'a thief who keeps one use behind its client is found out at the second turn',
    source: 'RFC 9700 §4.14.2',
    run: async (world) => {
      let { refresh_token: token } = await newTokens(world, { browser: world.browser })
      let turns = 0
      let answer = await refresh(world.grant, token)
      for (; answer.status === 200 && turns < 6; turns += 1) {
        world.server.advance(grace + 1)
        const behind = await refresh(world.grant, token)
        if (behind.status !== 200) break
        token = answer.tokens?.refresh_token ?? ''
        answer = await refresh(world.grant, token)
      }
      expect(turns).toBe(1)
      expect((await refresh(world.grant, answer.tokens?.refresh_token ?? '')).error).toBe('invalid_grant')
    },
  },
  {
    id: 'D71',
    name: 'a refresh token used again after the grace is refused, and the newest one ends',
    source: 'RFC 9700 §4.14.2, OWASP ASVS 10.4.5',
    run: async (world) => {
      const { refresh_token: token } = await newTokens(world, { browser: world.browser })
      const next = await refresh(world.grant, token)
      const newest = await refresh(world.grant, next.tokens?.refresh_token ?? '')
      world.server.advance(grace + 1)
      expect((await refresh(world.grant, token)).error).toBe('invalid_grant')
      expect((await refresh(world.grant, newest.tokens?.refresh_token ?? '')).error).toBe('invalid_grant')
    },
  },
  {
    id: 'D71',
    name: 'a used refresh token in the hands of another client ends nothing',
    source: 'workers-oauth-provider 0.9 (replay handled before the client was checked)',
    run: async (world) => {
      const { refresh_token: token } = await newTokens(world, { browser: world.browser })
      const next = await refresh(world.grant, token)
      world.server.advance(grace + 1)
      const { client_id: clientId } = await register(world.grant.server)
      expect((await refresh({ ...world.grant, clientId }, token)).error).toBe('invalid_grant')
      expect((await refresh(world.grant, next.tokens?.refresh_token ?? '')).status).toBe(200)
    },
  },
  {
    id: 'D75',
    name: 'a process that started later knows that a refresh token was used',
    source: 'CVE-2026-9802',
    run: async (world) => {
      const { refresh_token: token } = await newTokens(world, { browser: world.browser })
      const next = await refresh(world.grant, token)
      await refresh(world.grant, next.tokens?.refresh_token ?? '')
      world.server.advance(grace + 1)
      const later = {
        ...world.grant,
        server: { ...world.grant.server, token_endpoint: await world.server.startReplica() },
      }
      expect((await refresh(later, token)).error).toBe('invalid_grant')
      expect((await refresh(later, next.tokens?.refresh_token ?? '')).error).toBe('invalid_grant')
    },
  },
  ...(
    [
      ['its client gave it back', (world: TokenWorld, token: string) => revoke(world.grant, token)],
      [
        'its client was removed',
        async (world: TokenWorld, _token: string, clientId: string) => world.server.clients.remove(clientId),
      ],
      [
        'its grant was taken back',
        async ({ server }: TokenWorld, _token: string, clientId: string) =>
          server.storage.prisma.grant.deleteMany({ where: { clientId } }),
      ],
    ] as const
  ).map(
    ([why, end]): Row => ({
      id: 'D77',
      name: `a refresh token is over when ${why}`,
      source: 'RFC 9700 §4.14.2, RFC 7009 §2.1',
      note: 'Accounts that end: class 52. Signing out ends the session alone (test/authorization-server/logout.test.ts).',
      run: async (world) => {
        const { client_id: clientId } = await register(world.grant.server)
        const by = { ...world.grant, clientId }
        const { refresh_token: token } = await newTokens(world, { by, browser: world.browser })
        await end({ ...world, grant: by }, token, clientId)
        expect((await refresh(by, token)).error).toMatch(/^invalid_(grant|client)$/)
      },
    }),
  ),
  {
    id: 'D77',
    name: 'a sign-out leaves what was allowed',
    source: 'RFC 9700 §4.14.2',
    note: 'Decided otherwise than the catalogue: programs work on when a person signs out (test/authorization-server/logout.test.ts).',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const { refresh_token: token } = await newTokens(world, { browser })
      await browser.press(pageOf(await browser.open(`${world.server.issuer}/logout`)), 'Sign out')
      expect((await refresh(world.grant, token)).status).toBe(200)
    },
  },
  {
    id: 'D76',
    name: 'a chain of refresh tokens ends a year after its sign-in, however often it is used',
    source: 'OWASP ASVS 10.4.8',
    run: async (world) => {
      let { refresh_token: token = '' }: { refresh_token?: string | undefined } = await newTokens(world, {
        browser: world.browser,
      })
      let days = 0
      for (; token !== '' && days < 400; days += 28) {
        world.server.advance(28 * 86_400)
        const { tokens } = await refresh(world.grant, token)
        keepSecret(world, tokens)
        token = tokens?.refresh_token ?? ''
      }
      expect(days).toBeGreaterThan(300)
      expect(days).toBeLessThan(400)
    },
  },
]

/** Ends with what moves the clock by a year. */
export const attacks: readonly Row[] = [...bent, ...families]
