/** Group G: what is done with documents that were read: addresses in them, keys, changes, many at once. */
import { expect } from '@jest/globals'
import { readJson, resource } from '../authorization-server/server.js'
import { consent, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { eventually } from '../support/eventually.js'
import { redeem, requestTokens, startAuthorization } from '../support/oauth-client.js'
import { open, publish, type Row, redirectUri } from './document-world.js'

const pathOf = (url: string) => new URL(url).pathname

export const attacks: readonly Row[] = [
  {
    id: 'G111',
    name: 'addresses inside a document: none is asked, none is dialled',
    source: 'Keycloak #50529, CIMD §6',
    run: async (world) => {
      const { host, server, metadata } = world
      const members = ['logo_uri', 'client_uri', 'policy_uri', 'tos_uri', 'sector_identifier_uri', 'initiate_login_uri']
      const changes = Object.fromEntries(members.map((name) => [name, `${host.origin}/member-${name}`]))
      const clientId = publish(world, {}, changes)
      const grant = { server: metadata, clientId, redirectUri, resource }
      const started = startAuthorization(metadata, { ...grant, scope: 'notes:read' })
      const browser = server.newBrowser()
      const page = pageOf(await signIn(browser, pageOf(await browser.open(started.url)), server.account))
      expect(isConsentPage(page)).toBe(true)
      const arrival = await consent(browser, page)
      if (!('left' in arrival)) throw new Error('no redirect')
      const { tokens } = await redeem(grant, new URL(arrival.left).searchParams.get('code') ?? '', started.codeVerifier)
      expect(tokens?.access_token).toBeDefined()
      expect(members.flatMap((name) => host.requests(`/member-${name}`))).toEqual([])
      expect(host.requests(pathOf(clientId))).toHaveLength(1)
    },
  },
  {
    id: 'G111',
    name: 'keys in private places are not fetched, whoever the document says made it, and the client is told to come again',
    source: 'CVE-2026-1180, CIMD §6',
    run: async (world) => {
      const { host, metadata, names, server } = world
      names.set('private-keys.example', ['10.0.0.1'])
      const places = [
        'https://private-keys.example/jwks',
        'https://169.254.169.254/jwks',
        'https://[::1]/jwks',
        'https://localhost.localdomain./jwks',
        // This host, by an address that is neither public nor loopback: whoever dials it arrives.
        `https://0.0.0.0:${new URL(host.origin).port}/jwks`,
      ]
      for (const place of places) {
        for (const claim of [{}, { made_by_operator: true, introspects: resource, demands_auth_method: 'none' }]) {
          const keys = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: place, ...claim }
          const clientId = publish(world, {}, keys)
          await open(server, clientId)
          const before = host.connections()
          const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
          const now = Math.floor(Date.now() / 1_000)
          const assertion = `${part({ alg: 'ES256', kid: 'x' })}.${part({ iss: clientId, sub: clientId, aud: metadata.issuer, exp: now + 60, iat: now, jti: clientId })}.x`
          const answer = await requestTokens(metadata, {
            grant_type: 'refresh_token',
            refresh_token: 'x',
            client_id: clientId,
            client_assertion: assertion,
            client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          })
          expect([place, claim, [400, 401, 503].includes(answer.status)]).toEqual([place, claim, true])
          expect([place, claim, host.connections() - before]).toEqual([place, claim, 0])
        }
      }
    },
  },
  {
    id: 'G108',
    name: 'thirty hosts that never answer, named from one address: a dozen are asked, and everybody else is served meanwhile',
    source: 'ASVS 16.5, fault plan F18',
    run: async (world) => {
      const { host, server } = world
      const identifiers = Array.from({ length: 12 }, () => publish(world, { hangs: true }))
      let answered = 0
      const waiting = identifiers.map(async (clientId) => {
        const { status } = await open(server, clientId)
        answered += 1
        return status
      })
      await eventually(async () => identifiers.every((clientId) => host.requests(pathOf(clientId)).length > 0))
      const further = Array.from({ length: 18 }, () => publish(world, { hangs: true }))
      const refused = await Promise.all(further.map(async (clientId) => (await open(server, clientId)).status))
      expect(new Set(refused)).toEqual(new Set([400]))
      expect(further.flatMap((clientId) => host.requests(pathOf(clientId)))).toEqual([])
      const [jwks, unknown, registered] = await Promise.all([
        fetch(`${server.issuer}/jwks`),
        requestTokens(
          { token_endpoint: `${server.issuer}/token` },
          { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'nobody' },
        ),
        fetch(`${server.issuer}/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ redirect_uris: [redirectUri] }),
        }),
      ])
      expect([jwks.status, unknown.status, registered.status]).toEqual([200, 401, 201])
      expect(answered).toBe(0)
      host.release()
      expect(new Set(await Promise.all(waiting))).toEqual(new Set([400]))
      // And the room is free again.
      expect(isSignInPage(await open(server, publish(world)))).toBe(true)
    },
  },
  {
    id: 'G112',
    name: 'a document that fails, asked for forty times by every endpoint',
    source: 'CIMD §4.4',
    run: async (world) => {
      const { host, server, metadata } = world
      const clientId = publish(world, { status: 500 })
      for (let round = 0; round < 10; round += 1) {
        await Promise.all([
          open(server, clientId),
          requestTokens(metadata, { grant_type: 'refresh_token', refresh_token: 'x', client_id: clientId }),
          fetch(`${server.issuer}/par`, {
            method: 'POST',
            body: new URLSearchParams({ client_id: clientId, response_type: 'code' }),
          }),
          fetch(`${server.issuer}/revoke`, {
            method: 'POST',
            body: new URLSearchParams({ client_id: clientId, token: 'x' }),
          }),
        ])
      }
      expect(host.requests(pathOf(clientId))).toHaveLength(1)
    },
  },
  {
    id: 'G112',
    name: 'what a host sends along is not kept, sent back or believed',
    source: 'CIMD §6, RFC 9111',
    run: async (world) => {
      const { host, server } = world
      const headers = {
        'set-cookie': 'a=b',
        etag: '"x\u00e9"',
        'cache-control': 'max-age=1',
        'strict-transport-security': 'max-age=0',
        'clear-site-data': '"*"',
        'www-authenticate': 'Basic',
      }
      const clientId = publish(world, { headers })
      const page = await open(server, clientId)
      expect(isSignInPage(page)).toBe(true)
      expect([page.headers.get('clear-site-data'), page.headers.get('www-authenticate')]).toEqual([null, null])
      const [request] = host.requests(pathOf(clientId))
      expect(
        Object.keys(request ?? {}).filter((name) => /cookie|authorization|referer|forwarded|origin/.test(name)),
      ).toEqual([])
    },
  },
  {
    id: 'G109',
    name: 'a client by URL asks for what only registered ones may',
    source: 'CIMD §4.1, CVE-2024-52287',
    run: async (world) => {
      const { metadata, server } = world
      const clientId = publish(world, {}, { introspects: resource, made_by_operator: true, is_admin: true })
      const machine = await requestTokens(metadata, { grant_type: 'client_credentials', client_id: clientId, resource })
      expect([machine.status >= 400, machine.tokens]).toEqual([true, undefined])
      const introspected = await fetch(`${server.issuer}/introspect`, {
        method: 'POST',
        body: new URLSearchParams({ token: 'x', client_id: clientId }),
      })
      expect(await readJson(introspected)).toEqual({ active: false })
    },
  },
]
