import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { createDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { openServerDatabase } from '../support/opened.js'
import { stackSettings } from '../support/settings.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'
import { runCli } from './terminal.js'

// Starts processes one after the other; on a machine that is ten times slower as well.
jest.setTimeout(600_000)

const password = 'quarrel velvet harbour'

describe('Commands beside a running server with embedded databases', () => {
  let stack: StackProcess
  const run = (line: string, input = '') => runCli(line.split(' '), stack.settings, input)

  beforeAll(async () => {
    stack = await startStackProcess({ database: 'embedded' })
  })
  afterAll(() => stack?.stop())

  it.each([
    ['accounts add eve@example.org', /^Added eve@example\.org/],
    ['accounts list', /^eve@example\.org/m],
    ['accounts disable eve@example.org', /eve@example\.org/],
    ['clients add --name Exporter --confidential', /client_secret/],
    ['clients list', /Exporter/],
    ['clients invite', /\S{20,}/],
    ['keys list', /ES256/],
    ['keys rotate --now', /./],
    ['keys encrypt', /./],
    ['api-keys add Nightly --scopes notes:read', /api_key/],
    ['api-keys list', /Nightly/],
    ['audit list', /account\.created/],
    ['access end --before now', /./],
  ])('gatehouse %s', async (line, output) => {
    const { exitCode, stdout, stderr } = await run(line, `${password}\n`)
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr, stdout }).toMatchObject({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(output)
  })

  it('is felt by the server at once, and takes nothing from it', async () => {
    const { stdout } = await run('keys rotate --now')
    expect(stdout).not.toBe('')
    const [ready, keys] = await Promise.all([fetch(`${stack.issuer}/health/ready`), fetch(`${stack.issuer}/jwks`)])
    expect(ready.status).toBe(200)
    expect(((await keys.json()) as { keys: unknown[] }).keys.length).toBeGreaterThan(1)
  })

  it('races with other commands and the server without one losing what it wrote', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `person${index}@example.org`)
    const results = await Promise.all(names.map((name) => run(`accounts add ${name}`, `${password}\n`)))
    expect(results.map(({ exitCode }) => exitCode)).toEqual(names.map(() => 0))
    const { stdout } = await run('accounts list')
    for (const name of names) expect(stdout).toContain(name)
  })

  it('finds the server by a file that only its owner reads, at a socket in a folder that only its owner enters', () => {
    const file = join(stack.settings['DATA_DIR'] ?? '', 'auth.socket')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(dirname(readFileSync(file, 'utf8').trim())).mode & 0o777).toBe(0o700)
  })

  it('keeps every file of the data folder to its owner', () => {
    const folder = stack.settings['DATA_DIR'] ?? ''
    const open = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (name) => (statSync(join(folder, name)).mode & 0o077) !== 0,
    )
    expect(open).toEqual([])
  })
})

describe('Commands and the schema', () => {
  it.each(['accounts list', 'clients list', 'keys list', 'api-keys list', 'audit list'])(
    'gatehouse %s makes no database',
    async (line) => {
      const settings = { ...(await stackSettings({ database: 'embedded' })) }
      settings['DATA_DIR'] = join(settings['DATA_DIR'] ?? '', 'nothing-yet')
      const { exitCode, stderr } = await runCli(line.split(' '), settings)
      expect({ exitCode, stderr }).toEqual({
        exitCode: 1,
        stderr: expect.stringMatching(
          /^gatehouse: there is no database in .* yet: start the server once, or run `gatehouse migrate`\n$/,
        ),
      })
      expect(existsSync(settings['DATA_DIR'])).toBe(false)
    },
  )
})

describeOnPostgres('Commands and a PostgreSQL that lacks migrations', () => {
  it.each(['true', 'false'])('run no DDL with MIGRATE_ON_START=%s; `gatehouse migrate` does', async (migrates) => {
    const url = await createDatabase()
    const settings = {
      ...(await stackSettings({ database: 'embedded' })),
      DATABASE_URL: url,
      MIGRATE_ON_START: migrates,
    }
    const refused = await runCli(['accounts', 'list'], settings)
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/pending: run `gatehouse migrate`\n$/) })
    const database = openServerDatabase({ url, poolSize: 4, onIdleError: () => undefined })
    try {
      const tables = {
        name: 'tables',
        lane: 'read' as const,
        text: "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
      }
      expect((await database.sql.query(tables, [])).rows).toEqual([])
    } finally {
      await database.close()
    }
    expect(await runCli(['migrate', 'auth'], settings)).toMatchObject({ exitCode: 0 })
    expect(await runCli(['accounts', 'list'], settings)).toMatchObject({ exitCode: 0 })
  })
})
