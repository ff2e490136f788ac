/** Attacks on the MCP endpoint: calls dressed up so that the guard and the SDK might read two things, and cursors made by hand. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { callTool, connect, type McpTestServer, startMcpTestServer, toolCall } from './mcp-test-server.js'

let server: McpTestServer
beforeAll(async () => {
  server = await startMcpTestServer()
})
afterAll(() => server.close())

const note = '{"title":"planted","body":"x"}'
const planted = `"params":{"name":"create_note","arguments":${note}}`

describe('A call without the scope it needs', () => {
  it.each<[string, string]>([
    ['behind another method', `{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call",${planted}}`],
    [
      'behind another name',
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","name":"create_note","arguments":${note}}}`,
    ],
    [
      'before another name',
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_note","name":"whoami","arguments":${note}}}`,
    ],
    ['with an escaped method', `{"jsonrpc":"2.0","id":1,"method":"tools\\u002fcall",${planted}}`],
    ['with a method that only looks alike', `{"jsonrpc":"2.0","id":1,"method":"Tools/Call ",${planted}}`],
    ['in a batch', JSON.stringify([toolCall('whoami'), toolCall('create_note', { title: 'planted', body: 'x' }, 2)])],
    ['in a batch in a batch', JSON.stringify([[toolCall('create_note', { title: 'planted', body: 'x' })]])],
    ['by position', `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["create_note",${note}]}`],
    [
      'by a name that is a list',
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":["create_note"],"arguments":${note}}}`,
    ],
    [
      'through __proto__',
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"__proto__":{"name":"create_note"},"arguments":${note}}}`,
    ],
  ])('%s writes nothing', async (_how, body) => {
    for (const type of ['application/json', 'application/json; charset=utf-16', 'text/plain']) {
      const token = await server.token('notes:read')
      const answer = await server.post(body, token, { 'content-type': type })
      expect(answer.status).toBeLessThan(500)
      await answer.text()
    }
    const client = await connect(server, await server.token('notes:read'))
    expect((await callTool(client, 'list_notes')).data).toEqual({ notes: [] })
    await client.close()
  })
})

describe('Cursors made by hand', () => {
  const cursor = (position: readonly unknown[]) => Buffer.from(JSON.stringify(position)).toString('base64url')

  it.each<[string, readonly unknown[]]>([
    ['list_notes', ['list', 1, 'a\0b']],
    ['list_notes', ['list', 9e15, 'a']],
    ['list_notes', ['list', 1, "' OR owner_id <> '"]],
    ['search_notes', ['search', 1e300, 'a']],
    ['search_notes', ['search', 1e-300, 'a']],
    ['search_notes', ['search', 0.5, 'a\0b']],
  ])('%s calls %j a wrong cursor, not a failure', async (tool, position) => {
    const client = await connect(server, await server.token())
    const input = { cursor: cursor(position), ...(tool === 'search_notes' && { query: 'x' }) }
    expect((await callTool(client, tool, input)).problem).toContain('This cursor is not valid here')
    await client.close()
  })

  it('reach no note of another person', async () => {
    const owner = await connect(server, await server.token(undefined, 'owner'))
    for (const title of ['one', 'two']) await callTool(owner, 'create_note', { title, body: 'secret' })
    const { nextCursor } = (await callTool(owner, 'list_notes', { limit: 1 })).data
    const stranger = await connect(server, await server.token(undefined, 'stranger'))
    expect((await callTool(stranger, 'list_notes', { cursor: nextCursor })).data).toEqual({ notes: [] })
    await Promise.all([owner.close(), stranger.close()])
  })
})
