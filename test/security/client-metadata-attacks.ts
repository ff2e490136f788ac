/** Group F: members of client metadata. What is refused word by word stands in `refused-metadata.ts`. */
import { expect } from '@jest/globals'
import { opens, register } from '../authorization-server/registration-requests.js'
import { readJson } from '../authorization-server/server.js'
import { https, type Id, type Metadata, type Row, refused, registered, web } from './registration-world.js'

/** Registers, and expects that nothing of `members` was taken over. */
function ignored(id: Id, name: string, source: string, members: Metadata, note?: string): Row {
  return {
    id,
    name,
    source,
    ...(note === undefined ? {} : { note }),
    run: async ({ server }) => {
      const { status, body } = await register(server, { ...web, ...members })
      expect(status).toBe(201)
      for (const [member, value] of Object.entries(members)) expect(body[member]).not.toEqual(value)
      const stored = JSON.stringify(await server.clients.find(String(body['client_id'])))
      for (const member of Object.keys(members).filter((key) => !key.startsWith('client_') && key !== 'scope'))
        expect(stored).not.toContain(`"${member}"`)
    },
  }
}

/** Makes a client without what was asked for beyond its due. */
const leftOut = (id: Id, name: string, source: string, asked: readonly Metadata[]): Row => ({
  id,
  name,
  source,
  note: 'left out, not refused: clients in the field ask for all they know (docs/evidence/clients.md)',
  run: async ({ server }) => {
    for (const members of asked) {
      const { status, body } = await register(server, { ...web, ...members })
      const given = [body['grant_types'], body['response_types']].flat()
      const beyond = given.filter((one) => !['authorization_code', 'refresh_token', 'code'].includes(String(one)))
      expect([members, status, beyond]).toEqual([members, 201, []])
    }
  },
})

const key = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}

const withKeys = (...keys: readonly object[]) => ({
  ...web,
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys },
})

