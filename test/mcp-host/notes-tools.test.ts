import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Client } from '@modelcontextprotocol/client'
import { callTool, connect, eras, type McpTestServer, startMcpTestServer } from './mcp-test-server.js'

let server: McpTestServer
let client: Client
let user = ''
let users = 0

beforeAll(async () => {
  server = await startMcpTestServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  users += 1
  user = `user-${users}`
  client = await connect(server, await server.token(undefined, user))
})

async function create(title: string, body = '', by: Client = client): Promise<string> {
  const { data, problem } = await callTool(by, 'create_note', { title, body })
  expect(problem).toBeUndefined()
  return String(data['id'])
}

function titlesOf(data: Record<string, unknown>): unknown[] {
  const notes: unknown[] = Array.isArray(data['notes']) ? data['notes'] : []
  return notes.map((note) => (typeof note === 'object' && note !== null ? Reflect.get(note, 'title') : undefined))
}

describe.each(eras)('both protocol eras on one endpoint: %s', (era) => {
  it('lists the tools with their annotations', async () => {
    const { tools } = await (await connect(server, await server.token(), era)).listTools()
    expect(tools.map(({ name }) => name)).toEqual([
      'whoami',
      'list_notes',
      'search_notes',
      'read_note',
      'create_note',
      'update_note',
      'delete_note',
    ])
    expect(tools.at(-1)?.annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true })
    expect(tools[1]?.inputSchema).toMatchObject({ type: 'object', properties: { limit: { maximum: 100 } } })
  })

  it('writes, reads, changes, finds and deletes a note', async () => {
    const eraClient = await connect(server, await server.token(undefined, `crud-${era}`), era)
    const id = await create('Shopping', 'milk and bread', eraClient)
    expect((await callTool(eraClient, 'read_note', { id })).data).toMatchObject({
      title: 'Shopping',
      body: 'milk and bread',
    })
    await callTool(eraClient, 'update_note', { id, body: 'milk and honey' })
    expect((await callTool(eraClient, 'read_note', { id })).data).toMatchObject({
      title: 'Shopping',
      body: 'milk and honey',
    })
    expect(titlesOf((await callTool(eraClient, 'search_notes', { query: 'HONEY' })).data)).toEqual(['Shopping'])
    expect((await callTool(eraClient, 'delete_note', { id })).data).toEqual({ id, deleted: true })
    expect((await callTool(eraClient, 'read_note', { id })).problem).toMatch(/no note with this id/)
  })

  it('says who the token acts for', async () => {
    const token = await server.token('notes:read', 'somebody')
    expect((await callTool(await connect(server, token, era), 'whoami')).data).toMatchObject({
      subject: 'somebody',
      clientId: 'client-1',
      scopes: ['notes:read'],
      expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
  })
})

describe('notes belong to one person', () => {
  it('hides every note of another person, its existence too', async () => {
    const id = await create('mine', 'secret word')
    const other = await connect(server, await server.token(undefined, 'stranger'))
    expect(titlesOf((await callTool(other, 'list_notes')).data)).toEqual([])
    expect(titlesOf((await callTool(other, 'search_notes', { query: 'secret' })).data)).toEqual([])
    for (const [name, input] of [
      ['read_note', { id }],
      ['update_note', { id, title: 'stolen' }],
      ['delete_note', { id }],
    ] as const) {
      expect((await callTool(other, name, input)).problem).toMatch(/no note with this id/)
    }
    expect((await callTool(client, 'read_note', { id })).data).toMatchObject({ title: 'mine' })
  })

  it("does not leave its owner's notes by a stranger's cursor", async () => {
    for (const title of ['a', 'b', 'c']) await create(title)
    const { data } = await callTool(client, 'list_notes', { limit: 1 })
    const other = await connect(server, await server.token(undefined, 'stranger-2'))
    expect(titlesOf((await callTool(other, 'list_notes', { cursor: data['nextCursor'] })).data)).toEqual([])
  })

  it('tells a token without a person that notes need one, and lets it ask who it is', async () => {
    const machine = await connect(server, await server.token(undefined, 'client-1'))
    expect((await callTool(machine, 'list_notes')).problem).toMatch(/acts for a program/)
    expect((await callTool(machine, 'whoami')).data).not.toHaveProperty('subject')
  })
})

describe('pages', () => {
  it('lists every note once, newest change first', async () => {
    const titles = Array.from({ length: 7 }, (_, index) => `note ${index}`)
    for (const title of titles) await create(title)
    const seen: unknown[] = []
    let cursor: unknown
    do {
      const { data } = await callTool(client, 'list_notes', { limit: 3, ...(cursor !== undefined && { cursor }) })
      seen.push(...titlesOf(data))
      cursor = data['nextCursor']
    } while (cursor !== undefined)
    expect([...seen].sort()).toEqual(titles)
    expect(seen).toHaveLength(7)
  })

  it('has no further page when the last one is exactly full', async () => {
    for (const title of ['a', 'b']) await create(title)
    expect((await callTool(client, 'list_notes', { limit: 2 })).data).not.toHaveProperty('nextCursor')
  })

  it('pages through search results of equal rank without loss', async () => {
    for (let index = 0; index < 5; index += 1) await create(`apple ${index}`, 'same')
    const seen: unknown[] = []
    let cursor: unknown
    do {
      const request = { query: 'apple', limit: 2, ...(cursor !== undefined && { cursor }) }
      const { data } = await callTool(client, 'search_notes', request)
      seen.push(...titlesOf(data))
      cursor = data['nextCursor']
    } while (cursor !== undefined)
    expect(new Set(seen).size).toBe(5)
    expect(seen).toHaveLength(5)
  })

  it.each([
    '',
    'x',
    'bm90IGpzb24',
    Buffer.from('["list","a",1]').toString('base64url'),
    Buffer.from('["search",1,"a"]').toString('base64url'),
  ])('refuses the made-up cursor %p', async (cursor) => {
    expect((await callTool(client, 'list_notes', { cursor })).problem).toMatch(/cursor/)
  })
})

describe('search', () => {
  beforeEach(async () => {
    await create('Garden plan', 'Plant tomatoes in May. Water daily.')
    await create('Tomatoes', 'A recipe for soup with tomatoes.')
    await create('Straße nach Köln', 'Übung macht den Meister')
  })

  it.each([
    ['tomatoes', ['Tomatoes', 'Garden plan']],
    ['tomatoes soup', ['Tomatoes']],
    ['tomatoes -soup', ['Garden plan']],
    ['"water daily"', ['Garden plan']],
    ['soup OR water', expect.arrayContaining(['Tomatoes', 'Garden plan'])],
    ['Köln', ['Straße nach Köln']],
    ['nothing', []],
    ["'; DROP TABLE notes; --", []],
    ['& | ! ( ) :*', []],
  ])('%s finds %j', async (query, titles) => {
    expect(titlesOf((await callTool(client, 'search_notes', { query })).data)).toEqual(titles)
  })

  it('shows the words around the match', async () => {
    const { data } = await callTool(client, 'search_notes', { query: 'soup' })
    expect(data['notes']).toEqual([expect.objectContaining({ excerpt: expect.stringContaining('recipe for soup') })])
  })
})

describe('limits', () => {
  it('keeps a title of 200 characters and a body of 64 KiB', async () => {
    const body = 'ä'.repeat(32_768)
    const id = await create('t'.repeat(200), body)
    expect((await callTool(client, 'read_note', { id })).data).toMatchObject({ body })
  })

  it.each([
    ['an empty title', { title: '  ', body: '' }, /title/],
    ['a title of 201 characters', { title: 't'.repeat(201), body: '' }, /200 characters/],
    ['a body over 64 KiB', { title: 't', body: 'ä'.repeat(32_769) }, /65536 bytes/],
    ['U+0000 in the title', { title: 'a\0b', body: '' }, /U\+0000/],
    ['U+0000 in the body', { title: 't', body: '\0' }, /U\+0000/],
    ['no body', { title: 't' }, /body/],
    ['a body that is not text', { title: 't', body: 5 }, /body/],
  ])('refuses %s and says why', async (_name, input, reason) => {
    const problem = await callTool(client, 'create_note', input).then(
      (result) => result.problem,
      (error: unknown) => String(error),
    )
    expect(problem).toMatch(reason)
  })

  it('refuses a change that changes nothing', async () => {
    const id = await create('t')
    expect((await callTool(client, 'update_note', { id })).problem).toMatch(/new title/)
  })

  it('refuses more notes than one person may keep', async () => {
    const insert = `INSERT INTO notes (id, owner_id, title, body, updated_at)
      SELECT gen_random_uuid(), $1, 'n', '', now() FROM generate_series(1, 10000)`
    await server.database.sql.query({ name: 'fill', lane: 'write', text: insert }, [user])
    expect((await callTool(client, 'create_note', { title: 'one more', body: '' })).problem).toMatch(/10000 notes/)
  })

  it('takes any text as text', async () => {
    const title = `'; DROP TABLE notes; -- <b>\u202e 👩‍👩‍👧 \ud800`
    const id = await create(title, title)
    expect((await callTool(client, 'read_note', { id })).data).toMatchObject({
      title: title.replace('\ud800', '\ufffd'),
    })
  })
})

describe('failures inside a tool', () => {
  it('never show what went wrong inside', async () => {
    const broken = await startMcpTestServer()
    try {
      await broken.database.sql.query({ name: 'drop', lane: 'write', text: 'DROP TABLE notes' }, [])
      const failing = await connect(broken, await broken.token())
      const { problem } = await callTool(failing, 'list_notes')
      expect(problem).toBe('The notes service cannot do this right now. Try again in a moment.')
      expect(broken.logLines.join()).toContain('tool failed')
    } finally {
      await broken.close()
    }
  })
})
