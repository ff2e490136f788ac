/** Group H: tokens in places where none belong, twice, or in other spellings. */
import { expect } from '@jest/globals'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { sendRaw } from '../http/raw-request.js'
import { toolCall } from '../mcp-host/mcp-test-server.js'
import { goodToken, type Row, whoami } from './resource-world.js'

export const attacks: readonly Row[] = [
  {
    id: 'H115',
    name: 'no token, or another scheme: a challenge without an error',
    source: 'RFC 6750 §3.1, MCP, workers-oauth-provider fdba134',
    run: async ({ server }) => {
      for (const authorization of [
        undefined,
        'Basic dXNlcjpwYXNz',
        'Digest username="x"',
        'Negotiate YII=',
        'NTLM x',
        'Token x',
        'MAC x',
        'Bearerx y',
        'AWS4-HMAC-SHA256 x',
      ]) {
        const answer = await server.post(whoami, undefined, authorization === undefined ? {} : { authorization })
        const challenge = parseChallenge(answer.headers.get('www-authenticate') ?? '')
        expect([authorization, answer.status, challenge?.scheme, challenge?.parameters['error']]).toEqual([
          authorization,
          401,
          'Bearer',
          undefined,
        ])
        expect(challenge?.parameters).toHaveProperty('scope')
      }
    },
  },
  {
    id: 'H115',
    name: 'a malformed, doubled or joined Authorization header',
    source: 'RFC 6750 §3.1, RFC 9110 §11.6.2',
    run: async (world) => {
      const { server } = world
      const token = await goodToken(world)
      for (const authorization of [
        'Bearer',
        'Bearer ',
        `Bearer ${token}, Bearer ${token}`,
        `Bearer ${token},`,
        `Bearer ${token} x`,
        `Bearer "${token}"`,
        `Bearer=${token}`,
        `Bearer: ${token}`,
        token,
        `Bearer ${token}\u00e9`,
        `Bearer token=${token}`,
        `Basic x, Bearer ${token}`,
      ]) {
        const { status } = await server.post(whoami, undefined, { authorization })
        expect([authorization.replaceAll(token, 'T'), [400, 401].includes(status)]).toEqual([
          authorization.replaceAll(token, 'T'),
          true,
        ])
      }
      const { host, port } = new URL(server.url)
      const body = JSON.stringify(whoami)
      const head = [
        `Host: ${host}`,
        'Content-Type: application/json',
        'Accept: application/json, text/event-stream',
        `Content-Length: ${body.length}`,
      ]
      const bearer = `Authorization: Bearer ${token}`
      for (const twice of [
        [bearer, 'Authorization: Bearer x'],
        [bearer, bearer],
        ['Authorization: Bearer x', bearer],
        ['Authorization: Basic x', bearer],
      ]) {
        const { status } = await sendRaw(Number(port), [...head, ...twice], '/mcp', body)
        // Another server on the way may read the other one.
        expect(status).toBe(400)
      }
      expect((await sendRaw(Number(port), [...head, bearer], '/mcp', body)).status).toBe(200)
    },
  },
  {
    id: 'H124',
    name: 'a good token in every other place',
    source: 'MCP (MUST NOT), RFC 9700 §4.3.2, RFC 6750 §2',
    run: async (world) => {
      const { server } = world
      const token = await goodToken(world)
      const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
      const tries: readonly (readonly [string, string, Record<string, string>, string])[] = [
        ['query', `?access_token=${token}`, json, JSON.stringify(whoami)],
        [
          'query of another name',
          `?token=${token}&bearer=${token}&authorization=Bearer%20${token}`,
          json,
          JSON.stringify(whoami),
        ],
        ['form', '', { 'content-type': 'application/x-www-form-urlencoded' }, `access_token=${token}`],
        [
          'body',
          '',
          json,
          JSON.stringify({ ...whoami, access_token: token, _meta: { authorization: `Bearer ${token}` } }),
        ],
        [
          'cookie',
          '',
          { ...json, cookie: `access_token=${token}; Authorization=Bearer ${token}` },
          JSON.stringify(whoami),
        ],
        ['proxy', '', { ...json, 'proxy-authorization': `Bearer ${token}` }, JSON.stringify(whoami)],
        [
          'forwarded',
          '',
          { ...json, 'x-forwarded-authorization': `Bearer ${token}`, 'x-original-authorization': `Bearer ${token}` },
          JSON.stringify(whoami),
        ],
        [
          'other headers',
          '',
          { ...json, 'x-access-token': token, 'x-api-key': token, 'x-auth-token': token, 'mcp-session-id': token },
          JSON.stringify(whoami),
        ],
        ['protocol', '', { ...json, 'sec-websocket-protocol': `bearer, ${token}` }, JSON.stringify(whoami)],
      ]
      for (const [place, query, headers, body] of tries) {
        const { status } = await fetch(`${server.url}${query}`, { method: 'POST', headers, body })
        expect([place, status]).toEqual([place, 401])
      }
    },
  },
  {
    id: 'H125',
    name: 'identity asserted by headers that proxies use',
    source: 'RFC 9700 §4.13, ASVS 4.1.3',
    run: async (world) => {
      const { server } = world
      const headers = {
        'x-forwarded-user': 'root',
        'x-remote-user': 'root',
        'remote-user': 'root',
        'x-user-id': 'root',
        'x-auth-request-email': 'root@example.com',
        'x-gatehouse-forwarder': 'x',
        'x-scopes': 'notes:delete',
        'x-http-method-override': 'GET',
      }
      expect((await server.post(whoami, undefined, headers)).status).toBe(401)
      const narrow = await goodToken(world, 'notes:read', 'user-9')
      expect((await server.post(toolCall('delete_note', { id: 'x' }), narrow, headers)).status).toBe(403)
      expect(await (await server.post(whoami, narrow, headers)).text()).not.toContain('root')
    },
  },
]
