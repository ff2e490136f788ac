/** A followed declaration file, seen through HTTP and commands beside the running server. */
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { runCli } from '../cli/terminal.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { newGrant, obtainTokens, refresh } from '../support/oauth-client.js'
import { stackSettings } from '../support/settings.js'
import { failureOfStart, type Stack, startStack } from '../support/stack.js'
import { webClient as client, resourcesNamed as file, health as healthOf, knows as isKnown } from './declared-names.js'

jest.setTimeout(300_000)

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-file-'))
const path = join(folder, 'gatehouse.yaml')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (text: string) => writeFileSync(path, text)

let stack: Stack
const run = (...args: readonly string[]) => runCli(args, stack.settings)
const names = async () => {
  const { stdout } = await run('resources', 'list', '--json')
  return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id)
}
const health = () => healthOf(stack)
const knows = (name: string) => isKnown(stack, name)

beforeAll(async () => {
  write(file('one') + client)
  stack = await startStack({
    database: 'embedded',
    resource: 'https://one.example.com/mcp',
    env: { RESOURCE_URL: '', GATEHOUSE_FILE: path, MCP_PORT: String(await freePort()) },
  })
})
afterAll(() => stack?.close())

describe('A followed declaration file', () => {
  it('is applied at the start', async () => {
    expect(await names()).toEqual(['one'])
    expect(await knows('one')).toBe(true)
    expect(await knows('two')).toBe(false)
  })

  it.each<readonly [string, (text: string) => void]>([
    ['written in place', write],
    [
      'renamed over',
      (text) => {
        writeFileSync(`${path}.new`, text)
        renameSync(`${path}.new`, path)
      },
    ],
    [
      'a symbolic link that is switched',
      (text) => {
        writeFileSync(join(folder, 'data'), text)
        rmSync(path)
        symlinkSync('data', path)
      },
    ],
  ])('counts within two seconds: %s', async (how, change) => {
    const added = how.split(' ')[0] ?? ''
    change(file('one', added) + client)
    await eventually(() => knows(added))
    change(file('one') + client)
    await eventually(async () => !(await knows(added)))
  })

  it('leaves what was in force when it has mistakes, and says so', async () => {
    write(
      `${file('one').replace(' - { ', ' - ').replaceAll(', name:', '\n    tokns: {}\n    name:').replace(', scopes:', '\n    scopes:').replace(' } } }', ' } }')}`,
    )
    await eventually(async () => /"gatehouse\.yaml:\d+:\d+: /.test(JSON.stringify(await health())))
    expect(await health()).toEqual({
      status: 'ready',
      warnings: ['gatehouse.yaml:3:5: tokns is not a member: did you mean tokens?'],
    })
    expect(await knows('one')).toBe(true)
    write(file('one') + client)
    await eventually(async () => !('warnings' in (await health())))
  })

  it('is not applied again for what it said before', async () => {
    const applied = async () => (await run('audit', 'list', '--event', 'declarations.applied', '--json')).stdout
    const before = await applied()
    write(readFileSync(path, 'utf8'))
    await sleep(1_500)
    expect(await applied()).toBe(before)
  })

  it('holds back while another file was applied, until it changes', async () => {
    const other = join(folder, 'other.yaml')
    writeFileSync(other, file('other') + client)
    const { exitCode, stdout, stderr } = await run('apply', other)
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 })
    expect(stdout).toContain('+ resource other')
    expect(stderr).toMatch(/^warning: .*is followed/)
    await eventually(() => knows('other'))
    expect(await knows('one')).toBe(false)
    await sleep(1_000)
    expect(await names()).toEqual(['other'])
    write(file('one', 'again') + client)
    await eventually(() => knows('again'))
    expect(await names()).toEqual(['again', 'one'])
  })
})

