import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { randomSecret } from '../../src/base/secrets.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { freePort } from '../support/free-port.js'
import { listenOn, newClient } from '../support/opened.js'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type Stack, startStack } from '../support/stack.js'
import { runCli } from './terminal.js'

type Settings = Readonly<Record<string, string>>

const reportSchema = z.object({
  version: z.literal(1),
  parts: z.array(z.string()),
  at: z.iso.datetime(),
  summary: z.object({ passed: z.number(), warnings: z.number(), failed: z.number(), skipped: z.number() }),
  groups: z.array(
    z.object({
      name: z.string(),
      checks: z.array(
        z.object({
          id: z.string(),
          outcome: z.string(),
          problems: z.array(z.object({ code: z.string(), severity: z.string(), seen: z.string() })),
        }),
      ),
    }),
  ),
})

async function examine(settings: Settings, ...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runCli(['doctor', '--local', '--json', ...args], settings)
  expect(stderr).toBe('')
  const report = reportSchema.parse(JSON.parse(stdout))
  const problems = report.groups.flatMap(({ checks }) => checks.flatMap((check) => check.problems))
  // Nothing is printed that a log must not hold either.
  for (const name of ['BOOTSTRAP_PASSWORD', 'ENCRYPTION_KEY', 'DATABASE_URL', 'MCP_SERVER_SECRET'] as const) {
    const secret = settings[name]
    if (secret !== undefined && secret !== '') expect(stdout).not.toContain(secret)
  }
  return { exitCode, report, problems, codes: [...new Set(problems.map(({ code }) => code))] }
}

/** What is so in every row: the servers are stopped, so that none mends what was planted. */
const silent = 'address-silent-here'

interface Row {
  readonly name: string
  /** Carried out in the authorization server's database by a superuser; `#` is its name. */
  readonly plant?: string
  /** The same in the notes' database. */
  readonly plantNotes?: string
  readonly env?: Settings
  readonly args?: readonly string[]
  readonly codes: readonly string[]
  readonly seen?: RegExp
  readonly fails: boolean
}

