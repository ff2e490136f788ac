import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { preferredDatabase } from '../support/databases.js'
import { stackSettings } from '../support/settings.js'
import { runCli } from './terminal.js'

const yaml = `groups:
  - { name: support, title: Support team, members: [Bo@Example.test] }
  - { name: staff }
resources:
  - url: http://localhost:8080/mcp
    name: Acme Tickets
    scopes:
      tickets:read: { title: Read }
      tickets:write: { title: Write, includes: [tickets:read] }
      tickets:purge: { title: Purge, destructive: true }
    access:
      everyone: [tickets:read]
      support: [tickets:read, tickets:write]
clients:
  - client_id: portal
    client_name: Portal
    redirect_uris: [http://127.0.0.1/callback]
    token_endpoint_auth_method: none
`

describe('Groups and policy', () => {
  let environment: Record<string, string>
  let file: string
  const run = (...args: readonly string[]) => runCli(args, environment)
  const write = (text: string) => writeFileSync(file, text)
  const test = (...args: readonly string[]) =>
    run('policy', 'test', '--client', 'portal', '--resource', 'acme-tickets', ...args)

  beforeAll(async () => {
    file = join(mkdtempSync(join(tmpdir(), 'groups-')), 'gatehouse.yaml')
    const settings = await stackSettings({ database: preferredDatabase() })
    const { RESOURCE_URL: _of, RESOURCE_ALIASES: _file, ...rest } = settings
    environment = { ...rest, GATEHOUSE_FILE: file }
    write(yaml)
    expect(await run('apply')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('+ group support') })
    for (const email of ['bo@example.test', 'kim@example.test'])
      expect((await runCli(['accounts', 'add', email], environment, 'quarrel velvet harbour')).exitCode).toBe(0)
  })

  it.each([
    ['support: [tickets:read, tickets:write]', 'suport: all', /:13:7: "suport" is no group: did you mean support\?/],
    ['support: [tickets:read, tickets:write]', 'support: [tickets:wite]', /:13:17: "tickets:wite" is not a scope/],
    ['name: staff', 'name: everyone', /:3:\d+: everyone is everybody with an account/],
    ['name: staff', 'name: support', /:3:\d+: name support is that of another group/],
    ['Bo@Example.test', 'bo', /:2:\d+: "bo" is not an email address/],
    ['Bo@Example.test', 'bo@b.c, BO@b.c', /:2:\d+: bo@b\.c is listed twice/],
    ['title: Support', 'titel: Support', /:2:\d+: titel is not a member/],
  ])('refuse %s as %s, with its place', async (good, bad, line) => {
    write(yaml.replace(good, bad))
    expect(await run('plan')).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(line) })
    write(yaml)
  })

  it('lists who is in, and where that is said', async () => {
    expect((await run('groups', 'list')).stdout).toMatch(
      /^support +Support team +file +bo@example\.test +gatehouse\.yaml:2:5$/m,
    )
    const [staff] = JSON.parse((await run('groups', 'list', '--json')).stdout)
    expect(staff).toMatchObject({ name: 'staff', members: [] })
  })

  it('adds members to a group whose members the file does not list, and to one of its own', async () => {
    expect(await run('groups', 'add', 'staff', 'Kim@Example.test', 'later@example.test')).toEqual({
      ...{ exitCode: 0, stderr: '' },
      stdout: 'Added kim@example.test to staff.\nAdded later@example.test to staff.\n',
    })
    expect((await run('groups', 'add', 'staff', 'kim@example.test')).stdout).toMatch(/is in staff already/)
    expect(await run('groups', 'add', 'leads', '--title', 'Team leads')).toMatchObject({
      stdout: 'Added the group leads.\n',
    })
    expect((await run('groups', 'list')).stdout).toMatch(/^leads +Team leads +command/m)
    // Applying the file leaves both alone.
    await run('apply')
    expect((await run('groups', 'list')).stdout).toMatch(
      /^leads +Team leads[\s\S]*^staff .*kim@example\.test, later@example\.test/m,
    )
    expect((await run('export')).stdout).toMatch(/- name: staff\n {4}members:\n {6}- kim@example\.test\n {6}- later@/)
  })

  it.each([
    [['add', 'support', 'kim@example.test'], /members of support are declared at gatehouse\.yaml:2:\d+/],
    [['remove', 'support', 'bo@example.test'], /bo@example\.test is in support at gatehouse\.yaml:2:\d+/],
    [['remove', 'support'], /support is declared at gatehouse\.yaml:2:5/],
    [['add', 'support', '--title', 'Us'], /support is declared at gatehouse\.yaml:2:5/],
    [['add', 'support'], /there is a group support already, declared at gatehouse\.yaml:2:5/],
    [['remove', 'staff', 'eve@example.test'], /eve@example\.test is not in staff/],
    [['remove', 'ghosts'], /there is no group ghosts/],
  ])('refuses %s', async (args, line) => {
    expect(await run('groups', ...args)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(line) })
  })

  it.each([[['add', 'everyone']], [['add', '-']], [['add', 'staff', 'kim']], [['add']], [['mend', 'x']]])(
    'is called the wrong way by %s',
    async (args) => {
      expect((await run('groups', ...args)).exitCode).toBe(2)
    },
  )

  it('removes members and groups of its own, not a group that a resource names', async () => {
    expect((await run('groups', 'remove', 'staff', 'later@example.test')).exitCode).toBe(0)
    write(yaml.replace('support: [tickets:read, tickets:write]', 'leads: all'))
    expect((await run('apply')).exitCode).toBe(0)
    expect(await run('groups', 'remove', 'leads')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/leads is named by the resource acme-tickets at gatehouse\.yaml:13:7/),
    })
    write(yaml)
    expect((await run('apply')).exitCode).toBe(0)
    expect((await run('groups', 'remove', 'leads')).stdout).toBe('Removed the group leads.\n')
    const { stdout } = await run('audit', 'list', '--json')
    for (const type of ['group.added', 'group.removed', 'group.member_added', 'group.member_removed'])
      expect(stdout).toContain(`"${type}"`)
  })

  it('explains what a person may give, scope by scope, with the place of the rule', async () => {
    const bo = await test('--person', 'bo@example.test')
    expect(bo.exitCode).toBe(0)
    expect(bo.stdout).toMatch(/bo@example\.test is in: everyone, support\. The client is of the class operator\./)
    expect(bo.stdout).toMatch(/^tickets:write +yes +members of support may grant it +gatehouse\.yaml:13:7/m)
    expect(bo.stdout).toMatch(
      /^tickets:purge +no +none of the person's groups may grant it: no group may +gatehouse\.yaml:11:5/m,
    )
    const kim = await test('--person', 'kim@example.test', '--json')
    const { scopes } = JSON.parse(kim.stdout)
    expect(scopes).toContainEqual(
      expect.objectContaining({
        scope: 'tickets:write',
        allowed: false,
        reason: expect.stringMatching(/only Support team may/),
      }),
    )
    expect(await test('--person', 'kim@example.test', '--scopes', 'tickets:write nonsense')).toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(/^nonsense +no +Acme Tickets has no such scope/m),
    })
    await run('accounts', 'disable', 'kim@example.test')
    expect((await test('--person', 'kim@example.test')).stdout).toMatch(/the account is disabled/)
  })

  it.each([
    [['--person', 'nobody@example.test'], 1, /there is no account/],
    [[], 2, /needs --person/],
  ])('says what is missing of %s', async (args, exitCode, line) => {
    expect(await test(...args)).toMatchObject({ exitCode, stderr: expect.stringMatching(line) })
  })
})
