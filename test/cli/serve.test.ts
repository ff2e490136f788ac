import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, jest } from '@jest/globals'
import { bannerLines } from '../../src/cli/banner.js'
import { parseConfig } from '../../src/config/config.js'
import { eventually } from '../support/eventually.js'
import { killAfterwards } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'
import { stackSettings } from '../support/settings.js'
import { briefly, type StackProcess, startStackProcess } from '../support/stack-process.js'

// Each starts up to four processes, one after the other, with an embedded database; on a machine that is ten times slower as well.
jest.setTimeout(600_000)

const noAccount = { BOOTSTRAP_EMAIL: '', BOOTSTRAP_PASSWORD: '' }

/** Runs the built program to its end. */
async function runProgram(args: readonly string[], settings: Readonly<Record<string, string>>) {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings }
  const child = killAfterwards(
    spawn(process.execPath, [...briefly, 'dist/main.js', ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] }),
  )
  let stderr = ''
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const [exitCode] = await once(child, 'close')
  return { exitCode, stderr, lines: stderr.split('\n').filter((line) => line.startsWith('gatehouse: ')) }
}

function untilPrints(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    stream.on('data', (chunk) => {
      printed += String(chunk)
      if (printed.includes(text)) resolve()
    })
    stream.on('end', () => reject(new Error(`it ended without saying ${text}: ${printed}`)))
  })
}

async function untilPrinted(stack: StackProcess, text: string): Promise<string> {
  await eventually(() => stack.output().includes(text))
  return stack.output()
}

/** Embedded databases, whole or half made. */
const databasesIn = (folder: string) =>
  readdirSync(folder).filter((name) => existsSync(join(folder, name, 'PG_VERSION')) || name.endsWith('.unfinished'))