const strange = `(id, checksum, migration_name, started_at, applied_steps_count, finished_at)`
const rows: readonly Row[] = [
  {
    name: 'a migration that is not applied',
    plant: `DELETE FROM _prisma_migrations WHERE migration_name = (SELECT max(migration_name) FROM _prisma_migrations)`,
    codes: ['migrations-pending'],
    seen: /^auth: \d{14}_/,
    fails: false,
  },
  {
    name: 'the same, where the operator applies them',
    plant: `DELETE FROM _prisma_migrations WHERE migration_name = (SELECT max(migration_name) FROM _prisma_migrations)`,
    env: { MIGRATE_ON_START: 'false' },
    codes: ['migrations-due'],
    fails: true,
  },
  {
    name: 'a migration of a newer release',
    plant: `INSERT INTO _prisma_migrations ${strange} VALUES ('x', 'x', '99990101000000_later', now(), 1, now())`,
    codes: ['migrations-unknown'],
    seen: /^auth: 99990101000000_later$/,
    fails: false,
  },
  {
    name: 'a migration that did not finish',
    plant: `INSERT INTO _prisma_migrations ${strange} VALUES ('x', 'x', '99990101000000_torn', now(), 0, NULL)`,
    codes: ['migrations-failed'],
    fails: true,
  },
  {
    name: 'a migration that was edited',
    plant: `UPDATE _prisma_migrations SET checksum = 'x' WHERE migration_name = (SELECT min(migration_name) FROM _prisma_migrations)`,
    codes: ['migrations-changed'],
    fails: true,
  },
  {
    name: 'a database that takes no writes',
    plant: `ALTER DATABASE # SET default_transaction_read_only = on`,
    codes: ['database-read-only'],
    fails: true,
  },
  {
    name: 'a database that forgets',
    plant: `ALTER DATABASE # SET synchronous_commit = off`,
    codes: ['database-forgets'],
    seen: /synchronous_commit=off/,
    fails: true,
  },
  {
    name: 'fewer connections than one process keeps',
    plant: `ALTER DATABASE # CONNECTION LIMIT 6`,
    codes: ['connections-too-few'],
    seen: /DATABASE_POOL_SIZE is 10; 6 connections allowed/,
    fails: true,
  },
  {
    name: 'no connections for one process more',
    plant: `ALTER DATABASE # CONNECTION LIMIT 10`,
    codes: ['connections-short'],
    fails: false,
  },
  {
    name: 'an encryption key that opens nothing',
    env: { ENCRYPTION_KEY: randomSecret() },
    codes: ['encryption-key-wrong'],
    seen: /^2 keys, 1 keys under an encryption key that is not configured$/,
    fails: true,
  },
  {
    name: 'a kind of key that is missing',
    plant: `DELETE FROM signing_keys WHERE algorithm = 'RS256'`,
    codes: ['signing-key-missing'],
    seen: /^RS256$/,
    fails: true,
  },
  {
    name: 'keys that should have been changed',
    plant: `UPDATE signing_keys SET created_at = now() - interval '400 days', activates_at = NULL`,
    codes: ['keys-not-tended'],
    seen: /successor of the ES256 key is not published/,
    fails: false,
  },
  {
    name: 'expired rows that nobody deletes',
    plant: `INSERT INTO setup_links (token_hash, expires_at) VALUES ('x', now() - interval '50 hours')`,
    codes: ['purge-behind'],
    seen: /^setup_links: its oldest row is 2 days late$/,
    fails: false,
  },
  {
    name: 'used proofs and counted calls that nobody deletes',
    plantNotes: `INSERT INTO used_proofs (id_hash, expires_at) VALUES ('x', now() - interval '3 hours');
      INSERT INTO call_buckets (key, full_at) VALUES ('x', now() - interval '4 days')`,
    args: ['mcp'],
    codes: ['purge-behind', 'issuer-out-of-reach'],
    seen: /^call_buckets: its oldest row is 3 days late$/,
    fails: true,
  },
  {
    name: 'audit events kept beyond their time',
    plant: `INSERT INTO audit_events (at, type, detail) VALUES (now() - interval '30 days', 'client.removed', '{}')`,
    env: { AUDIT_RETENTION_DAYS: '20' },
    codes: ['purge-behind'],
    seen: /^audit_events: its oldest row is (?:9|10) days late$/,
    fails: false,
  },
  {
    name: 'nobody who can sign in',
    plant: `UPDATE accounts SET disabled_at = now()`,
    codes: ['no-account'],
    fails: false,
  },
  {
    name: 'no client, and no way for one to come',
    env: { REGISTRATION: 'closed', CLIENT_ID_METADATA_DOCUMENTS: 'false' },
    codes: ['no-client-may-come'],
    fails: false,
  },
  {
    name: 'an MCP server that follows no revocations, and reaches no issuer',
    env: { MCP_SERVER_SECRET: '' },
    args: ['mcp'],
    codes: ['revocations-not-followed', 'issuer-out-of-reach'],
    fails: true,
  },
  {
    name: 'wrong settings, all of them',
    env: { AUTH_PORT: 'x', KEY_ROTATION_DAYS: '-1' },
    codes: ['setting-wrong'],
    seen: /^AUTH_PORT /,
    fails: true,
  },
  {
    name: 'a file of clients that is not there',
    env: { GATEHOUSE_FILE: '/nowhere/clients.json' },
    codes: ['setting-wrong'],
    seen: /clients\.json/,
    fails: true,
  },
]

