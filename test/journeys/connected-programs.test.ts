/** A person looks after the programs that they connected, while these are calling: both servers, over HTTP. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { z } from 'zod'
import { runCli } from '../cli/terminal.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { callTool } from '../support/mcp-request.js'
import { type Grant, newGrant, obtainTokens, refresh, type Tokens } from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'

const listSchema = z.array(z.object({ id: z.string(), clientId: z.string(), person: z.string() }))

describeOnDatabases('Connected programs, on %s', (database) => {
  let stack: Stack
  let browser: Browser
  beforeAll(async () => {
    stack = await startStack({ database })
    browser = stack.newBrowser()
  })
  afterAll(() => stack.close())

  const connect = async (scope = 'notes:read notes:write'): Promise<{ grant: Grant; tokens: Tokens }> => {
    const grant = await newGrant(stack)
    return { grant, tokens: await obtainTokens(grant, browser, { account: stack.account }, scope) }
  }
  const apps = async (): Promise<Page> => pageOf(await browser.open(`${stack.issuer}/account/apps`))
  /** The newest connection stands first. */
  const read = async ({ tokens }: { tokens: Tokens }) =>
    (await callTool(stack.resource, tokens.access_token, 'list_notes')).status
  const write = async ({ tokens }: { tokens: Tokens }) =>
    callTool(stack.resource, tokens.access_token, 'create_note', { title: 'a', body: 'b' })

  it('are narrowed at once: the running token loses what was unticked, and keeps the rest', async () => {
    const program = await connect()
    expect([await read(program), (await write(program)).status]).toEqual([200, 200])
    const page = await apps()
    expect(page.heading).toBe('Connected programs')
    const saved = pageOf(await browser.press(page, 'Save', { 'scope=notes:write': false }))
    expect([saved.status, saved.text.includes('Saved.')]).toEqual([200, true])
    const startedAt = Date.now()
    await eventually(async () => (await write(program)).status === 403)
    expect(Date.now() - startedAt).toBeLessThan(2_000)
    const refused = await write(program)
    expect(refused.headers.get('www-authenticate')).toMatch(/error="insufficient_scope"/)
    expect(await read(program)).toBe(200)
    const next = await refresh(program.grant, program.tokens.refresh_token ?? '')
    expect(next.tokens?.scope?.split(' ')).toEqual(['notes:read'])
    expect((await write({ tokens: next.tokens as Tokens })).status).toBe(403)
    expect(await read({ tokens: next.tokens as Tokens })).toBe(200)
  })

  it('are disconnected at once, one install at a time', async () => {
    const [kept, ended] = [await connect('notes:read'), await connect('notes:read')]
    const page = await apps()
    const gone = pageOf(await browser.press(page, 'Disconnect'))
    expect(gone.text).toContain('Disconnected.')
    const startedAt = Date.now()
    await eventually(async () => (await read(ended)) === 401)
    expect(Date.now() - startedAt).toBeLessThan(2_000)
    expect((await refresh(ended.grant, ended.tokens.refresh_token ?? '')).error).toBe('invalid_grant')
    expect(await read(kept)).toBe(200)
    expect((await refresh(kept.grant, kept.tokens.refresh_token ?? '')).tokens).toBeDefined()
  })

  it('are listed, narrowed and revoked by the operator, beside the running server', async () => {
    const program = await connect()
    const run = (...args: readonly string[]) => runCli(['grants', ...args], stack.settings)
    const listed = await run('list', '--client', program.grant.clientId, '--json')
    const [found, ...others] = listSchema.parse(JSON.parse(listed.stdout))
    expect([found?.person, others]).toEqual([stack.account.email, []])
    const id = found?.id ?? ''
    expect(await run('narrow', id, '--scopes', 'notes:read')).toMatchObject({ exitCode: 0, stdout: /Narrowed/ })
    await eventually(async () => (await write(program)).status === 403)
    expect(await run('narrow', id, '--scopes', 'nothing')).toMatchObject({ exitCode: 1 })
    expect(await run('revoke', id)).toMatchObject({ exitCode: 0 })
    await eventually(async () => (await read(program)) === 401)
    expect((await run('revoke', id)).stderr).toContain('there is no grant')
    expect((await run('list', '--person', stack.account.email)).stdout).not.toContain(id)
  })
})
