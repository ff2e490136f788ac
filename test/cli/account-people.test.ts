import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { preferredDatabase } from '../support/databases.js'
import { stackSettings } from '../support/settings.js'
import { runCli } from './terminal.js'

describe('How people come and go, by command', () => {
  let environment: Record<string, string>
  let file: string
  const run = (...args: readonly string[]) => runCli(args, environment, 'quarrel velvet harbour')
  const declare = async (yaml: string) => {
    writeFileSync(file, yaml)
    return run('apply')
  }

  beforeAll(async () => {
    file = join(mkdtempSync(join(tmpdir(), 'people-')), 'gatehouse.yaml')
    environment = { ...(await stackSettings({ database: preferredDatabase() })), GATEHOUSE_FILE: file }
    expect((await declare('groups: [{ name: support }]\n')).exitCode).toBe(0)
    expect((await run('accounts', 'add', 'bo@example.test')).exitCode).toBe(0)
  })

  it('invites with a link on a line of its own, below the issuer, and nothing else', async () => {
    const { exitCode, stdout, stderr } = await run('accounts', 'invite', 'Kim@Example.test', '--group', 'support')
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(new RegExp(`^${environment['ISSUER_URL']}/invite/[\\w-]{32}\\n$`))
    const { stdout: events } = await run('audit', 'list', '--json')
    expect(events).toContain('"account.invited"')
    expect(events).not.toContain(stdout.trim().split('/').at(-1))
  })

  it.each([
    [['bo@example.test'], 1, /there is an account bo@example\.test already/],
    [['kim@example.test', '--group', 'ghosts'], 1, /there is no group ghosts/],
    [['kim'], 2, /"kim" is not an email address/],
  ])('invites nobody by %s', async (args, exitCode, line) => {
    const { stdout, ...rest } = await run('accounts', 'invite', ...args)
    expect([rest, stdout]).toEqual([{ exitCode, stderr: expect.stringMatching(line) }, ''])
  })

  it('invites nobody while sign-up is closed; what the file says is planned, applied and exported', async () => {
    const planned = 'sign_up: closed\n'
    writeFileSync(file, planned)
    expect((await run('plan')).stdout).toMatch(/^\+ sign_up sign_up {2}gatehouse\.yaml:1:1$/m)
    expect((await declare(planned)).exitCode).toBe(0)
    expect((await run('export')).stdout).toMatch(/^sign_up: closed\n/)
    expect(await run('accounts', 'invite', 'kim@example.test')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/set `sign_up: invite` in gatehouse\.yaml/),
    })
    expect((await declare('sign_up: invite\n')).stdout).toMatch(/^~ sign_up sign_up \(policy\)/m)
    expect((await run('accounts', 'invite', 'kim@example.test')).exitCode).toBe(0)
  })

  it.each([
    ['sign_up: opne', /:1:1: sign_up must be closed, invite, open or/],
    ['sign_up: { domain: [a.example] }', /:1:12: domain is not a member: did you mean domains\?/],
    ['sign_up: { domains: [] }', /:1:12: domains must be a list of domains/],
    ['sign_up: open', /:1:1: sign_up lets strangers in, .* this server sends no mail/],
    ['sign_up: { domains: [a.example] }', /:1:1: sign_up lets strangers in/],
  ])('refuses %s', async (yaml, line) => {
    writeFileSync(file, yaml)
    expect(await run('plan')).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(line) })
  })

  it('exports what is kept about a person, without what proves them, and removes it', async () => {
    await declare('groups: [{ name: support }]\n')
    await run('groups', 'add', 'support', 'bo@example.test')
    await run('accounts', 'link', 'bo@example.test', '--issuer', 'https://idp.example', '--subject', 'employee-7')
    const exported = await run('accounts', 'export', 'bo@example.test')
    expect(exported.exitCode).toBe(0)
    expect(JSON.parse(exported.stdout)).toMatchObject({
      account: { email: 'bo@example.test', emailVerified: true, hasPassword: true },
      groups: [{ group: 'support', source: 'command' }],
      identities: [{ issuer: 'https://idp.example', subject: 'employee-7' }],
      connections: [],
      events: expect.arrayContaining([expect.objectContaining({ type: 'account.created' })]),
    })
    expect(exported.stdout).not.toContain('argon2')
    expect((await run('accounts', 'remove', 'bo@example.test')).stdout).toMatch(/^Removed bo@example\.test\./)
    for (const command of ['export', 'remove', 'disable'])
      expect(await run('accounts', command, 'bo@example.test')).toMatchObject({ exitCode: 1 })
    expect((await run('groups', 'list')).stdout).not.toContain('bo@example.test')
    const { stdout } = await run('audit', 'list', '--json')
    expect(stdout).toContain('"account.removed"')
    expect(stdout).not.toContain('bo@example.test')
    // Whoever has the address next is another person.
    expect((await run('accounts', 'add', 'bo@example.test')).exitCode).toBe(0)
    expect(JSON.parse((await run('accounts', 'export', 'bo@example.test')).stdout)).toMatchObject({
      groups: [],
      identities: [],
    })
  })
})
