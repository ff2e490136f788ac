import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import { createLogger } from '../../src/base/log.js'
import { migrate } from '../../src/database/migrate.js'
import { embeddedFolder, hasEmbeddedDatabase, prepareDatabases } from '../../src/program/data-folder.js'
import type { Part } from '../../src/program/parts-served.js'
import { runCli } from '../cli/terminal.js'
import { emptyEmbeddedFolder } from '../support/embedded-template.js'
import { openEmbeddedDatabase } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'
import { stackSettings } from '../support/settings.js'
import { startStack } from '../support/stack.js'

const embedded = { DATABASE_URL: undefined, NOTES_DATABASE_URL: undefined }

/** A DATA_DIR in which there seem to be these databases. */
function dataFolder(...databases: readonly string[]) {
  const folder = temporaryFolder('data')
  for (const name of databases) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'PG_VERSION'), '18\n')
  }
  return { DATA_DIR: folder, ...embedded }
}

const namesIn = ({ DATA_DIR: folder }: { DATA_DIR: string }) => readdirSync(folder).sort()
const folders = (config: { DATA_DIR: string }) =>
  (['auth', 'mcp'] as const).map((part) => embeddedFolder(config, part).slice(config.DATA_DIR.length + 1))

describe('The embedded databases in DATA_DIR', () => {
  it('are one when one process first starts both servers', async () => {
    const config = dataFolder()
    expect(hasEmbeddedDatabase(config, 'auth')).toBe(false)
    await prepareDatabases(config, ['auth', 'mcp'])
    expect(namesIn(config)).toEqual(['database'])
    expect(folders(config)).toEqual(['database', 'database'])
    await prepareDatabases(config, ['auth', 'mcp'])
    expect(namesIn(config)).toEqual(['database'])
  })

  it('are made for each server where it is a process of its own, or the other has a URL', async () => {
    const url = 'postgresql://localhost/auth'
    for (const [parts, urls, made] of [
      [['auth'], {}, 'auth'],
      [['auth', 'mcp'], { DATABASE_URL: url }, 'notes'],
    ] as const) {
      const config = { ...dataFolder(), ...urls }
      await prepareDatabases(config, parts)
      expect(namesIn(config)).toEqual([made])
    }
  })

  it.each<[readonly string[], readonly Part[]]>([
    [['database'], ['auth', 'mcp']],
    [['database'], ['auth']],
    [['database'], ['mcp']],
    [
      ['auth', 'notes'],
      ['auth', 'mcp'],
    ],
    [['auth', 'notes'], ['auth']],
  ])('%j stay in use for %j', async (databases, parts) => {
    const config = dataFolder(...databases)
    const lines: string[] = []
    await prepareDatabases(config, parts, createLogger('info', { write: (line) => void lines.push(line) }))
    expect(namesIn(config)).toEqual(databases)
    expect(folders(config)).toEqual(databases.length === 1 ? ['database', 'database'] : ['auth', 'notes'])
    // It costs the operator something, and they can know.
    const told = databases.length === 2 && parts.length === 2
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(told ? [expect.stringContaining('stay apart')] : [])
  })

  it('get the other one beside the one that a single server had', async () => {
    const config = dataFolder('auth')
    await prepareDatabases(config, ['auth', 'mcp'])
    expect(folders(config)).toEqual(['auth', 'notes'])
    expect(namesIn(config)).toEqual(['auth', 'notes'])
  })

  it('are not chosen from two of the same server', async () => {
    const config = dataFolder('auth', 'database')
    expect(() => embeddedFolder(config, 'auth')).toThrow(/are both databases of this server/)
    await expect(prepareDatabases(config, ['auth', 'mcp'])).rejects.toThrow(/move the one away that is not in use/)
    expect(namesIn(config)).toEqual(['auth', 'database'])
    const { exitCode, stderr } = await runCli(['accounts', 'list'], { DATA_DIR: config.DATA_DIR })
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringMatching(/are both databases/) })
  })
})

const migrationsOf = (schema: string) => fileURLToPath(new URL(`../../prisma/${schema}/migrations`, import.meta.url))

describe('A DATA_DIR of an earlier version, with a database for each server', () => {
  it('is served as it is, with all that is in it, and commands work on it and beside the server', async () => {
    const settings = await stackSettings({ database: 'embedded' })
    const folder = settings['DATA_DIR'] ?? ''
    rmSync(join(folder, 'database'), { recursive: true })
    for (const schema of ['auth', 'notes']) {
      const old = join(folder, schema)
      cpSync(await emptyEmbeddedFolder(), old, { recursive: true })
      // Their tables were in `public`.
      const database = await openEmbeddedDatabase(old)
      await migrate(database, migrationsOf(schema))
      await database.close()
    }
    expect(await runCli(['accounts', 'add', 'eve@example.org'], settings, 'quarrel velvet harbour\n')).toMatchObject({
      exitCode: 0,
    })
    const stack = await startStack({ database: 'embedded', env: settings })
    expect(namesIn({ DATA_DIR: folder })).not.toContain('database')
    expect(stack.logLines.join('')).toContain('these embedded databases stay apart')
    expect((await runCli(['accounts', 'list'], settings)).stdout).toMatch(/^eve@example\.org/m)
    const added = await runCli(['api-keys', 'add', 'Nightly', '--scopes', 'notes:read'], settings)
    expect(added).toMatchObject({ exitCode: 0 })
    await stack.stop()
    expect((await runCli(['api-keys', 'list'], settings)).stdout).toContain('Nightly')
    expect((await runCli(['migrate'], settings)).stdout).toBe('auth: up to date\nnotes: up to date\n')
  })
})
