/** An MCP server of the operator's own in the declaration file, in the words of the consent page. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { declaredResourceOf } from '../../src/declarations/declaration-file.js'
import { notesResource } from '../../src/notes/notes-resource.js'
import { runCli } from '../cli/terminal.js'
import { freePort } from '../support/free-port.js'
import { discoverServer, type Grant, newGrant, obtainTokens, type Tokens } from '../support/oauth-client.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type Stack, startStack } from '../support/stack.js'
import { read } from './reading.js'

const readTickets = {
  ...{ name: 'tickets:read', title: 'Read your tickets', description: 'See all tickets of your team.' },
  ...{ default: true, read_only: true },
}
const answer = {
  ...{ name: 'tickets:answer', title: 'Answer tickets', description: 'Write answers in your name.' },
  includes: ['tickets:read'],
}
const manage = {
  ...{ name: 'tickets:manage', title: 'Manage tickets', description: 'Give tickets to other people.' },
  includes: ['tickets:answer'],
}
const remove = { name: 'tickets:delete', title: 'Delete tickets', description: 'For good.', destructive: true }
const tool = { name: 'answer_ticket', title: 'Answer a ticket', scopes: ['tickets:answer'] }
const described = (scopes: readonly { readonly name: string }[]) =>
  Object.fromEntries(scopes.map(({ name, ...rest }) => [name, rest]))
const url = 'https://mcp.example/mcp'
const tickets = {
  ...{ url, aliases: ['https://mcp.example/old'] },
  name: 'Acme Tickets',
  description: 'Of your team.',
  scopes: described([readTickets, answer, manage, remove]),
  tools: { answer_ticket: { title: tool.title, scopes: tool.scopes } },
}

describe('A file that describes a resource', () => {
  const parse = (entry: unknown) => {
    const [first] = read(JSON.stringify({ resources: [entry] })).resources
    if (first === undefined) throw new Error('nothing was declared')
    return declaredResourceOf(first, 'file', notesResource)
  }
  const withScope = (change: object) => ({
    ...tickets,
    tools: {},
    scopes: described([readTickets, { ...answer, ...change }]),
  })

  it('becomes a declaration', () => {
    expect(parse(tickets)).toMatchObject({
      ...{ url, aliases: ['https://mcp.example/old'], name: 'Acme Tickets' },
      scopes: [
        { name: 'tickets:read', includes: [], readOnly: true, destructive: false },
        { name: 'tickets:answer', includes: ['tickets:read'] },
        { name: 'tickets:manage', includes: ['tickets:answer'] },
        { name: 'tickets:delete', destructive: true },
      ],
      ...{ tools: [{ ...tool, destructive: false }], defaultScopes: ['tickets:read'] },
    })
    const { description, tools } = parse({ url, name: 'A', scopes: described([readTickets]), tools: { one: {} } })
    expect([description, tools]).toEqual(['', [{ name: 'one', title: 'one', scopes: [], destructive: false }]])
  })

  it.each<readonly [string, unknown, RegExp]>([
    ['an alias that is its own URL', { ...tickets, aliases: [url] }, /is resources\[0\] already/],
    ['no name', { ...tickets, name: undefined }, /: name is missing/],
    ['markup', { ...tickets, name: '<b>Acme</b>' }, /name must be plain text of 1 to 60/],
    ['letters that turn the line around', { ...tickets, name: 'Acme \u202eemcA' }, /name must be plain text/],
    ['a member that is none', { ...tickets, resources: [] }, /: resources is not a member/],
    ['scopes that are none', { ...tickets, scopes: 'tickets:read' }, /scopes must be an object of scopes/],
    ['no scopes', { ...tickets, scopes: undefined, tools: {} }, /scopes is missing/],
    ['a scope that is text', { ...tickets, scopes: { a: 'x' }, tools: {} }, /: a must be an object/],
    ['a scope with a blank', withScope({ name: 'a b' }), /"a b" must be a scope/],
    ['a scope of OpenID', withScope({ name: 'email' }), /email is a scope of OpenID Connect/],
    ['no title', withScope({ title: ' ' }), /title must be plain text of 1 to 80/],
    ['no description', withScope({ description: 7 }), /description must be plain text of 1 to 300/],
    ['a misspelled member', withScope({ readonly: true }), /readonly is not a member: did you mean read_only\?/],
    ['a flag in quotes', withScope({ read_only: 'yes' }), /read_only must be true or false/],
    ['an unknown scope included', withScope({ includes: ['x'] }), /"x" is not a scope of this resource/],
    ['what it includes as text', withScope({ includes: 'x' }), /includes must be a list of scopes/],
    ['the end of things by default', withScope({ destructive: true, default: true }), /cannot be read_only or default/],
    [
      'the end of things as reading',
      withScope({ destructive: true, read_only: true }),
      /cannot be read_only or default/,
    ],
    ['a tool with an unknown scope', { ...tickets, tools: { t: { scopes: ['y'] } } }, /"y" is not a scope/],
    ['a tool without a name', { ...tickets, tools: { '': {} } }, /"" must be plain text/],
    ['two mistakes', { ...withScope({ title: '' }), name: '' }, /name must be[^\n]+\n[^\n]*title must be/],
  ])('with %s is refused', (_name, file, message) => {
    expect(() => parse(file)).toThrow(message)
  })
})

describe('An authorization server for an MCP server of your own', () => {
  let stack: Stack
  let grant: Grant
  const file = join(temporaryFolder('resource'), 'resource.json')
  const declared = { resources: [{ ...tickets, aliases: [] }] }
  const env = { RESOURCE_URL: '', GATEHOUSE_FILE: file }
  beforeAll(async () => {
    writeFileSync(file, JSON.stringify(declared))
    stack = await startStack({ database: 'embedded', env, resource: url, overrides: { only: 'auth' } })
    grant = await newGrant(stack)
  })
  afterAll(() => stack.close())

  const tokensFor = async (scope: string | undefined, allow: 'all' | 'as offered' = 'all') => {
    let text = ''
    const person = {
      ...{ account: stack.account, allow },
      reads: (page: { readonly text: string }) => {
        text = page.text
      },
    }
    const tokens: Tokens = await obtainTokens(grant, stack.newBrowser(), person, scope)
    return { text, claims: decodeJwt(tokens.access_token) }
  }

  it('asks for consent in the words of the file, and names its scopes alone', async () => {
    const { text, claims } = await tokensFor('tickets:read tickets:answer tickets:delete notes:read')
    for (const words of ['Acme Tickets', readTickets.title, answer.description, remove.title, tool.title]) {
      expect(text).toContain(words)
    }
    expect(text).not.toMatch(/notes/i)
    expect(claims).toMatchObject({ aud: stack.resource, scope: 'tickets:read tickets:answer tickets:delete' })
    const { scopes_supported: supported } = await discoverServer(stack.issuer)
    expect(supported).toEqual(expect.arrayContaining(Object.keys(tickets.scopes)))
    expect(supported).not.toContain('notes:read')
  })

  it('gives who asks for nothing what the file says', async () => {
    expect((await tokensFor(undefined)).claims).toMatchObject({ scope: 'tickets:read' })
  })

  it('takes no scope for one that only reads because another includes it', async () => {
    // Of reading, answering and managing the middle one is included as well.
    const { text } = await tokensFor('tickets:answer tickets:manage')
    expect(text).not.toContain('Read access only')
    expect((await tokensFor('tickets:read tickets:manage')).text).toContain('Read access only')
  })

  it.each(['mcp', undefined] as const)('never serves the notes in its place: %s', async (only) => {
    const port = String(await freePort())
    const other = await startStack({ database: 'embedded', env: { ...env, MCP_PORT: port }, overrides: { only } })
    try {
      const at = `http://localhost:${port}`
      expect((await fetch(`${at}/health/ready`)).status).toBe(200)
      expect((await fetch(`${at}/mcp`)).status).toBe(404)
    } finally {
      await other.close()
    }
  })

  it('is told every mistake before it starts, and by `config check` and `doctor --local` too', async () => {
    const wrong = join(temporaryFolder('resource'), 'wrong.json')
    writeFileSync(wrong, JSON.stringify({ resources: [{ ...declared.resources[0], name: '' }] }))
    const env = { ...stack.settings, GATEHOUSE_FILE: wrong, DATA_DIR: join(temporaryFolder('resource'), 'data') }
    const message = 'name must be plain text'
    await expect(startStack({ database: 'embedded', env, overrides: { only: 'auth' } })).rejects.toThrow(message)
    for (const command of [
      ['config', 'check'],
      ['doctor', '--local', 'auth'],
    ]) {
      const { exitCode, stdout, stderr } = await runCli(command, env)
      expect([exitCode, `${stdout}${stderr}`.replace(/\s+/g, ' ').includes(message)]).toEqual([1, true])
    }
    const readOnly = await runCli(['config', 'check'], { ...stack.settings, READ_ONLY: 'true' })
    expect(readOnly.stderr).toContain('READ_ONLY applies to the notes')
  })
})
