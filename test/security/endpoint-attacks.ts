/** Group H: other paths, methods, hosts and origins, and a token that is passed on. */
import { request } from 'node:http'
import { expect } from '@jest/globals'
import { sendRaw } from '../http/raw-request.js'
import { toolCall } from '../mcp-host/mcp-test-server.js'
import { goodToken, planted, type Row, whoami } from './resource-world.js'

const json = ['Content-Type: application/json', 'Accept: application/json, text/event-stream']

export const attacks: readonly Row[] = [
  {
    id: 'H130',
    name: 'other spellings of the endpoint’s path, without a token',
    source: 'CVE-2026-32871, ASVS 4.1.3',
    run: async ({ server }) => {
      const { host, port } = new URL(server.url)
      const body = JSON.stringify(toolCall('create_note', planted))
      const head = [`Host: ${host}`, ...json, `Content-Length: ${body.length}`]
      for (const path of [
        '/mcp',
        '/mcp/',
        '/MCP',
        '//mcp',
        '/mcp//',
        '/./mcp',
        '/x/../mcp',
        '/mcp/.',
        '/mcp/..',
        '/mcp%2f',
        '/%6dcp',
        '/mcp;x=1',
        '/mcp/..;/',
        '/mcp?',
        '/mcp#x',
        '/mcp%00',
        '/mcp\\',
        '/mcp/sse',
        '/sse',
        '/message',
        '/messages',
        '/mcp.json',
        '/health/../mcp',
        '/assets/../mcp',
        '/.well-known/../mcp',
        `http://${host}/mcp`,
      ]) {
        const { status } = await sendRaw(Number(port), head, path, body)
        expect([path, [400, 401, 404].includes(status)]).toEqual([path, true])
      }
    },
  },
  {
    id: 'H130',
    name: 'other methods, with and without a token',
    source: 'workers-oauth-provider 0.9, RFC 9110 §9',
    run: async (world) => {
      const { url } = world.server
      const authorization = `Bearer ${await goodToken(world)}`
      for (const method of ['PUT', 'PATCH', 'DELETE', 'HEAD', 'REPORT', 'PROPFIND', 'LOCK', 'QUERY']) {
        expect([method, (await fetch(url, { method })).status]).toEqual([method, 401])
        const { status } = await fetch(url, { method, headers: { authorization } })
        expect([method, [400, 404, 405].includes(status)]).toEqual([method, true])
      }
      // One that fetch does not send.
      const traced = (headers: Readonly<Record<string, string>>) =>
        new Promise<number | undefined>((resolve, reject) => {
          const asked = request(url, { method: 'TRACE', headers }, (answer) => {
            answer.resume()
            resolve(answer.statusCode)
          })
          asked.once('error', reject).end()
        })
      expect([await traced({}), await traced({ authorization })]).toEqual([401, 405])
    },
  },
  {
    id: 'H131',
    name: 'hosts that this server does not have (DNS rebinding)',
    source: 'CVE-2025-66414',
    run: async (world) => {
      const { port } = new URL(world.server.url)
      const body = JSON.stringify(whoami)
      const bearer = `Authorization: Bearer ${await goodToken(world)}`
      for (const host of [
        'evil.example',
        `evil.example:${port}`,
        `localhost:${port}`,
        '127.0.0.1',
        '127.0.0.1:1',
        `127.0.0.1.evil.example:${port}`,
        `evil.example@127.0.0.1:${port}`,
        `[::1]:${port}`,
        `127.0.0.1:${port}.`,
        `127.1:${port}`,
        '',
      ]) {
        const { status } = await sendRaw(
          Number(port),
          [`Host: ${host}`, ...json, `X-Forwarded-Host: 127.0.0.1:${port}`, bearer, `Content-Length: ${body.length}`],
          '/mcp',
          body,
        )
        expect([host, [400, 421].includes(status)]).toEqual([host, true])
      }
    },
  },
  {
    id: 'H131',
    name: 'pages of origins that are not on the list',
    source: 'CVE-2025-66414, MCP transports',
    run: async (world) => {
      const { server } = world
      const token = await goodToken(world)
      const { port } = new URL(server.url)
      for (const origin of [
        'https://evil.example',
        'null',
        'http://evil.example',
        `http://127.0.0.1.evil.example:${port}`,
        `http://evil.example:${port}`,
        'chrome-extension://x',
        'file://',
        `${server.origin}.evil.example`,
        `http://evil@127.0.0.1:${port}`,
        'https://localhost.evil.example',
        'http://localhost@evil.example',
        'data:',
        `${server.origin} https://evil.example`,
      ]) {
        expect([origin, (await server.post(whoami, token, { origin })).status]).toEqual([origin, 403])
      }
    },
  },
  {
    id: 'H133',
    name: 'the token in a tool’s result, an error, a header or a request to somebody else',
    source: 'MCP token passthrough',
    run: async (world) => {
      const { server } = world
      const token = await goodToken(world)
      const [, , signature = ''] = token.split('.')
      const tools = [
        'whoami',
        'list_notes',
        'search_notes',
        'read_note',
        'create_note',
        'update_note',
        'delete_note',
        'x',
      ]
      for (const name of tools) {
        const answer = await server.post(toolCall(name, { id: 'x', query: 'x', ...planted }), token)
        const told = `${JSON.stringify([...answer.headers])}${await answer.text()}`
        expect([name, told.includes(signature)]).toEqual([name, false])
      }
      // The issuer is asked for its documents alone.
      expect([...server.issuer.hits.keys()].toSorted()).toEqual(['/.well-known/oauth-authorization-server', '/jwks'])
    },
  },
]
