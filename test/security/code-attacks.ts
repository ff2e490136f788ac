/** Group D, classes 54 to 61: codes that were stolen, bent, sent twice or by others, and credentials where they do not belong. */
import { createHash } from 'node:crypto'
import { expect } from '@jest/globals'
import { startDevice } from '../support/device-client.js'
import { discoverServer, exchangeOf, redeem, refresh, register, requestTokens } from '../support/oauth-client.js'
import { authorizationUrl, newCode, newTokens, post } from './server-world.js'
import { expectRefusal, type Row, refusedExchange, type TokenWorld } from './token-world.js'

const verifiers: readonly Row[] = (
  [
    ['no code_verifier', () => undefined],
    ['an empty code_verifier', () => ''],
    [
      'the challenge for a code_verifier',
      (verifier: string) => createHash('sha256').update(verifier).digest('base64url'),
    ],
    ['the code_verifier in small letters', (verifier: string) => verifier.toLowerCase()],
    ['the code_verifier and a blank', (verifier: string) => `${verifier} `],
    ['the code_verifier and a line break', (verifier: string) => `${verifier}\n`],
    ['the code_verifier but its last letter', (verifier: string) => verifier.slice(0, -1)],
    ['the code_verifier twice', (verifier: string) => [verifier, verifier]],
    ['the code_verifier after a wrong one', (verifier: string) => ['x'.repeat(43), verifier]],
    ['a code_verifier of 42 letters', () => 'x'.repeat(42)],
    ['a code_verifier of 129 letters', () => 'x'.repeat(129)],
    ['a code_verifier of other letters', () => `${'x'.repeat(42)}\u00e9`],
  ] as const
).map(([name, bend]) =>
  refusedExchange('D54', name, 'RFC 7636 §4.6, CVE-2025-4144, CVE-2023-48228', ({ codeVerifier }) => ({
    code_verifier: bend(codeVerifier),
  })),
)

const redirects: readonly Row[] = (
  [
    ['another port', 'http://127.0.0.1:41574/callback'],
    ['another path', 'http://127.0.0.1:41573/callback/'],
    ['localhost', 'http://localhost:41573/callback'],
    ['a query', 'http://127.0.0.1:41573/callback?x'],
    ['a fragment', 'http://127.0.0.1:41573/callback#'],
    ['another case', 'HTTP://127.0.0.1:41573/callback'],
    ['a blank', 'http://127.0.0.1:41573/callback '],
    ['another site', 'https://evil.example/callback'],
    ['nothing', ''],
    ['none', undefined],
  ] as const
).map(([what, redirectUri]) =>
  refusedExchange('D58', `redirect_uri with ${what}`, 'RFC 6749 §4.1.3', () => ({ redirect_uri: redirectUri })),
)