describe('gatehouse serve', () => {
  it('warns of the version of Node itself, at serve alone, in one line', async () => {
    const settings = await stackSettings({ database: 'embedded' })
    for (const args of [['help'], ['clients', 'list'], ['config', 'print']]) {
      expect((await runProgram(args, settings)).stderr).not.toMatch(/runtime|Node/)
    }
    const stack = await startStackProcess({ database: 'embedded' })
    const lines = (await untilPrinted(stack, 'mcp-remote')).split('\n').filter((line) => /runtime|Node \d/.test(line))
    const isOld = Number.parseInt(process.versions.node, 10) < 22
    expect(lines).toEqual(isOld ? [expect.stringMatching(/"level":"warn".*use Node 22 or newer/)] : [])
    await stack.stop()
  })

  it.each([
    [20, undefined, 'node dist/main.js accounts add', false],
    [24, undefined, 'node dist/main.js accounts add', true],
    [24, 'docker compose exec auth gatehouse', 'docker compose exec auth gatehouse accounts add', true],
  ])('on Node %i, called as %s, prints lines that work there', (nodeMajor, commandName, adds, hasInspector) => {
    const config = parseConfig({ COMMAND_NAME: commandName }, () => '')
    const urls = { issuer: config.ISSUER_URL, resource: config.RESOURCE_URL }
    const program = config.COMMAND_NAME ?? 'node dist/main.js'
    const lines = bannerLines(config, { urls, setupLink: () => undefined }, undefined, { program, nodeMajor }).join(
      '\n',
    )
    expect(lines).toContain(adds)
    expect(lines.includes('@modelcontextprotocol/inspector')).toBe(hasInspector)
  })

  it('is a program that may be run, however it was built', () => {
    expect(() => accessSync('dist/main.js', constants.X_OK)).not.toThrow()
  })

  it('prints where it is, how to make the first account and how to connect; stops on SIGTERM with status 0', async () => {
    const stack = await startStackProcess({ database: 'embedded', env: noAccount })
    const output = await untilPrinted(stack, 'mcp-remote')
    expect(output).toContain(`MCP URL               ${stack.resource}`)
    expect(output).toContain(`Authorization server  ${stack.issuer}`)
    expect(output).toMatch(/works once, for an hour:\n +http:\/\/localhost:\d+\/setup\?token=[\w-]{43}\n/)
    for (const client of ['Claude Code', 'VS Code', 'Cursor', 'mcp-remote']) expect(output).toContain(client)

    const second = await runProgram(['serve'], { ...stack.settings, AUTH_PORT: '0', MCP_PORT: '0' })
    expect(second.exitCode).toBe(1)
    expect(second.lines).toEqual([expect.stringMatching(/is in use by another process/)])
    expect(await stack.stop()).toBe(0)
  })

  it('makes new embedded databases that lack no migration, also when it may apply none', async () => {
    const folder = join(temporaryFolder('new'), 'data')
    const env = { DATA_DIR: folder, MIGRATE_ON_START: 'false' }
    const stack = await startStackProcess({ database: 'embedded', env })
    expect(databasesIn(folder)).toEqual(['database'])
    expect(await stack.stop()).toBe(0)
  })

  it('goes on with the shared one as a single server, and refuses to be the second process on it', async () => {
    const stack = await startStackProcess({ database: 'embedded' })
    await untilPrinted(stack, 'Sign in as')
    expect(await stack.stop()).toBe(0)
    const env: Record<string, string> = { ...stack.settings, BOOTSTRAP_EMAIL: '', BOOTSTRAP_PASSWORD: '' }
    const auth = await startStackProcess({ database: 'embedded', env, only: 'auth' })
    // The account of the first start is there: nobody is invited to make one.
    expect(await untilPrinted(auth, 'Gatehouse')).not.toContain('/setup?token=')
    expect(databasesIn(env['DATA_DIR'] ?? '')).toEqual(['database'])
    const { exitCode, lines } = await runProgram(['serve', 'mcp'], env)
    expect(exitCode).toBe(1)
    expect(lines).toEqual([expect.stringMatching(/database is in use by another process; .* set another DATA_DIR/)])
    expect(await auth.stop()).toBe(0)
  })

  it('makes one for each server where each is a process, and both run on one DATA_DIR', async () => {
    const folder = join(temporaryFolder('apart'), 'data')
    const settings = await stackSettings({ database: 'embedded', env: { DATA_DIR: folder, MIGRATE_ON_START: 'false' } })
    const auth = await startStackProcess({ database: 'embedded', env: settings, only: 'auth' })
    const mcp = await startStackProcess({ database: 'embedded', env: settings, only: 'mcp' })
    expect(databasesIn(folder)).toEqual(['auth', 'notes'])
    expect([await auth.stop(), await mcp.stop()]).toEqual([0, 0])
  })

  it('names the bootstrap account, and keeps the link of a first start out of later ones', async () => {
    const stack = await startStackProcess({ database: 'embedded' })
    expect(await untilPrinted(stack, 'Sign in as')).toContain('Sign in as ada@example.com')
    expect(stack.output()).not.toContain('/setup?token=')
    expect(stack.output()).not.toContain(stack.settings['BOOTSTRAP_PASSWORD'])
    await stack.stop()
  })

  it('runs one half when told so', async () => {
    const stack = await startStackProcess({ database: 'embedded', only: 'mcp' })
    const output = await untilPrinted(stack, 'mcp-remote')
    expect(output).not.toContain('Authorization server')
    await expect(fetch(`${stack.issuer}/health/live`)).rejects.toThrow()
    await stack.stop()
  })

  it('says in one line that a port is taken', async () => {
    const stack = await startStackProcess({ database: 'embedded' })
    const { ISSUER_URL = '' } = stack.settings
    const other = await stackSettings({ database: 'embedded', env: { ISSUER_URL } })
    const { exitCode, lines } = await runProgram(['serve'], other)
    expect(exitCode).toBe(1)
    const { port } = new URL(ISSUER_URL)
    expect(lines).toEqual([`gatehouse: cannot listen on 127.0.0.1:${port}: the port is taken (ISSUER_URL sets it)`])
    await stack.stop()
  })

  describe('judges all settings before it makes anything, and `config check` says the same', () => {
    it.each<[string, Readonly<Record<string, string>>, RegExp]>([
      [
        'a weak password',
        { BOOTSTRAP_PASSWORD: 'sesame' },
        /BOOTSTRAP_PASSWORD is refused. Use at least 15 characters/,
      ],
      ['a declaration file that is none', { GATEHOUSE_FILE: '{' }, /^\S+GATEHOUSE_FILE:1:\d+: /],
      [
        'clients without a name',
        { GATEHOUSE_FILE: '{"clients":[{"client_id":"a"}]}' },
        /:1:13: client_name is missing/,
      ],
      ['resources that are none', { GATEHOUSE_FILE: '{"resources":3}' }, /resources must be a list/],
      ['two mistakes', { ACCENT_COLOR: 'blue', AUTH_PORT: 'x' }, /2 settings are wrong/],
    ])('%s', async (_name, mistakes, complaint) => {
      const settings: Record<string, string> = { ...(await stackSettings({ database: 'embedded' })), ...mistakes }
      const folder = mkdtempSync(join(tmpdir(), 'gatehouse-settings-'))
      try {
        for (const name of ['GATEHOUSE_FILE'].filter((file) => file in mistakes)) {
          const file = join(folder, name)
          writeFileSync(file, settings[name] ?? '')
          settings[name] = file
        }
        settings['DATA_DIR'] = join(folder, 'data')
        const served = await runProgram(['serve', 'auth'], settings)
        const checked = await runProgram(['config', 'check'], settings)
        for (const { exitCode, stderr } of [served, checked]) {
          expect(stderr).toMatch(complaint)
          expect(exitCode).toBe(1)
        }
        expect(existsSync(settings['DATA_DIR'])).toBe(false)
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  })

  it('stops when the shell that npm started it in has died, which npm does not tell it', async () => {
    const settings = await stackSettings({ database: 'embedded' })
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], npm_lifecycle_event: 'start', ...settings }
    const program = `"${process.execPath}" dist/main.js serve; true`
    const shell = killAfterwards(spawn('sh', ['-c', program], { env, stdio: ['ignore', 'pipe', 'inherit'] }))
    await untilPrints(shell.stdout, 'Gatehouse is ready.')
    const closed = once(shell.stdout, 'close')
    shell.kill('SIGKILL')
    shell.stdout.resume()
    await closed
    await expect(fetch(`${settings['ISSUER_URL']}/health/live`)).rejects.toThrow()
  })
})
