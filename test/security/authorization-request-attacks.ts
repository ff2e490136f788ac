/** Group A, classes 7 to 15: what else an attacker writes into an authorization request. */
import { createServer } from 'node:net'
import { expect } from '@jest/globals'
import { consent, signIn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { listenOn } from '../support/opened.js'
import { ask, atClient, onPage, type Row } from './authorization-world.js'
import { answerAt, authorizationUrl, type Changes, expectErrorPage, post } from './server-world.js'

const noChallenge = { code_challenge: undefined, code_challenge_method: undefined }
/** All that a client sends which relies on `nonce` in place of PKCE (OpenID Connect Core §3.1.2.1). */
const signInAlone = { ...noChallenge, scope: 'openid', nonce: 'n', resource: undefined }

/** A secret of the client does not bind the code to the browser that asked: PKCE is for clients that authenticate too. */
const provingClients: readonly Row[] = [
  ...(
    [
      ['for the resource', noChallenge],
      ['to sign in, with nonce', signInAlone],
    ] as const
  ).flatMap(([what, changes]) => {
    const name = `no PKCE ${what}, by a client that authenticates`
    const source = 'OAuth 2.1 §7.5.1, RFC 9700 §2.1.1'
    return [
      atClient('A7', `${name}: the operator’s, with a secret`, source, changes, 'invalid_request', 'secretHolder'),
      atClient('A7', `${name}: the operator’s, with a key`, source, changes, 'invalid_request', 'keyHolder'),
      // A website that nobody vouches for: the error stays with us (RFC 9700 §4.11.2).
      onPage('A7', `${name}: one that registered itself, with a secret`, source, changes, 'registeredSecretHolder'),
    ]
  }),
  ...(
    [
      ['for the resource', { ...noChallenge, nonce: 'n' }],
      ['for the resource by default', { ...noChallenge, nonce: 'n', resource: undefined }],
      ['for the resource and to sign in', { ...noChallenge, nonce: 'n', scope: 'openid notes:read' }],
      ['to sign in, with the resource named', { ...noChallenge, nonce: 'n', scope: 'openid' }],
      ['to sign in, without nonce', { ...signInAlone, nonce: undefined }],
    ] as const
  ).map(([what, changes]) =>
    atClient(
      'A7',
      `no PKCE ${what}, by the client that may sign in without`,
      'MCP authorization, Authorization Code Protection; OAuth 2.1 §7.5.1',
      changes,
      'invalid_request',
      'excepted',
    ),
  ),
  {
    id: 'A7',
    name: 'no PKCE in a pushed request: only the excepted client’s, to sign in alone',
    source: 'RFC 9126 §2.1, OAuth 2.1 §7.5.1',
    run: async (world) => {
      const push = async (by: 'secretHolder' | 'excepted', changes: Changes) => {
        const { searchParams } = new URL(authorizationUrl(world, changes, world[by]))
        const { authorization } = world[by]
        const { status, error } = await post(world, '/par', Object.fromEntries(searchParams), { authorization })
        return [status, error]
      }
      const refused = [400, 'invalid_request']
      for (const changes of [noChallenge, signInAlone]) expect(await push('secretHolder', changes)).toEqual(refused)
      expect(await push('excepted', noChallenge)).toEqual(refused)
      expect(await push('excepted', signInAlone)).toEqual([201, undefined])
      expect(await push('secretHolder', {})).toEqual([201, undefined])
    },
  },
]

const errors: readonly Row[] = [
  ...(
    [
      ['no code_challenge', { code_challenge: undefined, code_challenge_method: undefined }],
      ['a method without code_challenge', { code_challenge: undefined }],
      ['an empty code_challenge', { code_challenge: '' }],
      ['the method plain', { code_challenge_method: 'plain' }],
      ['no method', { code_challenge_method: undefined }],
      ['an empty method', { code_challenge_method: '' }],
      ['the method s256', { code_challenge_method: 's256' }],
      ['the method S512', { code_challenge_method: 'S512' }],
      ['a code_challenge of 42 characters', { code_challenge: 'x'.repeat(42) }],
      ['a code_challenge of 129 characters', { code_challenge: 'x'.repeat(129) }],
      ['a code_challenge with a blank', { code_challenge: `${'x'.repeat(42)} ` }],
    ] as const
  ).map(([what, changes]) =>
    atClient('A7', `PKCE with ${what}`, 'RFC 9700 §4.8.2, CVE-2025-4144, CVE-2024-23647', changes, 'invalid_request'),
  ),
  ...['token', 'id_token', 'none', 'code id_token', 'code token', 'id_token token', 'CODE'].map((responseType) =>
    atClient(
      'A8',
      `response_type ${responseType}`,
      'RFC 9700 §2.1.2',
      { response_type: responseType, nonce: 'n' },
      'unsupported_response_type',
    ),
  ),
  atClient('A8', 'an empty response_type', 'RFC 6749 §3.1.1', { response_type: '' }, 'invalid_request'),
  atClient(
    'A8',
    'response_mode jwt',
    'OAuth Multiple Response Types §2.1',
    { response_mode: 'jwt' },
    /^(unsupported_response_mode|invalid_request)$/,
  ),
  atClient(
    'A8',
    'response_mode web_message',
    'OAuth Multiple Response Types §2.1',
    { response_mode: 'web_message' },
    /^(unsupported_response_mode|invalid_request)$/,
  ),
  ...['state', 'scope', 'nonce', 'response_type', 'code_challenge', 'code_challenge_method', 'prompt', 'max_age'].map(
    // Without `openid` in its scope a request may carry what it likes of OpenID Connect: that is ignored.
    (name) =>
      atClient('A10', `${name} twice`, 'RFC 6749 §3.1', { scope: 'openid', [name]: ['1', '2'] }, 'invalid_request'),
  ),
  atClient(
    'A12',
    'prompt=none without a session',
    'OpenID Connect Core §3.1.2.6',
    { prompt: 'none' },
    'login_required',
  ),
  atClient('A12', 'prompt=none login', 'OpenID Connect Core §3.1.2.1', { prompt: 'none login' }, 'invalid_request'),
  atClient('A12', 'an unknown prompt', 'OpenID Connect Core §3.1.2.1', { prompt: 'x' }, 'invalid_request'),
  atClient(
    'A12',
    'a negative max_age',
    'OpenID Connect Core §3.1.2.1',
    { scope: 'openid', max_age: '-1' },
    'invalid_request',
  ),
  atClient(
    'A12',
    'a max_age that is no number',
    'OpenID Connect Core §3.1.2.1',
    { scope: 'openid', max_age: '1h' },
    'invalid_request',
  ),
  atClient(
    'A12',
    'a made-up id_token_hint',
    'OpenID Connect Core §3.1.2.2',
    { scope: 'openid', id_token_hint: 'x.y.z' },
    'invalid_request',
  ),
  atClient(
    'A12',
    'an id_token_hint without signature',
    'RFC 8725 §3.1',
    { scope: 'openid', id_token_hint: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' },
    'invalid_request',
  ),
  ...[
    ['that is unknown', 'https://other.example/mcp'],
    ['that is relative', '/mcp'],
    ['with a fragment', 'http://localhost:4000/mcp#x'],
    ['with a query', 'http://localhost:4000/mcp?x'],
    ['with a user', 'http://u@localhost:4000/mcp'],
    ['below the real one', 'http://localhost:4000/mcp/deeper'],
    ['that begins like the real one', 'http://localhost:4000/mcpx'],
    ['of another scheme', 'https://localhost:4000/mcp'],
    ['that is the issuer', 'http://localhost/'],
    ['that is a script', 'javascript:alert(1)'],
  ].map(([what, resource]) => atClient('A14', `a resource ${what}`, 'RFC 8707 §2', { resource }, 'invalid_target')),
  atClient(
    'A14',
    'two resources, one of them unknown',
    'RFC 8707 §2',
    { resource: ['http://localhost:4000/mcp', 'https://evil.example/'] },
    'invalid_target',
  ),
  ...[
    ['a bell', 'notes:read\u0007'],
    ['a quotation mark', 'notes:read "x"'],
    ['a backslash', 'notes:read \\x'],
    ['a letter beyond ASCII', 'notes:r\u00e9ad'],
    ['a line break', 'notes:read\nnotes:delete'],
    ['a tab', 'notes:read\tnotes:delete'],
  ].map(([what, scope]) => atClient('A15', `a scope with ${what}`, 'RFC 6749 §3.3', { scope }, 'invalid_scope')),
]

const outbound: readonly Row[] = [
  ...(
    [
      ['request_uri', (url: string) => ({ request_uri: `${url}/request` })],
      ['request_uri in other letters', (url: string) => ({ request_uri: `HTTP${url.slice(4)}/request` })],
      ['request_uri of a URN nobody pushed', () => ({ request_uri: 'urn:ietf:params:oauth:request_uri:made-up' })],
      ['request without signature', () => ({ request: 'eyJhbGciOiJub25lIn0.eyJjbGllbnRfaWQiOiJ3ZWJzaXRlIn0.' })],
      ['request and request_uri', (url: string) => ({ request: 'x.y.z', request_uri: url })],
      [
        'registration',
        (url: string) => ({ scope: 'openid', registration: JSON.stringify({ jwks_uri: url, logo_uri: url }) }),
      ],
    ] as const
  ).map(
    ([name, changes]): Row => ({
      id: 'A11',
      name: `${name}: refused, and nobody is dialled`,
      source: 'RFC 9101 §10.4, CVE-2026-4366',
      run: async (world) => {
        let connections = 0
        const listener = createServer((socket) => {
          connections += 1
          socket.destroy()
        })
        const url = `http://127.0.0.1:${await listenOn(listener)}`
        const response = await ask(world, changes(url), 'website')
        const answer = new URLSearchParams((response.headers.get('location') ?? '?').split('?')[1])
        if (response.status === 303)
          expect(answer.get('error')).toMatch(/^(request|request_uri|registration)_not_supported$|^invalid_request/)
        else expect(response.status).toBe(400)
        expect(connections).toBe(0)
      },
    }),
  ),
  {
    id: 'A11',
    name: 'a pushed request is for the client that pushed it, and for one authorization',
    source: 'RFC 9126 §2.2, §7.3',
    run: async (world) => {
      const { website, server } = world
      const { searchParams } = new URL(authorizationUrl(world, {}, website))
      const pushed = await post(world, '/par', Object.fromEntries(searchParams))
      expect(pushed.status).toBe(201)
      const requestUri = String(pushed.body['request_uri'])
      const bare = (clientId: string) =>
        `${website.server.authorization_endpoint}?${new URLSearchParams({ client_id: clientId, request_uri: requestUri })}`
      await expectErrorPage(
        await fetch(bare(world.grant.clientId), { redirect: 'manual', headers: { accept: 'text/html' } }),
      )
      const browser = server.newBrowser()
      const page = pageOf(await browser.open(bare('website')))
      const allowed = await consent(browser, pageOf(await signIn(browser, page, server.account)))
      expect(answerAt(allowed, website.redirectUri)['code']).toEqual(expect.any(String))
      const again = await server.newBrowser().open(bare('website'))
      if ('left' in again) expect(new URL(again.left).searchParams.get('code')).toBeNull()
      else expect(again.page.status).toBe(400)
    },
  },
]

export const attacks: readonly Row[] = [...errors, ...provingClients, ...outbound]
