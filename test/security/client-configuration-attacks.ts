/** Group F, the rest: registration access tokens (RFC 7592), how often one may register, what is kept of it. */
import { expect } from '@jest/globals'
import { opens, register, sendRegistration } from '../authorization-server/registration-requests.js'
import { https, type Metadata, type Row, registered, web } from './registration-world.js'

const tokenRows: readonly Row[] = [
  {
    id: 'F98',
    name: 'registration access tokens in other places and spellings',
    source: 'RFC 7592 §3, RFC 6750 §2',
    run: async (world) => {
      const { url, token } = await registered(world)
      const tries: readonly (readonly [string, Record<string, string>])[] = [
        [`${url}?access_token=${token}`, {}],
        [url, { cookie: `access_token=${token}` }],
        [url, { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` }],
        [url, { authorization: `Bearer ${token}x` }],
        [url, { authorization: `Bearer ${token.slice(0, -1)}` }],
        [url, { authorization: `Bearer ${token.toUpperCase()}` }],
        [url, { authorization: `Bearer x, Bearer ${token}` }],
        [url, { 'x-access-token': token }],
      ]
      for (const [at, headers] of tries) {
        const { status } = await fetch(at, { headers })
        expect([at === url, headers, [400, 401].includes(status)]).toEqual([at === url, headers, true])
      }
    },
  },
  {
    id: 'F98',
    name: 'a registration access token reads, changes and deletes no other client',
    source: 'CVE-2026-9705, RFC 7592 §2',
    run: async (world) => {
      const victim = await registered(world, { ...web, client_name: 'Victim' })
      const url = (id: string) => `${world.server.issuer}/register/${id}`
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const mine = await registered(world)
        const body = method === 'PUT' ? { ...web, client_id: victim.id } : undefined
        const answer = await sendRegistration(method, url(victim.id), body, mine.token)
        expect([method, answer.status]).toEqual([method, 401])
      }
      for (const detour of ['..%2f', '../register/', '%2e%2e/register/', './']) {
        const mine = await registered(world)
        const answer = await fetch(url(`${mine.id}/${detour}${victim.id}`), {
          headers: { authorization: `Bearer ${mine.token}` },
        })
        expect([detour, answer.status >= 400]).toEqual([detour, true])
      }
      expect((await sendRegistration('GET', url(victim.id), undefined, victim.token)).body['client_name']).toBe(
        'Victim',
      )
    },
  },
  {
    id: 'F98',
    name: 'tokens of a client that is gone',
    source: 'CVE-2026-9705',
    run: async (world) => {
      const client = await registered(world)
      await world.server.clients.remove(client.id)
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await sendRegistration(
          method,
          client.url,
          method === 'PUT' ? { ...web, client_id: client.id } : undefined,
          client.token,
        )
        expect([method, answer.status]).toEqual([method, 401])
      }
      expect(await opens(world.server, client.id, https)).toBe(400)
    },
  },
  {
    id: 'F98',
    name: 'a registration access token is no access token, nor the other way round',
    source: 'CVE-2026-4282',
    run: async (world) => {
      const { token, id, url } = await registered(world)
      const headers = { authorization: `Bearer ${token}` }
      expect((await fetch(`${world.server.issuer}/userinfo`, { headers })).status).toBe(401)
      const grants = [
        { grant_type: 'refresh_token', refresh_token: token, client_id: id },
        {
          grant_type: 'authorization_code',
          code: token,
          client_id: id,
          redirect_uri: https,
          code_verifier: 'v'.repeat(50),
        },
        { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: token, client_id: id },
      ]
      for (const grant of grants) {
        const answer = await fetch(`${world.server.issuer}/token`, { method: 'POST', body: new URLSearchParams(grant) })
        expect([grant.grant_type, answer.status >= 400]).toEqual([grant.grant_type, true])
      }
      expect((await sendRegistration('GET', url, undefined, token)).status).toBe(200)
    },
  },
  {
    id: 'F99',
    name: 'an update is no way around what creation refuses',
    source: 'CVE-2026-15572',
    run: async (world) => {
      const { id, url, token } = await registered(world)
      const changes: readonly Metadata[] = [
        { redirect_uris: ['https://client.example@evil.example/cb'] },
        { ...web, grant_types: ['client_credentials'] },
        { ...web, client_name: 'Gate\u202ehouse' },
        { ...web, client_id: 'https://claude.ai/oauth/client.json' },
        {},
      ]
      for (const change of changes) {
        const answer = await sendRegistration('PUT', url, { client_id: id, ...change }, token)
        expect([change, answer.status]).toEqual([change, 400])
      }
      for (const method of ['POST', 'PATCH']) {
        const answer = await fetch(url, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: '{}',
        })
        expect([method, [404, 405].includes(answer.status)]).toEqual([method, true])
      }
      expect((await sendRegistration('GET', url, undefined, token)).status).toBe(200)
    },
  },
]

const limitRows: readonly Row[] = [
  {
    id: 'F97',
    name: 'more registrations than one address may make, whatever it calls itself',
    source: 'Auth0 limits, activepieces #15016, ASVS 4.1.3',
    run: async ({ limited, logLines }) => {
      const statuses = []
      let last = await register(limited, web)
      statuses.push(last.status)
      const claims = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'client-ip', 'true-client-ip', 'cf-connecting-ip']
      for (const header of claims) {
        const response = await fetch(`${limited.issuer}/register`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            [header]: header === 'forwarded' ? 'for=198.51.100.7' : '198.51.100.7',
          },
          body: JSON.stringify(web),
        })
        statuses.push(response.status)
      }
      last = await register(limited, web)
      expect([...statuses, last.status]).toEqual([201, 201, 201, 429, 429, 429, 429, 429])
      expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
      expect(logLines.join()).not.toContain('198.51.100.7')
    },
  },
  {
    id: 'F97',
    name: 'other spellings of the path share the limit',
    source: 'ASVS 4.1.3',
    run: async ({ limited }) => {
      for (const path of ['/register/', '/REGISTER', '/Register/', '/register?x=1', '/register//']) {
        const response = await fetch(`${limited.issuer}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(web),
        })
        expect([path, [404, 405, 429].includes(response.status)]).toEqual([path, true])
      }
    },
  },
  {
    id: 'F97',
    name: 'a secret is readable nowhere in the database, nor a registration token',
    source: 'ASVS 11.4, RFC 7591 §5',
    note: 'client_secret_expires_at is 0: unused registrations are removed instead (test/system/abandoned-registrations.test.ts)',
    run: async (world) => {
      const { id, secret, token } = await registered(world)
      expect(secret.length).toBeGreaterThanOrEqual(32)
      const rows = await world.server.storage.prisma.$queryRawUnsafe<{ text: string }[]>(
        'SELECT row_to_json(t)::text AS text FROM clients t UNION ALL SELECT row_to_json(a)::text FROM artifacts a',
      )
      const text = rows.map((row) => row.text).join()
      expect(text).toContain(id)
      expect(text.includes(secret) || text.includes(token)).toBe(false)
    },
  },
]

export const attacks: readonly Row[] = [...tokenRows, ...limitRows]
