import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { preferredDatabase } from '../support/databases.js'
import { callTool } from '../support/mcp-request.js'
import { discoverServer, register, requestTokens, type ServerMetadata } from '../support/oauth-client.js'
import { stackSettings } from '../support/settings.js'
import { type Stack, startStack } from '../support/stack.js'
import { type CommandRun, runCli } from './terminal.js'

const database = preferredDatabase()

function printed(run: CommandRun, name: string): string {
  return new RegExp(`^${name} +(\\S+)$`, 'm').exec(run.stdout)?.[1] ?? ''
}

describe('gatehouse clients', () => {
  let environment: Record<string, string>
  const clients = (...args: readonly string[]): Promise<CommandRun> => runCli(['clients', ...args], environment)

  beforeAll(async () => {
    environment = await stackSettings({ database })
  })

  it('starts with none', async () => {
    expect((await clients('list')).stdout).toContain('There is no registered client.')
  })

  it('adds a public client, shows it and removes it', async () => {
    const redirects = ['--redirect-uri', 'https://app.example.org/cb', '--redirect-uri', 'http://127.0.0.1/cb']
    const added = await clients('add', '--name', 'Web app', ...redirects)
    expect(added).toMatchObject({ exitCode: 0, stderr: '' })
    expect(added.stdout).not.toContain('client_secret')
    const clientId = printed(added, 'client_id')
    expect(JSON.parse((await clients('show', clientId)).stdout)).toMatchObject({
      clientId,
      origin: 'command',
      metadata: {
        client_name: 'Web app',
        redirect_uris: ['https://app.example.org/cb', 'http://127.0.0.1/cb'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      },
    })
    expect((await clients('list')).stdout).toContain('Web app')
    expect((await clients('remove', clientId)).exitCode).toBe(0)
    expect(await clients('show', clientId)).toMatchObject({
      exitCode: 1,
      stderr: `gatehouse: there is no client ${clientId}\n`,
    })
    expect((await clients('remove', clientId)).exitCode).toBe(1)
  })

  it('lists the registrations of one product as one line, and each with --all', async () => {
    const ports = [5001, 5002, 5003]
    const ids = []
    for (const port of ports) {
      const redirect = `http://127.0.0.1:${port}/callback`
      ids.push(printed(await clients('add', '--name', 'Terminal', '--redirect-uri', redirect), 'client_id'))
    }
    const { stdout, stderr } = await clients('list')
    expect(stdout).toMatch(/^NAME +LEADS TO +ADDED BY +CLIENTS +IN USE +NEWEST +CLIENT ID OF THE NEWEST +WARNING$/m)
    expect(stdout).toMatch(
      new RegExp(`^Terminal +http://127\\.0\\.0\\.1:\\*/callback +command +3 +0 +[\\d-]{10} +${ids[2]}$`, 'm'),
    )
    expect(stdout).not.toContain(ids[0])
    expect(stderr).toContain('--all shows each')
    const all = await clients('list', '--all')
    for (const id of ids) expect(all.stdout).toMatch(new RegExp(`^${id} +Terminal +command +[\\d-]{10} +no$`, 'm'))
    expect(JSON.parse((await clients('list', '--json')).stdout)).toMatchObject([
      {
        name: 'Terminal',
        count: 3,
        inUse: 0,
        redirects: ['http://127.0.0.1:*/callback'],
        newest: { clientId: ids[2] },
      },
    ])
    expect(JSON.parse((await clients('list', '--json')).stdout)).toMatchObject([{ origin: 'command' }])
    const each = JSON.parse((await clients('list', '--all', '--json')).stdout)
    expect(each.map(({ clientId }: { clientId: string }) => clientId)).toEqual(ids)
  })

  it('adds a client that signs assertions, and says what to paste where', async () => {
    const jwks = '--jwks-uri=https://worker.example/jwks'
    const added = await clients('add', '--name', 'Worker', jwks, '--grant', 'client_credentials')
    expect(added).toMatchObject({ exitCode: 0, stderr: '' })
    expect(added.stdout).not.toMatch(/client_secret|authorize at/)
    expect(added.stdout).toContain(`token at       ${environment['ISSUER_URL']}/token\n`)
    expect(added.stdout).toContain(`MCP URL        ${environment['RESOURCE_URL']}\n`)
    expect(added.stdout).toContain('authenticate   private_key_jwt\n')
    expect(JSON.parse((await clients('show', printed(added, 'client_id'))).stdout)).toMatchObject({
      metadata: {
        jwks_uri: 'https://worker.example/jwks',
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
      },
    })
    expect((await clients('add', '--name', 'x', jwks, '--confidential')).exitCode).toBe(2)
    expect((await clients('add', '--name', 'x', '--jwks-file', '/nowhere')).stderr).toMatch(/--jwks-file: .*ENOENT/)
    expect((await clients('add', '--name', 'x', '--grant', 'client_credentials')).exitCode).toBe(2)
  })

  it.each([
    ['plain http', 'http://app.example.org/cb'],
    ['an unknown scheme', 'myapp://callback'],
    ['a fragment', 'https://app.example.org/cb#x'],
  ])('holds redirects to the rules of registration: refuses %s', async (_name, uri) => {
    const { exitCode, stderr } = await clients('add', '--name', 'x', '--redirect-uri', uri)
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/redirect_uri/)
  })

  it('lets a client introspect the one resource that tokens are issued for, and no other', async () => {
    for (const resource of ['https://elsewhere.example/mcp', 'no URL']) {
      const { exitCode, stderr } = await clients('add', '--name', 'x', '--confidential', '--introspects', resource)
      expect(exitCode).toBe(2)
      expect(stderr).toContain(`--introspects is ${environment['RESOURCE_URL']}: tokens are issued for no other`)
    }
    const slash = `${environment['RESOURCE_URL']}/`
    const added = await clients('add', '--name', 'x', '--confidential', '--introspects', slash)
    expect(added.stdout).toContain(`introspect at  ${environment['ISSUER_URL']}/introspect\n`)
    expect(JSON.parse((await clients('show', printed(added, 'client_id'))).stdout)).toMatchObject({
      metadata: { introspects: environment['RESOURCE_URL'] },
    })
    expect((await clients('remove', printed(added, 'client_id'))).exitCode).toBe(0)
  })

  it('takes every further member of a registration, by its registered name', async () => {
    const set = (...members: readonly string[]) => members.flatMap((member) => ['--set', member])
    const flags = ['--name', 'Portal', '--confidential', '--redirect-uri', 'https://portal.example/cb']
    const members = set(
      'id_token_signed_response_alg=ES256',
      'require_pushed_authorization_requests=true',
      'require_pkce=false',
      'consent=remembered',
      'default_max_age=3600',
      'post_logout_redirect_uris=["https://portal.example/out?a=b"]',
      'software_version=2',
    )
    const added = await clients('add', ...flags, ...members)
    expect(added).toMatchObject({ exitCode: 0 })
    const { metadata } = JSON.parse((await clients('show', printed(added, 'client_id'))).stdout)
    expect(metadata).toMatchObject({
      id_token_signed_response_alg: 'ES256',
      require_pushed_authorization_requests: true,
      require_pkce: false,
      consent: 'remembered',
      default_max_age: 3600,
      post_logout_redirect_uris: ['https://portal.example/out?a=b'],
      software_version: '2',
    })
    expect((await clients('remove', printed(added, 'client_id'))).exitCode).toBe(0)
  })

  it.each([
    ['made_by_operator=true', /--set: "made_by_operator=true" is not <member>=<value>/],
    ['redirect_uri=x', /--set: redirect_uri is not a member: did you mean redirect_uris\?/],
    ['consent', /--set: "consent" is not <member>=<value>/],
    ['consent=never', /--set: consent must be one of ask, remembered, none/],
    ['require_auth_time=yes', /--set: require_auth_time must be true or false/],
    ['redirect_uris=["https://x.example/cb"]', /--set: redirect_uris is given by a flag of its own/],
    ['constructor=x', /is not <member>=<value>/],
  ])('refuses --set %s', async (member, message) => {
    const flags = ['--name', 'x', '--redirect-uri', 'https://a.example/cb']
    const { exitCode, stderr } = await clients('add', ...flags, '--set', member)
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(message)
  })

  it('lets no public client go without PKCE', async () => {
    const flags = ['--name', 'x', '--redirect-uri', 'https://a.example/cb', '--set', 'require_pkce=false']
    const { exitCode, stderr } = await clients('add', ...flags)
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/require_pkce can be false only for a client that authenticates/)
  })

  it('never lets a registered name steer the terminal', async () => {
    const { exitCode, stderr } = await clients('add', '--name', 'x\u001b[2J', '--redirect-uri', 'https://a.example/cb')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/client_name must be plain text/)
  })
})