describeOnPostgres('gatehouse doctor --local on PostgreSQL', () => {
  let stack: Stack
  let settings: Settings
  let superuserUrl: string
  let postgres: Postgres
  const role = `doctor_${randomSecret(6).toLowerCase().replace(/\W/g, '_')}`

  async function carryOut(connectionString: string, statements: readonly string[]): Promise<void> {
    // What a row does to the database must not keep us from undoing it.
    const client = newClient({ connectionString, options: '-c default_transaction_read_only=off' })
    await client.connect()
    for (const statement of statements) await client.query(statement)
    await client.end()
  }
  const asSuperuser = (...statements: readonly string[]) => carryOut(superuserUrl, statements)
  const inNotes = (...statements: readonly string[]) => carryOut(stack.settings['NOTES_DATABASE_URL'] ?? '', statements)

  beforeAll(async () => {
    // The run's shared cluster waits for no disk, which the doctor finds.
    postgres = await startPostgres()
    const secrets = { ENCRYPTION_KEY: randomSecret(), MCP_SERVER_SECRET: randomSecret() }
    const env = {
      ...secrets,
      DATABASE_URL: await postgres.url('auth'),
      NOTES_DATABASE_URL: await postgres.url('notes'),
    }
    stack = await startStack({ database: 'postgresql', env })
    superuserUrl = stack.settings['DATABASE_URL'] ?? ''
    const grant = `GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`
    await asSuperuser(`CREATE ROLE ${role} LOGIN`, grant)
    await inNotes(grant)
    const asRole = (url = '') => url.replace('//postgres@', `//${role}@`)
    settings = {
      ...stack.settings,
      DATABASE_URL: asRole(superuserUrl),
      NOTES_DATABASE_URL: asRole(stack.settings['NOTES_DATABASE_URL']),
    }
  })
  afterAll(async () => {
    await stack.close()
    await postgres.stop()
  })

  it('finds nothing wrong beside servers that run, and needs no right but to read', async () => {
    const { exitCode, report, problems } = await examine(settings)
    expect({ exitCode, problems, parts: report.parts }).toEqual({ exitCode: 0, problems: [], parts: ['auth', 'mcp'] })
    const skipped = report.groups.flatMap(({ checks }) => checks.filter(({ outcome }) => outcome === 'skipped'))
    expect(skipped.map(({ id }) => id)).toEqual(['disk', 'proxy', 'certificates', 'issuer-reach', 'smtp-server'])
    expect(await examine(settings, 'mcp')).toMatchObject({ exitCode: 0, problems: [] })
    const { exitCode: status, stdout } = await runCli(['doctor', '--local', 'auth'], settings)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^Examined auth from inside\.\n\nSettings\n {2}passed {3}the servers start /)
  })

  it('finds that the two servers have different secrets, and one that cannot be asked', async () => {
    const other = await examine({ ...settings, MCP_SERVER_SECRET: randomSecret() }, 'mcp')
    expect(other).toMatchObject({
      exitCode: 1,
      codes: ['mcp-secret-refused'],
      problems: [{ seen: expect.stringMatching(/401/) }],
    })
    const none = await examine({ ...settings, MCP_SERVER_SECRET: '' }, 'mcp')
    expect(none).toMatchObject({ exitCode: 0, codes: ['revocations-not-followed'] })
  })

  describe('with the servers stopped', () => {
    beforeAll(async () => {
      await stack.stop()
      const saved = ['_prisma_migrations', 'signing_keys', 'accounts', 'setup_links']
      await asSuperuser(
        'CREATE SCHEMA saved',
        ...saved.map((table) => `CREATE TABLE saved.${table} AS TABLE public.${table}`),
      )
    })

    async function undo(): Promise<void> {
      const database = new URL(superuserUrl).pathname.slice(1)
      const again = (table: string) => `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM saved.${table}`
      await asSuperuser(
        `ALTER DATABASE ${database} RESET ALL`,
        `ALTER DATABASE ${database} CONNECTION LIMIT -1`,
        ...['_prisma_migrations', 'signing_keys', 'setup_links'].map(again),
        'UPDATE accounts SET disabled_at = NULL',
      )
      await inNotes('DELETE FROM used_proofs', 'DELETE FROM call_buckets')
    }

    it.each(rows.map((row) => [row.name, row] as const))('finds %s', async (_name, row) => {
      const database = new URL(superuserUrl).pathname.slice(1)
      if (row.plant !== undefined) await asSuperuser(row.plant.replace('#', database))
      if (row.plantNotes !== undefined) await inNotes(row.plantNotes)
      const { exitCode, problems, codes } = await examine({ ...settings, ...row.env }, ...(row.args ?? []))
      await undo()
      expect(codes.filter((code) => code !== silent)).toEqual(row.codes)
      expect(exitCode).toBe(row.fails ? 1 : 0)
      const seen = problems.filter(({ code }) => row.codes.includes(code)).map((problem) => problem.seen)
      expect(seen).toContainEqual(expect.stringMatching(row.seen ?? /./))
    })

    it('finds what is in the URL: a superuser, limits overridden, nobody there', async () => {
      const of = async (url: string) =>
        (await examine({ ...settings, DATABASE_URL: url }, 'auth')).codes.filter((code) => code !== silent)
      expect(await of(superuserUrl)).toEqual(['database-superuser'])
      expect(await of(`${settings['DATABASE_URL'] ?? ''}?statement_timeout=777`)).toEqual(['database-limits-lost'])
      const nobody = `postgresql://ada:plum-orbit-kettle@127.0.0.1:${await freePort()}/auth`
      const { stdout, exitCode } = await runCli(['doctor', '--local'], { ...settings, DATABASE_URL: nobody })
      expect(exitCode).toBe(1)
      expect(stdout).toContain('auth: cannot reach the database: nothing listens')
      expect(stdout).not.toContain('plum-orbit')
    })

    it('finds what is sealed with an older key', async () => {
      const keys = `${randomSecret()},${settings['ENCRYPTION_KEY'] ?? ''}`
      const { codes, exitCode } = await examine({ ...settings, ENCRYPTION_KEY: keys }, 'auth')
      expect({ codes, exitCode }).toEqual({ codes: ['encryption-key-older', silent], exitCode: 0 })
    })

    it('finds who else answers at the address, and a proxy that changes Host', async () => {
      let status = 200
      const server = createServer((_request, response) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end('{"issuer":"https://else.example"}')
      })
      const port = await freePort()
      await listenOn(server, port)
      const there = { ...settings, ISSUER_URL: `http://127.0.0.1:${port}` }
      const other = await examine(there, 'auth')
      expect(other.codes).toEqual(['address-of-others'])
      expect(other.problems[0]?.seen).toContain('"issuer" is "https://else.example", not "http://127.0.0.1:')
      status = 421
      expect((await examine(there, 'auth')).codes).toEqual(['proxy-changes-host'])
      await new Promise((resolve) => server.close(resolve))
    })
  })
})

