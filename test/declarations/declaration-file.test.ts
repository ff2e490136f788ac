import { describe, expect, it } from '@jest/globals'
import { declaredResourceOf } from '../../src/declarations/declaration-file.js'
import { notesResource } from '../../src/notes/notes-resource.js'
import { mistakesOf, read } from './reading.js'

const whole = `resources:
  - url: https://MCP.example.com/tickets/
    id: tickets
    name: Acme Tickets
    description: Your team's tickets.
    default: true
    aliases: [https://old.example.com/mcp]
    scopes:
      tickets:read:   { title: Read your tickets, description: All of them., default: true, read_only: true }
      tickets:write:  { title: Answer tickets, includes: [tickets:read] }
      tickets:delete: { title: Delete tickets, destructive: true }
    tools:
      answer: [tickets:write]
      purge:  { title: Purge, scopes: [tickets:delete], destructive: true, when_missing: hide }
    tokens:  { format: opaque, ttl: 5m, dpop: required, refresh: false, max_auth_age: 12h }
    clients: { operator: all, known: all, verified: none, registered: [tickets:read] }
  - pattern: https://*.mcp.example.com/mcp
    name: Ärzte & Co
    scopes:
      a: { title: A }
clients:
  - client_id: worker
    client_name: Worker
    client_secret_env: WORKER_SECRET
    resources: [https://old.example.com/mcp]
    introspects: [https://mcp.example.com/tickets, https://one.mcp.example.com/mcp]
assertion_issuers:
  - { issuer: https://idp.example.com, jwks_uri: https://idp.example.com/keys }
`

describe('A declaration file', () => {
  it('declares resources with every member', () => {
    const [tickets, family] = read(whole).resources.map((entry) => declaredResourceOf(entry, 'file', notesResource))
    expect(tickets).toMatchObject({
      id: 'tickets',
      url: 'https://mcp.example.com/tickets',
      isPattern: false,
      isDefault: true,
      aliases: ['https://old.example.com/mcp'],
      defaultScopes: ['tickets:read'],
      tokens: { format: 'opaque', ttlSeconds: 300, dpop: 'required', refresh: false, maxAuthAgeSeconds: 43_200 },
      ceilings: { operator: 'all', known: 'all', verified: 'none', registered: ['tickets:read'] },
      source: 'file',
    })
    expect(tickets?.tools).toEqual([
      { name: 'answer', title: 'answer', scopes: ['tickets:write'], destructive: false },
      { name: 'purge', title: 'Purge', scopes: ['tickets:delete'], destructive: true, whenMissing: 'hide' },
    ])
    expect(tickets?.places).toMatchObject({
      '': 'gatehouse.yaml:2:5',
      'clients.registered': 'gatehouse.yaml:16:59',
      'tokens.dpop': 'gatehouse.yaml:15:41',
    })
    expect(family).toMatchObject({
      id: 'arzte-co',
      url: 'https://*.mcp.example.com/mcp',
      isPattern: true,
      defaultScopes: ['a'],
      tokens: { format: 'jwt', ttlSeconds: 600, dpop: 'optional', refresh: true },
      ceilings: { operator: 'all', known: 'all', verified: 'all', registered: 'all' },
    })
  })

  it('declares clients, with what they are limited to under the name that tokens have', () => {
    expect(read(whole).clients).toMatchObject([
      {
        id: 'worker',
        value: {
          client_secret: 'another-secret-of-24-characters',
          token_endpoint_auth_method: 'client_secret_basic',
          grant_types: ['client_credentials'],
          resources: ['https://mcp.example.com/tickets'],
          introspects: ['https://mcp.example.com/tickets', 'https://one.mcp.example.com/mcp'],
        },
      },
    ])
  })

  it('is the same in JSON', () => {
    const json = JSON.stringify({
      resources: [{ url: 'https://a.example/mcp', name: 'A', scopes: { a: { title: 'A' } } }],
    })
    expect(read(json).resources).toMatchObject([{ id: 'a', value: { url: 'https://a.example/mcp' } }])
  })

  it('lets the notes say what they are, and be given other words', () => {
    const [bare] = read('resources: [{ url: http://localhost:4000/mcp, notes: true }]').resources
    if (bare === undefined) throw new Error('nothing was declared')
    const notes = notesResource('http://localhost:4000/mcp')
    expect(declaredResourceOf(bare, 'file', notesResource)).toMatchObject({
      id: 'notes',
      isNotes: true,
      name: notes.name,
      scopes: notes.scopes,
      tools: notes.tools,
      defaultScopes: notes.defaultScopes,
    })
    const [named] = read(
      'resources: [{ url: http://localhost:4000/mcp, notes: true, name: Mine, scopes: { notes:read: { title: Look, default: true } } }]',
    ).resources
    if (named === undefined) throw new Error('nothing was declared')
    const declared = declaredResourceOf(named, 'file', notesResource)
    expect(declared).toMatchObject({ id: 'mine', name: 'Mine', defaultScopes: ['notes:read'] })
    expect(declared.scopes.map(({ name, title }) => [name, title])).toContainEqual(['notes:read', 'Look'])
    expect(declared.scopes).toHaveLength(notes.scopes.length)
  })

  it('may repeat values by anchors', () => {
    const text = `resources:
  - { url: https://a.example/mcp, name: A, scopes: &scopes { a: { title: A } }, tokens: &tokens { ttl: 1m } }
  - { url: https://b.example/mcp, name: B, scopes: *scopes, tokens: *tokens }`
    expect(read(text).resources[1]?.value).toMatchObject({ scopes: { a: { title: 'A' } }, tokens: { ttl: '1m' } })
  })
})

