/** Group D, classes 68 to 70: grants that do not exist, more than is allowed, and what a refusal tells. */
import { expect } from '@jest/globals'
import { decodeJwt } from 'jose'
import { redeem, register } from '../support/oauth-client.js'
import { type Changes, newCode, post } from './server-world.js'
import { expectRefusal, type Row } from './token-world.js'

const grants: readonly Row[] = [
  ...[
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'urn:ietf:params:oauth:grant-type:saml2-bearer',
    'urn:openid:params:grant-type:ciba',
    'AUTHORIZATION_CODE',
    'authorization_code ',
    'refresh_token\n',
    '__proto__',
    'hasOwnProperty',
    'client_credentials,password',
  ].map(
    (grantType): Row => ({
      id: 'D69',
      name: `the grant type ${JSON.stringify(grantType)} does not exist`,
      source: 'RFC 9700 §2.4, RFC 6749 §5.2',
      run: async (world) => {
        const { email, password } = world.server.account
        const fields = { grant_type: grantType, client_id: world.grant.clientId, username: email, password }
        expectRefusal(await post(world, '/token', fields), /^unsupported_grant_type$/)
      },
    }),
  ),
  ...(
    [
      ['no grant type', undefined],
      ['an empty grant type', ''],
      ['two grant types', ['client_credentials', 'refresh_token']],
    ] as const
  ).map(
    ([what, grantType]): Row => ({
      id: 'D69',
      name: `${what} is a wrong request`,
      source: 'RFC 6749 §5.2',
      run: async (world) => {
        const answer = await post(
          world,
          '/token',
          { grant_type: grantType },
          { authorization: world.machine.authorization },
        )
        expectRefusal(answer, /^(invalid_request|unsupported_grant_type)$/)
      },
    }),
  ),
  ...(
    [
      ['client_credentials', {}],
      ['urn:ietf:params:oauth:grant-type:device_code', { device_code: 'x' }],
      ['urn:ietf:params:oauth:grant-type:jwt-bearer', { assertion: 'x.y.z' }],
    ] as const
  ).map(
    ([grantType, fields]): Row => ({
      id: 'D68',
      name: `the grant ${grantType} is not for a client that was not made for it`,
      source: 'RFC 6749 §5.2, CVE-2026-79652',
      run: async (world) => {
        const request = { grant_type: grantType, client_id: world.grant.clientId, ...fields }
        expectRefusal(await post(world, '/token', request), /^(unauthorized_client|unsupported_grant_type)$/)
      },
    }),
  ),
  {
    id: 'D68',
    name: 'a refresh token is none for a client that did not register for it',
    source: 'RFC 6749 §5.2, CVE-2026-75866',
    run: async (world) => {
      const { client_id: clientId } = await register(world.grant.server, { grant_types: ['authorization_code'] })
      const by = { ...world.grant, clientId }
      const issued = await newCode(world, { by, browser: world.browser })
      const { tokens } = await redeem(by, issued.code, issued.codeVerifier)
      expect(tokens).not.toHaveProperty('refresh_token')
      const fields = { grant_type: 'refresh_token', client_id: clientId, refresh_token: 'x' }
      expectRefusal(await post(world, '/token', fields), /^unauthorized_client$/)
    },
  },
  ...(
    [
      // What is left empty means the default (RFC 6749 §3.3), as when it names none.
      ['a scope nobody has', { scope: 'admin' }, 'notes:read notes:write'],
      ['the scopes of a person', { scope: 'openid email offline_access' }, 'notes:read notes:write'],
      ['all scopes there are', { scope: 'notes:read notes:write notes:delete' }, 'notes:read notes:write notes:delete'],
      ['an unknown resource', { resource: 'https://evil.example/mcp' }, undefined],
      [
        'a person of its choice',
        { username: 'ada@example.com', sub: 'x', account_id: 'x', scope: 'notes:read' },
        'notes:read',
      ],
    ] as const
  ).map(
    ([what, fields, granted]): Row => ({
      id: 'D68',
      name: `a machine that asks for ${what} is itself and no more`,
      source: 'CVE-2024-52287, CVE-2026-75866',
      run: async (world) => {
        const { authorization } = world.machine
        const answer = await post(world, '/token', { grant_type: 'client_credentials', ...fields }, { authorization })
        if (granted === undefined && answer.status !== 200)
          return expectRefusal(answer, /^invalid_(scope|target|request)$/)
        expect(answer.body).not.toHaveProperty('refresh_token')
        expect(answer.body).not.toHaveProperty('id_token')
        const token = String(answer.body['access_token'])
        world.secrets.add(token)
        const claims = decodeJwt(token)
        expect([claims['scope'] ?? '', claims.sub, claims.aud]).toEqual([
          granted ?? '',
          world.machine.clientId,
          world.server.resource,
        ])
      },
    }),
  ),
]