describe('A client that the operator added', () => {
  let stack: Stack
  let server: ServerMetadata
  let clientId: string
  let clientSecret: string
  const settings: Record<string, string> = {}

  beforeAll(async () => {
    Object.assign(settings, await stackSettings({ database }))
    const flags = ['--confidential', '--introspects', settings['RESOURCE_URL'] ?? '']
    const added = await runCli(['clients', 'add', '--name', 'Worker', ...flags], settings)
    clientId = printed(added, 'client_id')
    clientSecret = printed(added, 'client_secret')
    const env = {
      ...settings,
      ACCESS_TOKEN_FORMAT: 'opaque',
      INTROSPECTION_CLIENT_ID: clientId,
      INTROSPECTION_CLIENT_SECRET: clientSecret,
    }
    stack = await startStack({ database, env })
    server = await discoverServer(stack.issuer)
  })
  afterAll(() => stack.close())

  const basic = () => ({
    authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
  })

  it('gets its own token with client_credentials (RFC 6749 §4.4), which the MCP server accepts by introspection (RFC 7662)', async () => {
    const request = { grant_type: 'client_credentials', scope: 'notes:read', resource: stack.resource }
    const { status, tokens } = await requestTokens(server, request, basic())
    expect(status).toBe(200)
    const body = new URLSearchParams({ token: tokens?.access_token ?? '' })
    const answer = await fetch(`${stack.issuer}/introspect`, { method: 'POST', body, headers: basic() })
    expect(await answer.json()).toMatchObject({ active: true, client_id: clientId, scope: 'notes:read' })
    expect((await callTool(stack.resource, tokens?.access_token, 'whoami')).status).toBe(200)
  })

  it('gets nothing with a wrong secret', async () => {
    const request = { grant_type: 'client_credentials', resource: stack.resource }
    const authorization = `Basic ${Buffer.from(`${clientId}:wrong`).toString('base64')}`
    expect(await requestTokens(server, request, { authorization })).toMatchObject({
      status: 401,
      error: 'invalid_client',
    })
  })
})