const resource = (members: string) => `resources:\n  - url: https://a.example/mcp\n    name: A\n${members}`
const scopes = '    scopes: { a: { title: A }, gone: { title: B, destructive: true } }\n'
const client = (members: string) => `clients:\n  - client_id: one\n    client_name: One\n${members}`

/** Text of a file, and its mistakes without the file's name. */
const table: readonly (readonly [string, string, readonly string[]])[] = [
  ['a misspelt member', 'resuorces: []', ['1:1: resuorces is not a member: did you mean resources?']],
  ['a list that is none', 'resources: {}', ['1:1: resources must be a list of resources']],
  [
    'an entry that is none',
    'resources:\n  - nothing',
    [
      '2:5: resources[0] must be an object',
      '2:5: url is missing: a resource has a url or a pattern',
      '2:5: name is missing',
      '2:5: scopes is missing: a resource needs at least one',
    ],
  ],
  [
    'neither url nor name nor scopes',
    'resources:\n  - id: a',
    [
      '2:5: url is missing: a resource has a url or a pattern',
      '2:5: name is missing',
      '2:5: scopes is missing: a resource needs at least one',
    ],
  ],
  [
    'a misspelt member of a resource',
    resource(`${scopes}    tokns: { ttl: 1m }`),
    ['5:5: tokns is not a member: did you mean tokens?'],
  ],
  [
    'a misspelt member of tokens',
    resource(`${scopes}    tokens: { tll: 1m }`),
    ['5:15: tll is not a member: did you mean ttl?'],
  ],
  [
    'a misspelt member of a tool',
    resource(`${scopes}    tools: { t: { scope: [a] } }`),
    ['5:19: scope is not a member: did you mean scopes?'],
  ],
  [
    'a class of clients that is none',
    resource(`${scopes}    clients: { registred: all }`),
    ['5:16: registred is not a member: did you mean registered?'],
  ],
  [
    'a url that is none',
    'resources:\n  - { url: tickets, name: A, scopes: { a: { title: A } } }',
    ['2:7: url must be an absolute http(s) URL'],
  ],
  [
    'a url with a fragment',
    'resources:\n  - { url: "https://a.example/#b", name: A, scopes: { a: { title: A } } }',
    ['2:7: url must have no blank, query, fragment or user'],
  ],
  [
    'http on a host that is not this machine',
    'resources:\n  - { url: http://a.example/mcp, name: A, scopes: { a: { title: A } } }',
    ['2:7: url must be https unless its host is localhost'],
  ],
  [
    'url and pattern',
    resource(`${scopes}    pattern: https://*.a.example/mcp`),
    ['5:5: pattern cannot stand beside url'],
  ],
  [
    'a scope that nobody declares',
    resource(`${scopes}    tools: { t: [b], u: { scopes: [c] } }\n    clients: { known: [d] }`),
    [
      '5:18: "b" is not a scope of this resource',
      '5:36: "c" is not a scope of this resource',
      '6:24: "d" is not a scope of this resource',
    ],
  ],
  [
    'a scope of OpenID Connect',
    resource('    scopes: { email: { title: E } }'),
    ['4:15: email is a scope of OpenID Connect, which means something else'],
  ],
  [
    'a scope with a blank',
    resource('    scopes: { "a b": { title: E } }'),
    ['4:15: "a b" must be a scope: visible ASCII without blanks, quotes and backslashes, 80 characters at most'],
  ],
  ['a scope without a title', resource('    scopes: { a: { description: E } }'), ['4:15: title is missing']],
  [
    'a destructive default',
    resource('    scopes: { a: { title: E, destructive: true, default: true }, b: { title: B } }'),
    ['4:15: a: a destructive scope cannot be read_only or default'],
  ],
  [
    'nothing but destructive scopes',
    resource('    scopes: { a: { title: E, destructive: true } }'),
    ['4:5: scopes are all destructive: a client that names none would get a token for nothing'],
  ],
  [
    'text with markup',
    resource('    scopes: { a: { title: <b>E</b> } }'),
    ['4:20: title must be plain text of 1 to 80 characters'],
  ],
  [
    'a number in place of a duration',
    resource(`${scopes}    tokens: { ttl: 600 }`),
    ['5:15: ttl must be a duration such as 30s, 10m, 12h or 30d'],
  ],
  [
    'tokens that outlive revocations',
    resource(`${scopes}    tokens: { ttl: 12h }`),
    ['5:15: ttl must be 10s to 1h: what was revoked is remembered no longer'],
  ],
  [
    'an unknown format',
    resource(`${scopes}    tokens: { format: saml, dpop: maybe, refresh: 1 }`),
    [
      '5:15: format must be one of jwt, opaque',
      '5:29: dpop must be one of optional, required',
      '5:42: refresh must be true or false',
    ],
  ],
  [
    'an unknown ceiling',
    resource(`${scopes}    clients: { known: some }`),
    ['5:16: known must be all, none or a list of scopes'],
  ],
  [
    'an id that is no name of a path',
    resource(`${scopes}    id: a/b`),
    ['5:5: id must be 1 to 63 lower-case letters, digits and dashes, and begin and end with none of the latter'],
  ],
  [
    'a name that gives no id',
    'resources:\n  - url: https://a.example/mcp\n    name: 票\n    scopes: { a: { title: A } }',
    ['3:5: id is missing: none can be made from the name'],
  ],
  [
    'two of a kind',
    `resources:
  - { url: https://a.example/mcp, name: A, default: true, scopes: &s { a: { title: A } } }
  - { url: https://A.example/mcp/, name: a, default: true, scopes: *s }
  - { url: https://c.example/mcp, name: C, aliases: [https://a.example/mcp], scopes: *s }`,
    [
      '3:5: id a is that of resources[0] too',
      '3:7: https://a.example/mcp is resources[0] already',
      '3:45: default is true of resources[0] too: at most one may be it',
      '4:54: https://a.example/mcp is resources[0] already',
    ],
  ],
  [
    'a resource where the issuer is',
    'resources:\n  - { url: http://localhost:3000/token, name: A, scopes: { a: { title: A } } }',
    ['2:7: url cannot be http://localhost:3000/token: that path is needed otherwise, choose one such as /mcp'],
  ],
  [
    'a secret in the file',
    client('    client_secret: do-not-repeat-this-secret'),
    ['4:5: client_secret does not belong here: use client_secret_file, client_secret_env or client_secret_sha256'],
  ],
  [
    'a variable that is not set',
    client('    client_secret_env: NOT_SET'),
    ['4:5: client_secret_env: NOT_SET is not set'],
  ],
  [
    'two secrets',
    client('    client_secret_env: WORKER_SECRET\n    client_secret_file: x'),
    ['2:5: needs one of client_secret_file, client_secret_env and client_secret_sha256'],
  ],
  [
    'a resource that nobody declares',
    client(
      '    client_secret_env: WORKER_SECRET\n    introspects: https://a.example/mcp\n    resources: [https://b.example]',
    ),
    [
      '5:5: introspects must be http://localhost:4000/mcp: tokens are issued for no other resource',
      '6:17: resources must be http://localhost:4000/mcp: tokens are issued for no other resource',
    ],
  ],
  [
    'a misspelt member of a client',
    client('    redirect_uri: [https://a.example]'),
    [
      '2:5: a public client cannot use client_credentials',
      '4:5: redirect_uri is not a member: did you mean redirect_uris?',
    ],
  ],
  [
    'the same client twice',
    `${client('    client_secret_env: WORKER_SECRET\n')}  - { client_id: one, client_name: Two, client_secret_env: WORKER_SECRET }`,
    ['5:7: client_id one is listed more than once'],
  ],
  [
    'an identity provider without keys',
    'assertion_issuers:\n  - issuer: http://idp.example\n    accounts: email',
    [
      '2:5: issuer must be an https URL',
      '2:5: needs either jwks_uri or jwks',
      '3:5: email_domains must say whose addresses it may speak for, unless accounts is linked',
    ],
  ],
  ['a duplicate member', 'clients: []\nclients: []', ['2:1: Map keys must be unique']],
  ['a tab', 'resources:\n\t- url: x', ['2:1: Tabs are not allowed as indentation']],
  ['an empty file', '', ['1:1: is empty: write {} to declare nothing']],
  ['nothing but a comment', '# nothing\n', ['1:1: is empty: write {} to declare nothing']],
  ['text', 'resources', ['1:1: must be an object']],
  ['two documents', 'resources: []\n---\nclients: []', ['2:1: holds more than one document']],
  ['a member of every object', '__proto__: { resources: [] }', ['1:1: __proto__ is not a member']],
  [
    'a tag that makes something',
    'resources: !!js/function []',
    ['1:12: Unresolved tag: tag:yaml.org,2002:js/function'],
  ],
  ['an alias of nothing', 'resources: *nothing', ['1:12: *nothing has no anchor before it']],
]

