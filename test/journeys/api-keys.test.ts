/** API keys from the operator's command line to a tool call, beside access tokens, and what is written down of them. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { z } from 'zod'
import { runCli } from '../cli/terminal.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { newClient } from '../support/opened.js'
import { type Stack, startStack } from '../support/stack.js'

describeOnPostgres('API keys', () => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack({ database: 'postgresql', env: { API_KEYS: 'true', CALL_LIMIT_PER_CALLER: '0.01/5' } })
  })
  afterAll(() => stack.close())

  const cli = (...args: string[]) => runCli(['api-keys', ...args], stack.settings)
  const shown = (text: string, name: string) => new RegExp(`^${name} +(\\S+)$`, 'm').exec(text)?.[1] ?? ''

  async function made(...args: string[]): Promise<{ id: string; key: string; stderr: string }> {
    const { exitCode, stdout, stderr } = await cli('add', ...args)
    expect(exitCode).toBe(0)
    return { id: shown(stdout, 'id'), key: shown(stdout, 'api_key'), stderr }
  }

  async function call(key: string, name: string, input: object = {}) {
    const response = await fetch(stack.resource, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: input } }),
    })
    return { status: response.status, challenge: response.headers.get('www-authenticate'), text: await response.text() }
  }

  it('do what their scopes allow, as the account they name, until they are removed', async () => {
    const accounts = JSON.parse((await runCli(['accounts', 'list', '--json'], stack.settings)).stdout)
    const subject = String(accounts[0].id)
    const { id, key } = await made('night job', '--scopes', 'notes:write', '--subject', subject, '--days', '7')
    expect((await call(key, 'whoami')).text).toContain(`\\"subject\\":\\"${subject}\\"`)
    expect((await call(key, 'create_note', { title: 'Made at night', body: 'by a job' })).text).toContain(
      'Made at night',
    )
    expect((await call(key, 'list_notes')).text).toContain('Made at night')
    const missing = await call(key, 'delete_note', { id: 'x' })
    expect([missing.status, missing.challenge]).toEqual([
      403,
      expect.stringContaining('scope="notes:write notes:delete"'),
    ])

    expect((await cli('list')).stdout).toMatch(new RegExp(`^${id} +night job +notes:write +${subject} `, 'm'))
    expect(await cli('remove', id)).toMatchObject({
      exitCode: 0,
      stdout: `Removed ${id}. The MCP server now refuses it.\n`,
    })
    const refused = await call(key, 'whoami')
    expect([refused.status, refused.challenge]).toEqual([401, expect.stringContaining('error="invalid_token"')])
    expect(await cli('remove', id)).toMatchObject({ exitCode: 1, stderr: `gatehouse: there is no API key "${id}"\n` })
    const lines = stack.logLines.filter((line) => line.includes(`api-key:${id}`))
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ decision: 'allow', scopes: 'notes:write', tool: 'whoami' })
  })

  it('keep no stream open after they were removed', async () => {
    const { id, key } = await made('listener', '--scopes', 'notes:read')
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const stream = await fetch(stack.resource, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'subscriptions/listen',
      },
      body: JSON.stringify({
        ...{ jsonrpc: '2.0', id: 1, method: 'subscriptions/listen' },
        params: { notifications: { toolsListChanged: true }, _meta: meta },
      }),
    })
    expect(stream.status).toBe(200)
    expect((await cli('remove', id)).exitCode).toBe(0)
    // Reads to the end, which the server makes.
    expect(await stream.text()).toContain('subscriptions/acknowledged')
  })

  it('share the limit of a caller with nobody (CALL_LIMIT_PER_CALLER)', async () => {
    const [busy, other] = [await made('busy', '--scopes', 'notes:read'), await made('other', '--scopes', 'notes:read')]
    const statuses: number[] = []
    for (const key of [...Array.from({ length: 6 }, () => busy.key), other.key])
      statuses.push((await call(key, 'whoami')).status)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 200])
  })

  it('are nowhere but in the hands of who made them', async () => {
    const { key, id } = await made('secret one', '--scopes', 'notes:read')
    await call(key, 'whoami')
    const client = newClient({ connectionString: stack.settings['NOTES_DATABASE_URL'] })
    await client.connect()
    const { rows } = await client.query('SELECT * FROM api_keys').finally(() => client.end())
    const secret = key.slice(-43)
    const kept = [JSON.stringify(rows), (await cli('list', '--json')).stdout, ...stack.logLines].join()
    expect([kept.includes(id), kept.includes(secret)]).toEqual([true, false])
  })

  it('without an account are told that they have no notes', async () => {
    const { key, stderr } = await made('nobody', '--scopes', 'notes:read')
    expect(stderr).toContain('It acts for no person')
    expect((await call(key, 'list_notes')).text).toContain('Notes belong to people')
  })

  it('are nothing to the authorization server', async () => {
    const { key } = await made('stray', '--scopes', 'notes:read')
    const url = `${stack.issuer}/.well-known/openid-configuration`
    const metadata = z.object({ userinfo_endpoint: z.url() }).parse(await (await fetch(url)).json())
    const response = await fetch(metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${key}` } })
    expect(response.status).toBe(401)
  })

  it.each<[string, string[], RegExp]>([
    [
      'a scope of nobody',
      ['add', 'x', '--scopes', 'notes:everything'],
      /there is no scope "notes:everything"; there are notes:read/,
    ],
    ['no scopes', ['add', 'x'], /--scopes is required/],
    ['no name', ['add', '--scopes', 'notes:read'], /say what to do/],
    ['a name of nothing', ['add', ' ', '--scopes', 'notes:read'], /1 to 100 characters/],
    ['days that are none', ['add', 'x', '--scopes', 'notes:read', '--days', '0'], /whole number from 1 to 365/],
    ['too many words', ['add', 'my', 'key', '--scopes', 'notes:read'], /too many arguments/],
    ['nothing to remove', ['remove'], /say what to do/],
  ])('are not made of %s', async (_case, args, words) => {
    const before = (await cli('list')).stdout
    const { exitCode, stderr } = await cli(...args)
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(words)])
    expect((await cli('list')).stdout).toBe(before)
  })

  it('are refused like any bad token when they are off, which they are by default', async () => {
    const plain = await startStack({ database: 'postgresql', env: { READ_ONLY: 'true' } })
    try {
      const added = await runCli(['api-keys', 'add', 'x', '--scopes', 'notes:read'], plain.settings)
      expect(added.stderr).toContain('API_KEYS is false here')
      const headers = { authorization: `Bearer ${shown(added.stdout, 'api_key')}`, 'content-type': 'application/json' }
      expect((await fetch(plain.resource, { method: 'POST', headers, body: '{}' })).status).toBe(401)
      // The other setting of this stack: nobody is told to ask for what no tool of it needs.
      const metadata: unknown = await (
        await fetch(new URL('/.well-known/oauth-protected-resource/mcp', plain.resource))
      ).json()
      expect(metadata).toMatchObject({ scopes_supported: ['notes:read'] })
    } finally {
      await plain.close()
    }
  })
})