export const attacks: readonly Row[] = [
  refused('F95', 'private and symmetric keys', 'RFC 7517 §9, ASVS 13.3', [
    withKeys({ ...key, d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI' }),
    withKeys(key, { ...key, d: '' }),
    withKeys({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', d: 'x' }),
    withKeys({ kty: 'RSA', n: 'n', e: 'AQAB', d: 'd', p: 'p', q: 'q' }),
    withKeys({ kty: 'oct', k: 'c2VjcmV0' }),
    withKeys({ kty: 'oct', k: '' }),
    { ...withKeys(key), jwks_uri: 'https://client.example/jwks' },
  ]),
  refused('F95', 'grants that are not for whoever registers itself', 'OAuth 2.1 §4, CVE-2024-52287', [
    { ...web, grant_types: ['password'] },
    { ...web, grant_types: [''] },
    { ...web, grant_types: ['implicit'], response_types: ['token'] },
    { ...web, grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange'] },
    { ...web, grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer'] },
    { ...web, grant_types: ['urn:ietf:params:oauth:grant-type:saml2-bearer'] },
    { ...web, grant_types: ['urn:openid:params:grant-type:ciba'] },
    { ...web, grant_types: ['AUTHORIZATION_CODE'] },
  ]),
  refused('F95', 'algorithms that prove nothing', 'RFC 8725 §3.1, RFC 7591 §3.2.2', [
    { ...web, id_token_signed_response_alg: 'none' },
    { ...web, id_token_signed_response_alg: 'None' },
    { ...web, id_token_signed_response_alg: 'HS1' },
    {
      ...web,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key] },
      token_endpoint_auth_signing_alg: 'none',
    },
    {
      ...web,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key] },
      token_endpoint_auth_signing_alg: 'HS256',
    },
  ]),
  refused('F95', 'ways to authenticate that nobody checks here', 'RFC 7591 §2', [
    { ...web, token_endpoint_auth_method: 'tls_client_auth' },
    { ...web, token_endpoint_auth_method: 'self_signed_tls_client_auth' },
    { ...web, token_endpoint_auth_method: 'None' },
    { ...web, token_endpoint_auth_method: 'client_secret_basic ' },
    { ...web, token_endpoint_auth_method: '__proto__' },
    { ...web, token_endpoint_auth_method: 'constructor' },
    { ...web, token_endpoint_auth_method: 'private_key_jwt' },
  ]),
  leftOut('F95', 'grants of others beside one’s own', 'OAuth 2.1 §4, CVE-2024-52287', [
    { grant_types: ['authorization_code', 'implicit', 'refresh_token'], response_types: ['code', 'code id_token'] },
    { grant_types: ['authorization_code', 'password', 'refresh_token'], response_types: ['token', 'code'] },
    { grant_types: ['authorization_code', 'client_credentials', 'refresh_token'] },
    { grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer', 'authorization_code'] },
    { grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], token_endpoint_auth_method: 'none' },
  ]),
  ignored(
    'F95',
    'a scope of one’s own choice',
    'CVE-2026-22752',
    { scope: 'admin notes:delete *' },
    'ignored, not refused: a registered scope would make step-up impossible (docs/security/specification-choices.md)',
  ),
  ignored('F96', 'an id, a secret and an age of one’s own choice', 'ASVS 10.4.7', {
    client_id: 'chosen-by-me',
    client_secret: 'chosen-by-me',
    client_id_issued_at: 1,
    registration_access_token: 'chosen-by-me',
    registration_client_uri: 'https://evil.example/',
  }),
  ignored('F96', 'rights that only operators give', 'ASVS 10.4.7, CVE-2026-52870', {
    introspects: 'http://localhost:4000/mcp',
    made_by_operator: true,
    demands_auth_method: 'none',
    is_admin: true,
    trusted: true,
    first_party: true,
    skip_consent: true,
    role: 'admin',
    enabled: true,
  }),
  {
    id: 'F96',
    name: 'the id of a client that exists',
    source: 'ASVS 10.4.7',
    run: async (world) => {
      const victim = await registered(world)
      const evil = 'https://evil.example/cb'
      const { body } = await register(world.server, { redirect_uris: [evil], client_id: victim.id })
      expect(body['client_id']).not.toBe(victim.id)
      expect(await opens(world.server, victim.id, evil)).toBe(400)
      expect(await opens(world.server, victim.id, https)).toBe(200)
    },
  },
  {
    id: 'F96',
    name: 'members of every object there is',
    source: 'CWE-1321, CVE-2026-21710',
    run: async ({ server }) => {
      for (const member of [
        '__proto__',
        'constructor',
        'prototype',
        'toString',
        'hasOwnProperty',
        '__defineGetter__',
      ]) {
        for (const value of ['{"polluted":true}', '{"prototype":{"polluted":true}}', '"x"', 'null', '["polluted"]']) {
          const { status } = await register(
            server,
            `{"${member}":${value},"redirect_uris":["${https}"],"jwks":{"${member}":${value},"keys":[]}}`,
          )
          expect([201, 400]).toContain(status)
          expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
        }
      }
    },
  },
  {
    id: 'F94',
    name: 'addresses inside the network, in every member that is one',
    source: 'CVE-2026-1180, CVE-2026-22752, Keycloak #50529',
    run: async ({ server, fetched }) => {
      const places = [
        'https://127.0.0.1:1/x',
        'https://169.254.169.254/latest/meta-data',
        'https://localhost/x',
        'https://[::1]/x',
      ]
      const names = [
        'client_uri',
        'logo_uri',
        'policy_uri',
        'tos_uri',
        'jwks_uri',
        'initiate_login_uri',
        'sector_identifier_uri',
        'backchannel_logout_uri',
        'backchannel_client_notification_endpoint',
      ]
      for (const name of names) {
        for (const place of places) {
          const { status } = await register(server, { ...web, [name]: place })
          expect([name, place, [201, 400].includes(status)]).toEqual([name, place, true])
        }
      }
      // Registration is no way to make the server ask anybody anything.
      expect(fetched).toEqual([])
    },
  },
  refused('F100', 'a client without a secret that wants to act on its own', 'RFC 6749 §4.4', [
    { ...web, token_endpoint_auth_method: 'none', grant_types: ['client_credentials'] },
    { redirect_uris: [], token_endpoint_auth_method: 'none', grant_types: ['client_credentials'], response_types: [] },
  ]),
  {
    id: 'F100',
    name: 'a client that registered itself asks for a token of its own',
    source: 'RFC 6749 §4.4, CVE-2024-52287',
    run: async (world) => {
      const { id, secret } = await registered(world)
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: id,
        client_secret: secret,
        resource: world.server.resource,
      })
      const answer = await fetch(`${world.server.issuer}/token`, { method: 'POST', body })
      expect([answer.status, (await readJson(answer))['error']]).toEqual([400, 'unauthorized_client'])
    },
  },
]