const clients: readonly Row[] = [
  refusedExchange('D57', 'the code of somebody else', 'CVE-2026-16089, CVE-2026-55672', async (_code, { grant }) => ({
    client_id: (await register(grant.server)).client_id,
  })),
  refusedExchange(
    'D57',
    'a client that is a secret’s owner elsewhere',
    'RFC 6749 §4.1.3',
    (_code, { machine }) => ({
      client_id: machine.clientId,
      client_secret: machine.clientSecret,
    }),
    /^(invalid_grant|unauthorized_client)$/,
  ),
  refusedExchange(
    'D57',
    'no client',
    'RFC 6749 §3.2.1',
    () => ({ client_id: undefined }),
    /^invalid_(request|client)$/,
  ),
  refusedExchange('D57', 'an unknown client', 'RFC 6749 §5.2', () => ({ client_id: 'nobody' }), /^invalid_client$/),
  refusedExchange(
    'D57',
    'a secret of a client that has none',
    'RFC 6749 §2.3',
    (_code, { grant }) => ({ client_id: [grant.clientId, 'nobody'], client_secret: 'x' }),
    /^invalid_(request|client)$/,
  ),
  {
    id: 'D57',
    name: 'a code that was used, sent by another client, ends nothing of the honest one',
    source: 'workers-oauth-provider 0.9 (replay handled before the client was checked)',
    run: async (world) => {
      const issued = await newCode(world, { browser: world.browser })
      const { tokens } = await redeem(world.grant, issued.code, issued.codeVerifier)
      const { client_id: clientId } = await register(world.grant.server)
      expectRefusal(
        await post(world, '/token', { ...exchangeOf(world.grant, issued), client_id: clientId }),
        /^invalid_grant$/,
      )
      expect((await refresh(world.grant, tokens?.refresh_token ?? '')).status).toBe(200)
    },
  },
  refusedExchange(
    'D59',
    'an unknown resource',
    'RFC 8707 §2.2, workers-oauth-provider 0.8.3',
    () => ({ resource: 'https://evil.example/mcp' }),
    /^invalid_target$/,
  ),
  refusedExchange(
    'D59',
    'the resource and an unknown one',
    'RFC 8707 §2.2',
    (_code, { grant }) => ({
      resource: [grant.resource, 'https://evil.example/mcp'],
    }),
    /^invalid_(target|request)$/,
  ),
  refusedExchange('D59', 'a resource that is a path', 'RFC 8707 §2', () => ({ resource: '/mcp' }), /^invalid_target$/),
  ...['grant_type', 'client_id', 'code', 'redirect_uri'].map((name) =>
    refusedExchange('D61', `${name} twice`, 'RFC 6749 §3.2', (issued, world) => {
      const value = exchangeOf(world.grant, issued)[name] ?? ''
      return { [name]: [value, value] }
    }),
  ),
  ...(
    [
      ['but its last letter', (code: string) => code.slice(0, -1)],
      ['but its first letter', (code: string) => code.slice(1)],
      ['and a letter', (code: string) => `${code}A`],
      ['and a blank', (code: string) => `${code} `],
      ['in small letters', (code: string) => code.toLowerCase()],
      ['and U+0000', (code: string) => `${code}\0`],
      ['percent-encoded once more', (code: string) => `%${code.charCodeAt(0).toString(16)}${code.slice(1)}`],
      ['hashed, as it is stored', (code: string) => createHash('sha256').update(code).digest('base64url')],
      ['hashed in hexadecimal', (code: string) => createHash('sha256').update(code).digest('hex')],
    ] as const
  ).map(([what, bend]) =>
    refusedExchange('D61', `the code ${what}`, 'CVE-2026-27840', ({ code }) => ({ code: bend(code) })),
  ),
]

/** Credentials of every kind, where they do not belong. */
const kinds: Readonly<Record<string, (world: TokenWorld) => Promise<string>>> = {
  'a refresh token': async (world) => (await newTokens(world, { browser: world.browser })).refresh_token,
  'an access token': async (world) => (await newTokens(world, { browser: world.browser })).access_token,
  'an ID token': async (world) =>
    (await newTokens(world, { browser: world.browser, scope: 'openid notes:read' })).id_token ?? '',
  'a code': async (world) => (await newCode(world, { browser: world.browser })).code,
  'a device code': async (world) => {
    const { client_id: clientId } = await register(world.grant.server, {
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    })
    return (await startDevice({ ...world.grant, clientId })).device_code
  },
  'a registration access token': async ({ grant }) =>
    String((await register(grant.server))['registration_access_token']),
  'a pushed request': async (world) => {
    const parameters = Object.fromEntries(new URL(authorizationUrl(world)).searchParams)
    return String((await post(world, '/par', parameters)).body['request_uri'])
  },
  'the cookie of a session': async ({ browser, server }) =>
    /gatehouse_session\w*=([^;]+)/.exec(browser.cookies.header(new URL(server.issuer)) ?? '')?.[1] ?? '',
  'the id of a sign-in': async (world) => {
    const started = await fetch(authorizationUrl(world), { redirect: 'manual' })
    return started.headers.get('location')?.split('/').at(-1) ?? ''
  },
}

const places: Readonly<Record<string, (value: string) => Record<string, string>>> = {
  'a code': (code) => ({ grant_type: 'authorization_code', code, code_verifier: 'x'.repeat(43) }),
  'a refresh token': (value) => ({ grant_type: 'refresh_token', refresh_token: value }),
  'a device code': (value) => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: value,
  }),
}