describe('Commands beside it', () => {
  it('plan: says what would change, and changes nothing', async () => {
    const other = join(folder, 'planned.yaml')
    writeFileSync(other, file('planned') + client)
    const { exitCode, stdout } = await run('plan', other)
    expect(exitCode).toBe(0)
    expect(stdout).toBe(
      '+ resource planned  planned.yaml:2:5\n- resource again\n- resource one\n0 connections would end.\n',
    )
    expect((await run('plan')).stdout).toBe('Nothing would change.\n')
    writeFileSync(other, 'resuorces: []\nclient: 1\n')
    expect(await run('plan', other)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `${other}:1:1: resuorces is not a member: did you mean resources?\n${other}:2:1: client is not a member: did you mean clients?\n`,
    })
  })

  it('plan: counts the connections to members of a family', async () => {
    const member = 'https://one.planned.example.com/mcp'
    const family = `resources:\n  - { pattern: "https://*.planned.example.com/mcp", name: Planned, scopes: { p: { title: P } } }\n`
    write(`${family}${client}`)
    await eventually(async () => (await names()).join() === 'planned')
    const grant = await newGrant({ issuer: stack.issuer, resource: member })
    await obtainTokens(grant, stack.newBrowser(), { account: stack.account }, 'p')
    const other = join(folder, 'planned.yaml')
    writeFileSync(other, file('one') + client)
    expect((await run('plan', other)).stdout).toContain('\n1 connection would end.\n')
    write(file('one') + client)
    await eventually(async () => (await names()).join() === 'one')
    expect((await run('plan', other)).stdout).toBe('Nothing would change.\n')
  })

  it('plan and apply: a URL that becomes the former name of another resource ends, for good', async () => {
    const one = 'https://one.example.com/mcp'
    const grant = await newGrant({ issuer: stack.issuer, resource: one })
    const given = await obtainTokens(grant, stack.newBrowser(), { account: stack.account }, 'one:use')
    const other = join(folder, 'planned.yaml')
    writeFileSync(other, file('two').replace(', name:', `, aliases: [${one}], name:`) + client)
    expect((await run('plan', other)).stdout).toContain('\n1 connection would end.\n')
    write(readFileSync(other, 'utf8'))
    await eventually(() => knows('two'))
    write(file('one') + client)
    await eventually(async () => (await names()).join() === 'one')
    await eventually(() => knows('one'))
    expect(await refresh(grant, given.refresh_token ?? '')).toMatchObject({ error: 'invalid_grant' })
  })

  it('clients: go by every resource that is declared', async () => {
    const all = ['one', 'two', 'three', 'four', 'five', 'six']
    write(file(...all) + client)
    await eventually(() => knows('six'))
    const add = (...flags: readonly string[]) => run('clients', 'add', '--name', 'Server', '--confidential', ...flags)
    const [two, three] = ['https://two.example.com/mcp', 'https://three.example.com/mcp']
    const both = await add('--introspects', `${two}/`, '--introspects', three)
    expect(both).toMatchObject({ exitCode: 0 })
    const shown = await run('clients', 'show', /client_id +(\S+)/.exec(both.stdout)?.[1] ?? '')
    expect(JSON.parse(shown.stdout)).toMatchObject({ metadata: { introspects: [two, three] } })
    expect(both.stdout.match(/^MCP URL {8}https:\/\/\w+\.example\.com\/mcp$/gm)).toHaveLength(5)
    expect(both.stdout).toContain('\n               and 1 more: see `resources list`\n')
    const limited = await add('--set', `resources=["${two}"]`)
    expect(limited.stdout.match(/^MCP URL.*$/gm)).toEqual([`MCP URL        ${two}`])
    for (const flags of [
      ['--introspects', 'https://other.example.com/mcp'],
      ['--set', 'resources=["https://other.example.com/mcp"]'],
    ]) {
      const refused = await add(...flags)
      expect([refused.exitCode, refused.stdout]).toEqual([2, ''])
      expect(refused.stderr).toContain('https://other.example.com/mcp is not declared')
    }
    write(file('one') + client)
    await eventually(async () => (await names()).join() === 'one')
  })

  it('resources: what a command made stays, and what the file owns is refused', async () => {
    const added = await run(
      'resources',
      'add',
      'https://made.example.com/mcp',
      '--name',
      'Made',
      '--scope',
      'made:use=Use it',
    )
    expect(added).toMatchObject({ exitCode: 0, stderr: '' })
    await eventually(() => knows('made'))
    write(file('one') + client)
    await eventually(async () => !(await knows('again')))
    const { stdout } = await run('resources', 'list')
    expect(stdout).toMatch(/^made +https:\/\/made\.example\.com\/mcp +Made +command/m)
    expect(stdout).toMatch(/^one .* file +gatehouse\.yaml:2:5$/m)
    expect(await run('resources', 'remove', 'one')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('gatehouse.yaml:2:5'),
    })
    expect(await run('clients', 'remove', 'web')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('gatehouse.yaml:4:5'),
    })
    const twice = await run('resources', 'add', 'https://one.example.com/mcp', '--name', 'Again', '--scope', 'a=A')
    expect(twice).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('gatehouse.yaml:2:5') })
    expect((await run('resources', 'show', 'made')).stdout).toContain('title: Use it')
    expect(await run('resources', 'remove', 'made')).toMatchObject({ exitCode: 0 })
    await eventually(async () => !(await knows('made')))
  })

  it('export: its file gives another instance the same export', async () => {
    await run(
      'resources',
      'add',
      'https://*.family.example.com/mcp',
      '--name',
      'Family',
      '--scope',
      'f=F',
      '--set',
      'tokens={ dpop: required }',
    )
    const { stdout: secret } = await run('clients', 'add', '--name', 'Machine', '--confidential')
    const { stdout, stderr } = await run('export')
    // One of the clients above is limited to what is declared no more, and one introspects nothing else.
    expect(stderr.match(/^warning: \S+ is left out: its resources are declared no more$/gm)).toHaveLength(1)
    expect(stdout).not.toContain('two.example.com')
    expect(stdout).toContain('client_secret_sha256')
    expect(stdout).not.toContain(/client_secret +(\S+)/.exec(secret)?.[1] ?? 'no secret')
    const copy = join(folder, 'copy.yaml')
    writeFileSync(copy, stdout)
    const env = { RESOURCE_URL: '', GATEHOUSE_FILE: copy, MCP_PORT: String(await freePort()) }
    const other = await startStack({ database: 'embedded', env })
    try {
      expect((await runCli(['export'], other.settings)).stdout).toBe(stdout)
    } finally {
      await other.close()
    }
  })

  it('schema: is JSON Schema', async () => {
    const { stdout } = await run('schema')
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', properties: { resources: { type: 'array' } } })
  })
})

describe('A first start', () => {
  it('with a wrong file tells every mistake and leaves nothing behind', async () => {
    const wrong = join(folder, 'wrong.yaml')
    writeFileSync(wrong, 'resuorces: []\nclient: 1\n')
    const settings = await stackSettings({ database: 'embedded', env: { GATEHOUSE_FILE: wrong } })
    expect(await failureOfStart(settings)).toBe(
      `${wrong}:1:1: resuorces is not a member: did you mean resources?\n${wrong}:2:1: client is not a member: did you mean clients?`,
    )
  })
})
