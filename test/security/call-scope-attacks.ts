/** Group H: calls that a good token does not cover: scopes, proofs of possession, other people’s notes. */
import { expect } from '@jest/globals'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { callTool, connect, type McpTestServer, toolCall } from '../mcp-host/mcp-test-server.js'
import { createDpopKey } from '../support/dpop-key.js'
import { planted, type Row, whoami } from './resource-world.js'

/** Notes of a person, as that person sees them. */
async function notesOf(server: McpTestServer, user: string): Promise<string> {
  return (await server.post(toolCall('list_notes'), await server.token(undefined, user))).text()
}

const scopeRows: readonly Row[] = [
  {
    id: 'H123',
    name: 'scopes that only look like the one that is needed',
    source: 'RFC 6749 §3.3, RFC 6750 §3.1',
    run: async ({ server }) => {
      for (const scope of [
        'notes:readall',
        'NOTES:READ',
        'notes:rea',
        'notes:*',
        '*',
        'notes',
        'notes:read,notes:write',
        'notes:read;',
        'xnotes:read',
        'notes\u003aread\u200b',
        'notes:read\u0000',
        'admin root',
        'offline_access openid',
        '["notes:read"]',
        'notes:write:x',
        'delete notes',
      ]) {
        const answer = await server.post(toolCall('list_notes'), await server.token(scope))
        const {
          error,
          scope: asked,
          resource_metadata: metadata,
        } = parseChallenge(answer.headers.get('www-authenticate') ?? '')?.parameters ?? {}
        expect([scope, answer.status, error]).toEqual([scope, 403, 'insufficient_scope'])
        expect(asked?.split(' ')).toContain('notes:read')
        expect(metadata).toContain('/.well-known/oauth-protected-resource')
      }
    },
  },
  {
    id: 'H123',
    name: 'a call whose headers say something else than its body',
    source: 'MCP 2026-07-28 (header mirroring), Obot 0.21.1',
    run: async ({ server }) => {
      const token = await server.token('notes:read', 'mirror')
      for (const name of ['whoami', 'list_notes', 'create_note', 'x', '']) {
        for (const method of ['tools/call', 'tools/list', 'ping', '']) {
          const headers = { 'mcp-method': method, 'mcp-name': name, 'mcp-protocol-version': '2026-07-28' }
          const { status } = await server.post(toolCall('create_note', planted), token, headers)
          expect([method, name, [400, 403].includes(status)]).toEqual([method, name, true])
        }
      }
      expect(await notesOf(server, 'mirror')).not.toContain('planted')
    },
  },
  {
    id: 'H123',
    name: 'a tool beyond the scope, called in every envelope',
    source: 'Obot 0.21.1, Langflow CVE-2026-7663',
    run: async ({ server }) => {
      const token = await server.token('notes:read', 'envelope')
      const call = toolCall('create_note', planted)
      const bodies: readonly unknown[] = [
        [call],
        [toolCall('whoami'), call],
        [[call]],
        { ...call, id: null },
        { ...call, id: undefined },
        { ...call, jsonrpc: '1.0' },
        { ...call, method: 'tools/call\u0000' },
        { ...call, method: ['tools/call'] },
        { ...call, params: { name: 'create_note\u0000', arguments: planted } },
        { ...call, params: { name: 'CREATE_NOTE', arguments: planted } },
        { ...call, params: { name: 'create_note ', arguments: planted } },
        { ...call, params: { task: {}, name: 'create_note', arguments: planted } },
        { jsonrpc: '2.0', id: 1, method: 'tasks/result', params: { taskId: '1' } },
        { jsonrpc: '2.0', id: 1, method: 'tasks/list', params: {} },
        { jsonrpc: '2.0', id: 1, result: { content: [] } },
        { 0: call, length: 1 },
      ]
      for (const body of bodies) expect((await server.post(body, token)).status).toBeLessThan(500)
      expect(await notesOf(server, 'envelope')).not.toContain('planted')
    },
  },
  {
    id: 'H123',
    name: 'the scope of one person used on the notes of another',
    source: 'ASVS 8.2.2, CVE-2026-52870',
    run: async ({ server }) => {
      const owner = await connect(server, await server.token(undefined, 'note-owner'))
      const { id } = (await callTool(owner, 'create_note', { title: 'mine', body: 'private' })).data
      await owner.close()
      for (const subject of ['stranger', 'note-owner ', 'NOTE-OWNER', 'note-owner/../x', '%', "' OR '1'='1"]) {
        const token = await server.token(undefined, subject)
        for (const name of ['read_note', 'update_note', 'delete_note']) {
          expect((await server.post(toolCall(name, { id: `${id}\0`, ...planted }), token)).status).toBeLessThan(500)
          const answer = await server.post(toolCall(name, { id, ...planted }), token)
          const text = await answer.text()
          expect([subject, name, answer.status < 500, text.includes('private')]).toEqual([subject, name, true, false])
        }
      }
      expect(await notesOf(server, 'note-owner')).toContain('mine')
    },
  },
]

const bindingRows: readonly Row[] = [
  {
    id: 'H126',
    name: 'a bound token as a plain one, and a plain one as bound',
    source: 'RFC 9449 §7.1, §7.2',
    run: async ({ server, secrets }) => {
      const key = await createDpopKey()
      const bound = await server.token(undefined, 'user-1', { cnf: { jkt: key.thumbprint } })
      const proof = await key.prove({ url: server.url, token: bound })
      secrets.add(bound).add(proof)
      expect((await server.post(whoami, bound)).status).toBe(401)
      expect((await server.post(whoami, bound, { dpop: proof })).status).toBe(401)
      const plain = await server.token()
      const ofPlain = await key.prove({ url: server.url, token: plain })
      expect((await server.post(whoami, undefined, { authorization: `DPoP ${plain}`, dpop: ofPlain })).status).toBe(401)
      expect((await server.post(whoami, undefined, { authorization: `DPoP ${bound}`, dpop: proof })).status).toBe(200)
      expect((await server.post(whoami, undefined, { authorization: `DPoP ${bound}`, dpop: proof })).status).toBe(401)
    },
  },
  {
    id: 'H126',
    name: 'one proof, twenty requests at the same moment',
    source: 'RFC 9449 §11.1',
    run: async ({ server }) => {
      const key = await createDpopKey()
      const token = await server.token(undefined, 'user-1', { cnf: { jkt: key.thumbprint } })
      const headers = { authorization: `DPoP ${token}`, dpop: await key.prove({ url: server.url, token }) }
      const answers = await Promise.all(Array.from({ length: 20 }, () => server.post(whoami, undefined, headers)))
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 19 }, () => 401)])
    },
  },
]

export const attacks: readonly Row[] = [...scopeRows, ...bindingRows]
