import { beforeAll, describe, expect, it } from '@jest/globals'
import { preferredDatabase } from '../support/databases.js'
import { stackSettings } from '../support/settings.js'
import { type CommandRun, runCli, typing } from './terminal.js'

const password = 'quarrel velvet harbour'

describe('gatehouse accounts', () => {
  let environment: Record<string, string>
  const accounts = (args: readonly string[], input?: Parameters<typeof runCli>[2]): Promise<CommandRun> =>
    runCli(['accounts', ...args], environment, input)

  beforeAll(async () => {
    environment = await stackSettings({ database: preferredDatabase() })
  })

  it('starts with no account', async () => {
    expect(await accounts(['list'])).toMatchObject({ exitCode: 0, stdout: 'There is no account yet.\n' })
  })

  it('adds an account with the first line of standard input as its password', async () => {
    const added = await accounts(['add', 'Ada@Example.org', '--name', 'Ada'], `${password}\nnot this line\n`)
    expect(added).toEqual({ exitCode: 0, stdout: 'Added ada@example.org.\n', stderr: '' })
    expect((await accounts(['list'])).stdout).toMatch(/^ada@example\.org +Ada +active/m)
  })

  it('refuses a second account for the same email', async () => {
    const { exitCode, stderr } = await accounts(['add', 'ada@example.org'], password)
    expect(exitCode).toBe(1)
    expect(stderr).toBe('gatehouse: there is an account ada@example.org already\n')
  })

  it.each([
    ['a short one', 'sesame', /the password is refused\. Use at least 15/],
    ['one that attackers try first', 'Password123456789', /the password is refused\. This is among the first/],
    ['none', '', /no password was given/],
  ])('refuses %s as a password', async (_name, input, line) => {
    const { exitCode, stderr } = await accounts(['add', 'eve@example.org'], input)
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(line)
  })

  it('links an account to a subject of another provider, once', async () => {
    const link = (email: string, ...rest: string[]) =>
      accounts(['link', email, '--issuer', 'https://idp.example', ...rest])
    expect((await link('ada@example.org', '--subject', 'employee-1')).stdout).toBe(
      'Linked ada@example.org to employee-1 of https://idp.example.\n',
    )
    expect((await link('ada@example.org', '--subject', 'employee-1')).exitCode).toBe(0)
    expect((await accounts(['add', 'dee@example.org'], password)).exitCode).toBe(0)
    expect(await link('dee@example.org', '--subject', 'employee-1')).toMatchObject({
      exitCode: 1,
      stderr: 'gatehouse: that subject is linked to another account already\n',
    })
    expect((await link('ada@example.org')).exitCode).toBe(2)
    expect((await link('nobody@example.org', '--subject', 'x')).exitCode).toBe(1)
  })

  it('prints a link for a new password, alone, and says in the audit trail that it did', async () => {
    const { exitCode, stdout, stderr } = await accounts(['reset-link', 'Ada@Example.org'])
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(new RegExp(`^${environment['ISSUER_URL']}/reset/[\\w-]{32}\n$`))
    const trail = await runCli(['audit', 'list', '--event', 'account.reset_link'], environment)
    expect(trail.stdout).toContain('command line')
    expect(trail.stdout).not.toContain(stdout.trim().split('/').at(-1))
    expect(await accounts(['reset-link', 'nobody@example.org'])).toMatchObject({ exitCode: 1, stdout: '' })
  })

  it('shows what a person signs in with, and takes it off a lost account', async () => {
    expect((await accounts(['factors', 'ada@example.org'])).stdout).toMatch(/^FACTOR[^\n]+\npassword *\n$/)
    const removed = await accounts(['factors', 'ada@example.org', '--remove', 'all'])
    expect(removed).toMatchObject({ exitCode: 0, stdout: 'Removed from ada@example.org: nothing: there was none.\n' })
    expect(await accounts(['factors', 'ada@example.org', '--remove', 'everything'])).toMatchObject({ exitCode: 2 })
    expect(JSON.parse((await accounts(['factors', 'ada@example.org', '--json'])).stdout)).toEqual({
      ...{ password: true, passkeys: [], app: {}, recoveryCodes: 0 },
    })
  })

  it('asks twice at a terminal and shows nothing of what is typed', async () => {
    const { exitCode, stdout, stderr } = await accounts(
      ['add', 'bo@example.org'],
      typing(`${password}\n`, `${password}\n`),
    )
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'Added bo@example.org.\n' })
    expect(stderr).toMatch(/not shown\): \nThe same again: \n$/)
    expect(stdout + stderr).not.toContain('velvet')
  })

  it('adds nothing when the two differ, or when Ctrl-C is pressed', async () => {
    const differ = await accounts(['add', 'cy@example.org'], typing(`${password}\n`, `${password}s\n`))
    expect(differ).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('the two passwords differ') })
    const cancelled = await accounts(['add', 'cy@example.org'], typing('quarrel\u0003'))
    expect(cancelled).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('cancelled, nothing was changed') })
    expect((await accounts(['list'])).stdout).not.toContain('cy@example.org')
  })

  it('sets a password, disables and enables', async () => {
    expect((await accounts(['set-password', 'ada@example.org'], 'another velvet harbour')).exitCode).toBe(0)
    expect((await accounts(['disable', 'ada@example.org'])).exitCode).toBe(0)
    expect((await accounts(['list'])).stdout).toMatch(/^ada@example\.org +Ada +disabled/m)
    expect((await accounts(['enable', 'ada@example.org'])).exitCode).toBe(0)
    expect((await accounts(['unlock', 'ADA@example.org'])).stdout).toBe(
      'Cleared the failed sign-ins of ada@example.org.\n',
    )
    const listed = JSON.parse((await accounts(['list', '--json'])).stdout)
    expect(listed[0]).toMatchObject({ email: 'ada@example.org', name: 'Ada' })
    expect(JSON.stringify(listed)).not.toContain('argon2')
  })

  it.each(['set-password', 'disable', 'enable', 'unlock'])('says so when there is no account to %s', async (action) => {
    const { exitCode, stderr } = await accounts([action, 'nobody@example.org'], password)
    expect(exitCode).toBe(1)
    expect(stderr).toBe('gatehouse: there is no account nobody@example.org\n')
  })
})