describe('Names in the list', () => {
  it('carry the warning of the consent page, unless the operator chose them', async () => {
    const settings = await stackSettings({ database })
    const redirect = 'https://app.example.org/cb'
    await runCli(['clients', 'add', '--name', 'Claude', '--redirect-uri', redirect], settings)
    const stack = await startStack({ database, env: settings })
    const server = await discoverServer(stack.issuer)
    // The last letter of the first is Cyrillic.
    const names = ['Claud\u0435', 'Gatehouse Account', 'Acme Support', 'Not\u0435s of mine', 'Weather']
    for (const name of names) await register(server, { client_name: name, redirect_uris: [redirect] })
    const warnings = ['looks like Claude', 'looks like Gatehouse', 'says "support"', 'mixes alphabets', '']
    for (const flags of [[], ['--all']]) {
      const { stdout } = await runCli(['clients', 'list', ...flags], settings)
      for (const [index, name] of names.entries()) {
        const line = stdout.split('\n').find((text) => text.includes(name)) ?? ''
        expect(line).toMatch(new RegExp(`(?:[\\w-]{20,}|no)${warnings[index] === '' ? '' : ` +${warnings[index]}`}$`))
      }
      expect(stdout.split('\n').find((text) => /Claude.*command/.test(text))).not.toContain('looks like')
    }
    const listed = JSON.parse((await runCli(['clients', 'list', '--json'], settings)).stdout)
    const warned = listed.map(({ nameWarning }: { nameWarning?: { kind: string } }) => nameWarning?.kind)
    expect(warned).toEqual([undefined, 'product', 'operator', 'word', 'mixed-scripts', undefined])
    await stack.close()
  })
})

describe('Invitations to register (RFC 7591 §3)', () => {
  const registerWith = (stack: Stack, token: string) =>
    fetch(`${stack.issuer}/register`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'Invited', redirect_uris: ['https://app.example.org/cb'] }),
    })

  it('are made and withdrawn by the operator, and register one client each', async () => {
    const settings = { ...(await stackSettings({ database })), REGISTRATION: 'token' }
    const invite = async () => {
      const run = await runCli(['clients', 'invite', '--hours', '2'], settings)
      expect([run.exitCode, run.stderr]).toEqual([
        0,
        expect.stringMatching(/one client within 2 hours.*shown this once/),
      ])
      return printed(run, 'initial_access_token')
    }
    const withdrawn = await invite()
    expect(withdrawn).toMatch(/^[\w-]{43}$/)
    expect((await runCli(['clients', 'withdraw-invitations'], settings)).stdout).toBe('Withdrew 1 unused token.\n')
    expect((await runCli(['clients', 'withdraw-invitations'], settings)).stdout).toBe('Withdrew 0 unused tokens.\n')
    const used = await invite()
    const stack = await startStack({ database, env: settings })
    expect((await registerWith(stack, withdrawn)).status).toBe(401)
    expect((await registerWith(stack, used)).status).toBe(201)
    expect((await registerWith(stack, used)).status).toBe(401)
    await stack.close()
  })

  it('say so when they are not asked for', async () => {
    const run = await runCli(['clients', 'invite'], await stackSettings({ database }))
    expect(run.stderr).toMatch(/within 24 hours/)
    expect(run.stderr).toMatch(/REGISTRATION is open here/)
  })
})