describe('gatehouse doctor --local on embedded databases', () => {
  it('makes nothing before the first start', async () => {
    const data = join(temporaryFolder('unmade'), 'data')
    const [issuer, resource] = [await freePort(), await freePort()]
    const { exitCode, codes } = await examine({
      ISSUER_URL: `http://localhost:${issuer}`,
      RESOURCE_URL: `http://localhost:${resource}/mcp`,
      DATA_DIR: data,
    })
    expect({ exitCode, codes }).toEqual({ exitCode: 0, codes: [silent] })
    expect(existsSync(data)).toBe(false)
  })

  it('looks into them beside the server that has them open, and at the key', async () => {
    const stack = await startStack({ database: 'embedded' })
    const running = await examine(stack.settings)
    expect(running).toMatchObject({ exitCode: 0, codes: [] })
    expect(JSON.stringify(running.report)).toContain('database-writes')
    // A server of another release, or one that was killed while it started, shares nothing.
    for (const part of ['auth', 'notes']) rmSync(join(stack.settings['DATA_DIR'] ?? '', `${part}.socket`))
    expect(await examine(stack.settings)).toMatchObject({ exitCode: 0, codes: ['database-in-use'] })
    await stack.stop()
    const file = join(stack.settings['DATA_DIR'] ?? '', 'encryption.key')
    chmodSync(file, 0o644)
    const stopped = await examine(stack.settings, 'auth')
    expect(stopped).toMatchObject({ exitCode: 0, codes: ['encryption-key-exposed', silent] })
    const skipped = stopped.report.groups.flatMap(({ checks }) => checks.filter(({ outcome }) => outcome === 'skipped'))
    expect(skipped.map(({ id }) => id)).toContain('database-connections')
    renameSync(file, `${file}.away`)
    expect(await examine(stack.settings, 'auth')).toMatchObject({
      exitCode: 1,
      codes: ['encryption-key-missing', silent],
    })
    await stack.close()
  })

  it.each([
    ['a URL', ['--local', 'https://mcp.example.com/mcp'], /takes nothing, auth or mcp/],
    ['two parts', ['--local', 'auth', 'mcp'], /takes nothing, auth or mcp/],
    ['a missing file of authorities', ['--local', '--ca', '/nowhere.pem'], /nowhere\.pem/],
  ])('refuses %s with status 2', async (_name, args, line) => {
    const { exitCode, stdout, stderr } = await runCli(['doctor', ...args])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(line)
  })
})
