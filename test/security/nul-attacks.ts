/** Group A, class 20: U+0000, which PostgreSQL cannot keep, in everything that a stranger can post. */
import { expect } from '@jest/globals'
import type { Row } from './authorization-world.js'
import { consentPage, fieldOf, post, postStep, signInPage } from './server-world.js'

function registration(endpoint: string | undefined, name: string): Promise<Response> {
  const value = 'https://client.example/\0'
  const metadata = { redirect_uris: ['https://client.example/cb'], [name]: name.endsWith('s') ? [value] : value }
  const headers = { 'content-type': 'application/json' }
  return fetch(endpoint ?? '', { method: 'POST', headers, body: JSON.stringify(metadata) })
}

export const attacks: readonly Row[] = [
  ...(['email', 'password', 'csrf'] as const).map(
    (name): Row => ({
      id: 'A20',
      name: `in ${name} of the sign-in form`,
      source: 'Logto c98403862a (PostgreSQL 22P05)',
      run: async (world) => {
        const browser = world.server.newBrowser()
        const page = await signInPage(world, browser)
        const fields = { csrf: fieldOf(page, 'csrf'), email: world.server.account.email, password: 'x' }
        const answer = await postStep(browser, page, 'sign-in', { ...fields, [name]: `${fields[name]}\0` })
        expect(answer.status).toBe(name === 'csrf' ? 403 : 401)
      },
    }),
  ),
  {
    id: 'A20',
    name: 'in the fields of the consent form: nothing of them is granted',
    source: 'Logto c98403862a (PostgreSQL 22P05)',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await consentPage(world, browser)
      const csrf = fieldOf(page, 'csrf')
      expect((await postStep(browser, page, 'consent', { csrf, decision: 'allow\0' })).status).toBe(400)
      const fields = { csrf, deliberate: '1', decision: 'allow', scope: ['notes:read\0', 'notes:read'], '\0': '\0' }
      expect((await postStep(browser, page, 'consent', { ...fields, seen: '\0' })).status).toBe(200)
      const seen = fieldOf(page, 'seen')
      expect((await postStep(browser, page, 'consent', { ...fields, seen })).status).toBe(303)
    },
  },
  ...[
    'redirect_uris',
    'jwks_uri',
    'application_type',
    'grant_types',
    'default_max_age',
    'post_logout_redirect_uris',
  ].map(
    (name): Row => ({
      id: 'A20',
      name: `in ${name} of a registration`,
      source: 'Logto c98403862a (PostgreSQL 22P05)',
      run: async ({ grant }) => {
        const response = await registration(grant.server.registration_endpoint, name)
        expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('"error":"invalid_')])
      },
    }),
  ),
  ...['contacts', 'client_uri', 'logo_uri', 'policy_uri', 'tos_uri'].map(
    (name): Row => ({
      id: 'A20',
      name: `in ${name} of a registration, which is only shown: left out`,
      source: 'Logto c98403862a (PostgreSQL 22P05), RFC 7591 §3.2.1',
      run: async ({ grant }) => {
        const response = await registration(grant.server.registration_endpoint, name)
        expect(response.status).toBe(201)
        expect(await response.json()).not.toHaveProperty(name)
      },
    }),
  ),
  ...[
    'token',
    'code',
    'code_verifier',
    'client_id',
    'client_secret',
    'device_code',
    'scope',
    'resource',
    'assertion',
  ].map(
    (name): Row => ({
      id: 'A20',
      name: `in ${name} at the token endpoint, in revocation and introspection`,
      source: 'Logto c98403862a (PostgreSQL 22P05)',
      run: async (world) => {
        for (const path of ['/token', '/revoke', '/introspect']) {
          for (const grantType of ['authorization_code', 'refresh_token', 'client_credentials']) {
            const fields = { grant_type: grantType, client_id: world.grant.clientId, token: 'x', code: 'x' }
            const { status, body } = await post(world, path, { ...fields, [name]: 'a\0b' })
            // Revocation answers 200 to what it does not know (RFC 7009 §2.2), introspection that it is not active.
            const isUnknown = status === 200 && path !== '/token' && !('error' in body) && body['active'] !== true
            expect([path, isUnknown || status === 400 || status === 401]).toEqual([path, true])
          }
        }
      },
    }),
  ),
  {
    id: 'A20',
    name: 'in the name of a parameter, where strangers may post',
    source: 'RFC 6749 appendix A',
    run: async (world) => {
      const fields = { grant_type: 'refresh_token', client_id: world.grant.clientId, refresh_token: 'x', 'x\0': 'y' }
      for (const path of ['/token', '/device/authorize', '/par']) {
        const { status, body } = await post(world, path, fields)
        expect([path, status, body['error_description']]).toEqual([path, 400, expect.stringContaining('U+0000')])
      }
    },
  },
  {
    id: 'A20',
    name: 'more parameters than a parser reads: none is judged here and left out there',
    source: 'RFC 6749 §3.1, CWE-235',
    run: async (world) => {
      const many = Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`x${index}`, '']))
      for (const path of ['/token', '/device/authorize', '/par', '/revoke', '/introspect']) {
        const { status, error } = await post(world, path, { ...many, client_id: world.grant.clientId, token: 'x' })
        expect([path, status, error]).toEqual([path, 400, 'invalid_request'])
      }
      const { authorization_endpoint: endpoint = '' } = world.grant.server
      expect((await fetch(`${endpoint}?${new URLSearchParams(many)}`)).status).toBe(400)
    },
  },
]