const confusions: readonly Row[] = Object.entries(kinds).map(
  ([kind, make]): Row => ({
    id: 'D60',
    name: `${kind} is none of the other credentials`,
    source: 'CVE-2026-4282 (one store for all kinds)',
    run: async (world) => {
      const value = await make(world)
      expect(value.length).toBeGreaterThan(20)
      world.secrets.add(value)
      const redirectUri = world.grant.redirectUri
      const device = await register(world.grant.server, {
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      })
      for (const [place, parameters] of Object.entries(places)) {
        for (const clientId of [world.grant.clientId, device.client_id]) {
          if (place === kind && clientId === world.grant.clientId) continue
          if (place === 'a device code' && clientId === world.grant.clientId) continue
          const answer = await post(world, '/token', {
            client_id: clientId,
            redirect_uri: redirectUri,
            ...parameters(value),
          })
          expectRefusal(answer, /^invalid_grant$/)
        }
      }
      const userinfo = await fetch(`${world.server.issuer}/userinfo`, { headers: { authorization: `Bearer ${value}` } })
      // A token for tools is a token, and its scope does not reach userinfo (RFC 6750 §3.1).
      expect(userinfo.status).toBe(kind === 'an access token' ? 403 : 401)
    },
  }),
)

const repetitions: readonly Row[] = [
  {
    id: 'D55',
    name: 'a code used again is refused, and what it was exchanged for ends',
    source: 'RFC 9700 §4.2.4, OWASP ASVS 10.4.2',
    run: async (world) => {
      const issued = await newCode(world, { browser: world.browser, scope: 'openid notes:read' })
      const { tokens } = await redeem(world.grant, issued.code, issued.codeVerifier)
      const next = await refresh(world.grant, tokens?.refresh_token ?? '')
      expect(next.status).toBe(200)
      expect((await redeem(world.grant, issued.code, issued.codeVerifier)).error).toBe('invalid_grant')
      for (const token of [tokens?.refresh_token, next.tokens?.refresh_token])
        expect((await refresh(world.grant, token ?? '')).error).toBe('invalid_grant')
    },
  },
  {
    id: 'D55',
    name: 'a code used again with a wrong verifier ends nothing',
    source: 'RFC 9700 §4.2.4',
    note: 'Who has the code without its verifier is not its client; the engine checks that before it calls it a replay.',
    run: async (world) => {
      const issued = await newCode(world, { browser: world.browser })
      const { tokens } = await redeem(world.grant, issued.code, issued.codeVerifier)
      expect((await redeem(world.grant, issued.code, 'x'.repeat(43))).error).toBe('invalid_grant')
      expect((await refresh(world.grant, tokens?.refresh_token ?? '')).status).toBe(200)
    },
  },
  {
    id: 'D56',
    name: 'of sixteen redemptions at two processes one is answered with tokens',
    source: 'CVE-2026-47386, Abblix #187',
    run: async (world) => {
      const issued = await newCode(world, { browser: world.browser })
      const { server } = world.grant
      const endpoints = [server, { token_endpoint: world.replica }]
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          requestTokens(endpoints[index % 2] ?? server, exchangeOf(world.grant, issued)),
        ),
      )
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
      expect(answers.filter(({ error }) => error === 'invalid_grant')).toHaveLength(15)
    },
  },
  {
    id: 'D56',
    name: 'the metadata names one token endpoint, whichever process is asked',
    source: 'RFC 8414 §2',
    run: async ({ server, grant, replica }) => {
      expect((await discoverServer(server.issuer)).token_endpoint).toBe(grant.server.token_endpoint)
      const elsewhere = await fetch(replica.replace(/token$/, '.well-known/oauth-authorization-server'))
      expect(await elsewhere.json()).toMatchObject({ issuer: server.issuer, token_endpoint: `${server.issuer}/token` })
    },
  },
]

export const attacks: readonly Row[] = [...verifiers, ...redirects, ...clients, ...confusions, ...repetitions]