describe('A mistake in a declaration file', () => {
  it.each(table)('is told with its place: %s', (_, text, expected) => {
    expect(mistakesOf(text)).toEqual(expected.map((line) => `gatehouse.yaml:${line}`))
  })

  it('is told with all others', () => {
    const all = mistakesOf(
      `${resource(`${scopes}    tokns: {}`)}\nclients:\n  - { client_id: x }\nassertion_issuers:\n  - {}\n`,
    )
    expect(all.map((line) => line.split(':')[1])).toEqual(['5', '7', '7', '9', '9'])
  })

  it('never repeats a secret', () => {
    for (const text of [
      client('    client_secret: hunter2-hunter2-hunter2'),
      'clients:\n  client_secret: "hunter2-hunter2\n\tx: [',
    ]) {
      expect(mistakesOf(text).join('\n')).not.toContain('hunter2')
    }
  })

  it('counts from the first character after a byte order mark, and takes lines as Windows ends them', () => {
    expect(mistakesOf('\uFEFFresuorces: []')[0]).toMatch(/^gatehouse\.yaml:1:1: /)
    expect(mistakesOf('resources: []\r\nclient: []')[0]).toMatch(/^gatehouse\.yaml:2:1: client is not a member/)
  })

  it('is that resources are declared here and by a setting', () => {
    expect(mistakesOf(resource(scopes), { overruledSettings: ['RESOURCE_URL'] })).toEqual([
      'gatehouse.yaml:1:1: resources and the setting RESOURCE_URL exclude each other: leave RESOURCE_URL out',
    ])
    expect(mistakesOf('clients: []', { overruledSettings: ['RESOURCE_URL'] })).toEqual([])
  })

  it('is http on localhost when the issuer is elsewhere', () => {
    const text = 'resources:\n  - { url: http://localhost:4000/mcp, notes: true }'
    expect(mistakesOf(text)).toEqual([])
    expect(mistakesOf(text, { issuer: 'https://auth.example.com' })).toEqual([
      'gatehouse.yaml:2:7: url must be https: only an issuer on localhost has resources there',
    ])
  })
})

describe('A hostile declaration file', () => {
  it.each<readonly [string, string | Uint8Array, RegExp]>([
    [
      'billion laughs',
      `a0: &a0 [x]\n${Array.from({ length: 40 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(', ')}]`).join('\n')}`,
      /stands for more than \d{4,5} values/,
    ],
    ['an alias within itself', 'a: &a [*a]', /has no anchor before it/],
    ['ten megabytes', `# ${'x'.repeat(10_485_760)}`, /is larger than 1 MiB/],
    ['a hundred thousand brackets', '['.repeat(100_000), /./],
    ['a thousand braces in JSON', `${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`, /nested/],
    ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x00, 0x01]), /is not UTF-8 text/],
    ['control characters in a name', '"a\\u001b[31m": 1', / is not a member/],
  ])('is refused at once: %s', (_, text, expected) => {
    const start = performance.now()
    expect(mistakesOf(text).join('\n')).toMatch(expected)
    expect(performance.now() - start).toBeLessThan(5_000)
  })
})