/** Endpoints that programs read, and what each refuses. */
const refusals: readonly (readonly [string, string, Changes | string, Readonly<Record<string, string>>])[] = [
  ['/token', 'a wrong client', { grant_type: 'refresh_token', client_id: 'nobody' }, {}],
  ['/token', 'a wrong code', { grant_type: 'authorization_code', code: 'x' }, {}],
  ['/token', 'JSON', '{}', { 'content-type': 'application/json' }],
  ['/token', 'a body that is too long', { x: 'x'.repeat(70_000) }, {}],
  ['/par', 'a wrong client', { client_id: 'nobody' }, {}],
  ['/par', 'JSON', '{}', { 'content-type': 'application/json' }],
  ['/device/authorize', 'a wrong client', { client_id: 'nobody' }, {}],
  ['/revoke', 'no token', { client_id: 'nobody' }, {}],
  ['/revoke', 'JSON', '{}', { 'content-type': 'application/json' }],
  ['/introspect', 'nobody', { token: 'x' }, {}],
  ['/introspect', 'a wrong secret', { token: 'x' }, { authorization: 'Basic YTpi' }],
  ['/register', 'a form', { redirect_uris: 'https://client.example/' }, {}],
  ['/register', 'broken JSON', '{', { 'content-type': 'application/json' }],
  ['/register', 'no metadata', '{}', { 'content-type': 'application/json' }],
  ['/userinfo', 'no token', '', {}],
  ['/userinfo', 'a wrong token', '', { authorization: 'Bearer x' }],
  ['/revocations', 'nobody', {}, {}],
]

const answers: readonly Row[] = [
  ...refusals.map(
    ([path, what, fields, headers]): Row => ({
      id: 'D70',
      name: `${path} refuses ${what} in JSON that nobody keeps, sniffs or frames`,
      source: 'RFC 6749 §5.2, RFC 7591 §3.2.2, OWASP ASVS 14.3.2',
      run: async (world) => {
        const answer = await post(world, path, fields, headers)
        expectRefusal(answer, /^(invalid|unsupported|unauthorized)_\w+$/, [400, 401, 403, 413, 415])
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
        expect(JSON.stringify(answer.body)).not.toMatch(/\.[jt]s:\d|node_modules|postgres|SELECT|prisma/i)
        expect(String(answer.body['error_description'])).not.toMatch(/[^\x20-\x7e]|["\\]/)
      },
    }),
  ),
  {
    id: 'D70',
    name: 'tokens are in JSON that nobody keeps, and say their kind and time',
    source: 'RFC 6749 §5.1',
    run: async (world) => {
      const { authorization } = world.machine
      const answer = await post(world, '/token', { grant_type: 'client_credentials' }, { authorization })
      world.secrets.add(String(answer.body['access_token']))
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, expect.stringContaining('no-store')])
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
      expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 600 })
    },
  },
]

export const attacks: readonly Row[] = [...grants, ...answers]
