/** RESOURCE_FILE: an MCP server of the operator's own, in the words of the consent page. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { readResourceFile } from '../../src/authorization-server/resources/resource-file.js'
import { runCli } from '../cli/terminal.js'
import { discoverServer, type Grant, newGrant, obtainTokens, type Tokens } from '../support/oauth-client.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type Stack, startStack } from '../support/stack.js'

const read = {
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
const tickets = {
  name: 'Acme Tickets',
  description: 'Of your team.',
  scopes: [read, answer, manage, remove],
  tools: [tool],
}

describe('A file that describes a resource', () => {
  const parse = (file: unknown) =>
    readResourceFile('/run/resource.json', () => (typeof file === 'string' ? file : JSON.stringify(file)), {
      ...{ resource: 'https://mcp.example/mcp', aliases: ['https://mcp.example/mcp', 'https://mcp.example/old'] },
    })
  const withScope = (change: object) => ({ ...tickets, scopes: [read, { ...answer, ...change }] })

  it('becomes a declaration', () => {
    expect(parse(tickets)).toMatchObject({
      ...{ resource: 'https://mcp.example/mcp', aliases: ['https://mcp.example/old'], name: 'Acme Tickets' },
      scopes: [
        { name: 'tickets:read', includes: [], readOnly: true, destructive: false },
        { name: 'tickets:answer', includes: ['tickets:read'], readOnly: false },
        { name: 'tickets:manage', includes: ['tickets:answer'], readOnly: false },
        { name: 'tickets:delete', destructive: true },
      ],
      ...{ tools: [{ ...tool, destructive: false }], defaultScopes: ['tickets:read'] },
    })
    const { description, tools } = parse({ name: 'A', scopes: [read], tools: [{ name: 'one' }] })
    expect([description, tools]).toEqual(['', [{ name: 'one', title: 'one', scopes: [], destructive: false }]])
  })

  it.each<readonly [string, unknown, RegExp]>([
    ['no JSON', '{', /^RESOURCE_FILE \S+ cannot be used: /],
    ['a list', [tickets], /cannot be used: it must be an object/],
    ['no name', { ...tickets, name: undefined }, /\n {2}name must be plain text of 1 to 60 characters/],
    ['markup', { ...tickets, name: '<b>Acme</b>' }, /name must be plain text/],
    ['letters that turn the line around', { ...tickets, name: 'Acme \u202eemcA' }, /name must be plain text/],
    ['a member of another file', { ...tickets, clients: [] }, /\n {2}clients is not a member/],
    ['scopes that are none', { ...tickets, scopes: 'tickets:read' }, /\n {2}scopes must be a list/],
    ['no scopes', { ...tickets, scopes: undefined, tools: [] }, /no scope is "default": true/],
    ['nothing by default', { ...tickets, scopes: [{ ...read, default: false }], tools: [] }, /no scope is "default"/],
    ['a scope that is text', { ...tickets, scopes: [read, 'x'], tools: [] }, /\n {2}scopes 2: must be an object/],
    ['a scope with a blank', withScope({ name: 'a b' }), /a b: name must be a scope/],
    ['a scope of OpenID', withScope({ name: 'email' }), /email: is a scope of OpenID Connect/],
    ['a scope twice', { ...tickets, scopes: [read, read], tools: [] }, /tickets:read: is listed more than once/],
    ['no title', withScope({ title: ' ' }), /tickets:answer: title must be plain text of 1 to 80/],
    ['no description', withScope({ description: 7 }), /tickets:answer: description must be plain text of 1 to 300/],
    [
      'a misspelled member',
      withScope({ readonly: true }),
      /tickets:answer: readonly is not a member: did you mean read_only\?/,
    ],
    ['a flag in quotes', withScope({ read_only: 'yes' }), /tickets:answer: read_only must be true or false/],
    [
      'an unknown scope included',
      withScope({ includes: ['x'] }),
      /includes names "x", which is not a scope of this resource/,
    ],
    ['what it includes as text', withScope({ includes: 'x' }), /includes must be a list of scopes/],
    ['the end of things by default', withScope({ destructive: true, default: true }), /cannot be read_only or default/],
    [
      'the end of things as reading',
      withScope({ destructive: true, read_only: true }),
      /cannot be read_only or default/,
    ],
    [
      'a tool with an unknown scope',
      { ...tickets, tools: [{ ...tool, scopes: ['y'] }] },
      /answer_ticket: scopes names "y"/,
    ],
    ['a tool without a name', { ...tickets, tools: [{}] }, /\n {2}tools 1: name must be plain text/],
    ['two mistakes', { ...withScope({ title: '' }), name: '' }, /name must be[^\n]+\n {2}tickets:answer: title/],
  ])('with %s is refused', (_name, file, message) => {
    expect(() => parse(file)).toThrow(message)
  })
})

describe('An authorization server for an MCP server of your own', () => {
  let stack: Stack
  let grant: Grant
  const file = join(temporaryFolder('resource'), 'resource.json')
  beforeAll(async () => {
    writeFileSync(file, JSON.stringify(tickets))
    stack = await startStack({ database: 'embedded', env: { RESOURCE_FILE: file }, overrides: { only: 'auth' } })
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
    for (const words of ['Acme Tickets', read.title, answer.description, remove.title, tool.title]) {
      expect(text).toContain(words)
    }
    expect(text).not.toMatch(/notes/i)
    expect(claims).toMatchObject({ aud: stack.resource, scope: 'tickets:read tickets:answer tickets:delete' })
    const { scopes_supported: supported } = await discoverServer(stack.issuer)
    expect(supported).toEqual(expect.arrayContaining(tickets.scopes.map(({ name }) => name)))
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
    const start = startStack({ database: 'embedded', env: { RESOURCE_FILE: file }, overrides: { only } })
    await expect(start).rejects.toThrow(
      /^one setting is wrong:\n {2}RESOURCE_FILE describes an MCP server of your own, not the notes: start `gateh/,
    )
  })

  it('is told every mistake before it starts, and by `config check` and `doctor --local` too', async () => {
    const wrong = join(temporaryFolder('resource'), 'wrong.json')
    writeFileSync(wrong, JSON.stringify({ ...tickets, name: '' }))
    const env = { ...stack.settings, RESOURCE_FILE: wrong }
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
