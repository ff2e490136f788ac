import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { temporaryFolder } from '../support/run-folder.js'
import { runCli } from './terminal.js'

describe('gatehouse', () => {
  it.each([[[]], [['help']], [['--help']]])('explains itself when called with %j', async (args) => {
    const { exitCode, stdout, stderr } = await runCli(args)
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    for (const form of [
      'serve [auth|mcp]',
      'migrate',
      'accounts add <email>',
      'clients list',
      'config print',
      'doctor [<MCP URL>]',
    ]) {
      expect(stdout).toContain(form)
    }
  })

  it('tells its version', async () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
    expect((await runCli(['--version'])).stdout).toBe(`${manifest.version}\n`)
  })

  it('explains one command', async () => {
    const { exitCode, stdout } = await runCli(['clients', '--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('gatehouse clients show <client_id>')
  })

  it.each([
    ['an unknown command', ['fly'], /no command "fly"/],
    ['an unknown flag', ['serve', '--fast'], /Unknown option '--fast'/],
    ['an unknown server', ['serve', 'everything'], /serve takes nothing, auth or mcp/],
    ['an unknown database', ['migrate', 'all'], /migrate takes nothing, auth or notes/],
    ['no action', ['accounts'], /say what to do: add, invite, list/],
    ['no moment', ['access', 'end'], /--before is required/],
    ['a moment to come', ['access', 'end', '--before', '2999-01-01'], /a moment in the past/],
    ['no moment of any kind', ['access', 'end', '--before', 'soon'], /--before takes a time ago/],
    ['no email', ['accounts', 'disable'], /say which account/],
    ['a bad email', ['accounts', 'add', 'ada'], /"ada" is not an email address/],
    ['a password as an argument', ['accounts', 'add', 'ada@example.org', 'hunter2hunter2hunter2'], /never one of them/],
    ['a client without a name', ['clients', 'add', '--redirect-uri', 'https://app.example.org/cb'], /needs a --name/],
    [
      'an unknown grant',
      ['clients', 'add', '--name', 'x', '--confidential', '--grant', 'password'],
      /--grant is one of/,
    ],
    ['an endless invitation', ['clients', 'invite', '--hours', '721'], /--hours is a whole number from 1 to 720/],
    ['a part of an hour', ['clients', 'invite', '--hours', '0.5'], /--hours is a whole number/],
    ['a public client with its own rights', ['clients', 'add', '--name', 'x'], /need --confidential/],
    ['a code without a redirect', ['clients', 'add', '--name', 'x', '--grant', 'authorization_code'], /--redirect-uri/],
  ])('answers %s with one line and status 2', async (_name, args, line) => {
    const { exitCode, stdout, stderr } = await runCli(args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(line)
    expect(stderr.trim().split('\n')).toHaveLength(2)
  })

  it.each(['--\u001b[2Jx', '--\u009b31m', '--\u202ex'])('lets no argument steer the terminal (%j)', async (flag) => {
    const { stderr } = await runCli(['serve', flag])
    expect(stderr).toMatch(/^gatehouse: .*Unknown option '--\ufffd/)
    expect(stderr).not.toMatch(/[^\P{C}\n]/u)
  })

  it('reports every wrong setting at once, with status 1', async () => {
    const { exitCode, stderr } = await runCli(['serve'], { ISSUER_URL: 'example.org', AUTH_PORT: 'x', ISUER_URL: 'y' })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/ISSUER_URL must be/)
    expect(stderr).toMatch(/AUTH_PORT must be/)
    expect(stderr).not.toContain('    at ')
  })

  it('prints the effective settings with secrets masked', async () => {
    const { exitCode, stdout } = await runCli(['config', 'print'], {
      ISSUER_URL: 'https://auth.example.org',
      DATABASE_URL: 'postgresql://gatehouse:sesame@db.example.org/auth',
    })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^ISSUER_URL +https:\/\/auth\.example\.org$/m)
    expect(stdout).toMatch(/^DATABASE_URL +\*+$/m)
    expect(stdout).not.toContain('sesame')
  })

  it('says in one line that the database cannot be reached, and keeps its URL to itself', async () => {
    const DATABASE_URL = 'postgresql://gatehouse:sesame@127.0.0.1:1/auth'
    const { exitCode, stderr } = await runCli(['accounts', 'list'], { DATABASE_URL, DATA_DIR: temporaryFolder('data') })
    expect(exitCode).toBe(1)
    expect(stderr).toBe('gatehouse: cannot reach the database: nothing listens at the host and port of its URL\n')
  })

  it('says in one line that a folder cannot be written', async () => {
    const file = join(temporaryFolder('blocked'), 'file')
    writeFileSync(file, '')
    const { exitCode, stderr } = await runCli(['migrate'], { DATA_DIR: join(file, 'data') })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^gatehouse: cannot write to .*\n$/)
  })
})
