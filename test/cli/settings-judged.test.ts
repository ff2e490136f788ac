/**
 * Every setting with a bad value: a start refuses it before anything is made, naming the setting, and `config check` says the same. A
 * setting that is added needs a row here.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { settings } from '../../src/config/settings.js'
import type { Part } from '../../src/program/parts-served.js'
import { freePort } from '../support/free-port.js'
import { listenOn } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'
import { testAccount } from '../support/settings.js'
import { failureOfStart } from '../support/stack.js'
import { runCli } from './terminal.js'

type Setting = keyof typeof settings

/** A bad value; a function makes it from an empty folder. */
type BadValue = string | ((folder: string) => string)

/** The setting, what is wrong with the value, the value, settings that it needs beside it, the server it is for. */
type Row = readonly [Setting, string, BadValue, Readonly<Record<string, string>>?, Part?]

function file(name: string, content: unknown): (folder: string) => string {
  return (folder) => {
    const path = join(folder, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }
}

const account = { BOOTSTRAP_EMAIL: testAccount.email, BOOTSTRAP_PASSWORD: testAccount.password }
const postgres = { DATABASE_URL: 'postgresql://gatehouse@127.0.0.1:1/auth' }
const signs = { client_id: 'm', client_name: 'Machine', token_endpoint_auth_method: 'private_key_jwt' }
const ofPublic = { client_id: 'm', client_name: 'App', redirect_uris: ['https://app.example/cb'] }
const privateKey = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', d: 'x'.repeat(43) }
const clientsFile = (...clients: unknown[]) => file('clients.json', { clients })

/** A bad value of each that is no sentence of its own. */
const plain: Readonly<Record<Exclude<Setting, 'DATA_DIR' | 'GATEHOUSE_FILE'>, Row[2]>> = {
  ISSUER_URL: 'ftp://auth.example.com',
  RESOURCE_URL: 'https://user@mcp.example.com/mcp',
  RESOURCE_ALIASES: 'mcp.example.com',
  ISSUER_MIRROR: 'yes',
  ISSUER_INTERNAL_URL: 'auth:3000',
  // TEST-NET-1 (RFC 5737): no machine has it.
  HOST: '192.0.2.1',
  AUTH_PORT: '70000',
  MCP_PORT: 'http',
  TRUSTED_PROXIES: '0.0.0.0/0',
  WORKERS: '0',
  STOP_DELAY_SECONDS: '61',
  ALLOWED_ORIGINS: 'app.example.com',
  READ_ONLY: '1',
  API_KEYS: 'on',
  CALL_LIMIT_PER_CALLER: '5',
  CALL_LIMIT_TOTAL: '0/0',
  DATABASE_URL: 'postgresql://gatehouse@db/auth?sslmode=verify-full&sslrootcert=/nowhere/root.crt',
  NOTES_DATABASE_URL: 'postgresql://gatehouse@db:99999/notes',
  DATABASE_POOLER: 'session',
  DATABASE_POOL_SIZE: '5',
  DATABASE_CONNECT_TIMEOUT_SECONDS: '0',
  DATABASE_STATEMENT_TIMEOUT_SECONDS: '601',
  DATABASE_LOCK_TIMEOUT_SECONDS: '5s',
  DATABASE_IDLE_TRANSACTION_TIMEOUT_SECONDS: '-1',
  DATABASE_QUEUE_LIMIT: '1.5',
  MIGRATE_ON_START: 'no',
  ENCRYPTION_KEY: 'short',
  KEY_ROTATION_DAYS: '1',
  KEY_LEAD_SECONDS: '60',
  BOOTSTRAP_EMAIL: 'ada',
  BOOTSTRAP_PASSWORD: 'sesame',
  SIGN_IN_ACR: 'strong',
  SMTP_URL: 'https://mail.example.com',
  MAIL_FROM: 'login',
  AUDIT_RETENTION_DAYS: 'never',
  LOG_LEVEL: 'verbose',
  COMMAND_NAME: 'x'.repeat(61),
  METRICS_PORT: '0',
  ACCESS_TOKEN_FORMAT: 'opaque',
  ACCESS_TOKEN_TTL_SECONDS: '5',
  REFRESH_TOKEN_TTL_SECONDS: '5',
  REFRESH_GRACE_SECONDS: '61',
  SESSION_TTL_SECONDS: '5',
  REGISTRATION: 'on',
  ASSERTION_AUDIENCE_TOKEN_ENDPOINT: 'yes',
  REGISTRATION_LIMIT_PER_ADDRESS: '0',
  REGISTRATION_LIMIT_TOTAL: '0',
  RATE_LIMITS: 'authorise=5',
  IDLE_CLIENT_DAYS: '0',
  DEVICE_FLOW: 'yes',
  HAND_OFF: 'yes',
  CLIENT_ID_METADATA_DOCUMENTS: 'yes',
  CLIENT_METADATA_ALLOWED_HOSTS: 'https://client.example.com',
  CLIENT_METADATA_DENIED_HOSTS: '*',
  RESOURCE_DISCOVERY_HOSTS: '*',
  ALLOWED_PRIVATE_USE_REDIRECTS: 'https://app.example/cb',
  DPOP_REQUIRED: 'yes',
  INTROSPECTION_CLIENT_ID: 'alone',
  INTROSPECTION_CLIENT_SECRET: 'alone',
  MCP_SERVER_SECRET: 'short',
  REVOCATION_MAX_SILENCE_SECONDS: '1',
  PRODUCT_NAME: '<b>Acme</b>',
  ACCENT_COLOR: 'blue',
  LOGO_FILE: '/nowhere/logo.svg',
  TERMS_URL: 'http://example.com/terms',
  PRIVACY_URL: 'example.com/privacy',
  SUPPORT_CONTACT: 'call us',
  dangerouslyAllowLoopbackClientMetadata: 'yes',
}

/** What is not in the value's own text: in files, in the engine's rules, on this machine. */
const further: readonly Row[] = [
  ['LOGO_FILE', 'is no picture', file('logo.png', 'GIF89a')],
  ['LOGO_FILE', 'holds a script', file('logo.svg', '<svg xmlns="x" viewBox="0 0 1 1"><script>1</script></svg>')],
  ['SUPPORT_CONTACT', 'is a script', 'javascript:alert(1)'],
  ['DATA_DIR', 'is a file', file('data-file', '')],
  ['DATA_DIR', 'is below a file', (folder) => join(file('data-file', '')(folder), 'data')],
  ['DATABASE_URL', 'has an unknown sslmode', 'postgresql://gatehouse@db/auth?sslmode=verify_full'],
  ['NOTES_DATABASE_URL', 'names a certificate that is missing', 'postgresql://n@db/notes?sslcert=/nowhere/client.crt'],
  ['DATABASE_POOLER', 'is for PostgreSQL alone', 'transaction'],
  [
    'GATEHOUSE_FILE',
    'has a resource without scopes',
    file('resource.json', { resources: [{ name: 'Acme' }] }),
    {},
    'auth',
  ],
  [
    'GATEHOUSE_FILE',
    'has a resource without scopes',
    file('resource.json', { resources: [{ name: 'Acme' }] }),
    {},
    'mcp',
  ],
  ['GATEHOUSE_FILE', 'is missing', (folder) => join(folder, 'missing.json')],
  ['GATEHOUSE_FILE', 'is a folder', (folder) => folder],
  ['GATEHOUSE_FILE', 'has a private key', clientsFile({ ...signs, jwks: { keys: [privateKey] } })],
  ['GATEHOUSE_FILE', 'has a key that is none', clientsFile({ ...signs, jwks: { keys: [{ ...privateKey, x: 'x' }] } })],
  ['GATEHOUSE_FILE', 'has a secret that is missing', clientsFile({ ...signs, client_secret_file: 'missing' })],
  [
    'GATEHOUSE_FILE',
    'asks for a code without a redirect',
    clientsFile({ ...ofPublic, redirect_uris: [], response_types: ['code'] }),
  ],
  ['GATEHOUSE_FILE', 'signs without keys', clientsFile({ ...ofPublic, token_endpoint_auth_signing_alg: 'ES256' })],
  ['GATEHOUSE_FILE', 'has an unknown acr', clientsFile({ ...ofPublic, default_acr_values: ['gold'] })],
  [
    'GATEHOUSE_FILE',
    'has an unknown grant type',
    clientsFile({ ...ofPublic, grant_types: ['authorization_code', 'password'] }),
  ],
  [
    'GATEHOUSE_FILE',
    'introspects another resource',
    clientsFile({ ...ofPublic, introspects: 'https://other.example/mcp' }),
  ],
  [
    'GATEHOUSE_FILE',
    'is native with an https redirect on loopback',
    clientsFile({ ...ofPublic, application_type: 'native', redirect_uris: ['https://localhost/cb'] }),
  ],
]

const rows: readonly Row[] = [
  ...Object.entries(plain).map(([name, value]): Row => {
    const beside = name === 'BOOTSTRAP_PASSWORD' || name === 'BOOTSTRAP_EMAIL' ? account : {}
    return [name as Setting, 'alone', value, name === 'DATABASE_POOLER' ? postgres : beside]
  }),
  ...further,
]

async function environment(folder: string): Promise<Record<string, string>> {
  return {
    ISSUER_URL: `http://localhost:${await freePort()}`,
    RESOURCE_URL: `http://localhost:${await freePort()}/mcp`,
    DATA_DIR: join(folder, 'data'),
  }
}

describe('A bad value', () => {
  it('is tried for every setting', () => {
    expect([...new Set(rows.map(([name]) => name))].sort()).toEqual(Object.keys(settings).sort())
  })

  it.each(rows)('of %s (%s) is refused before anything is made', async (name, _what, value, beside = {}, only) => {
    const folder = temporaryFolder('judged')
    const bad = typeof value === 'string' ? value : value(folder)
    const before = readdirSync(folder)
    const tried = { ...(await environment(folder)), ...beside, [name]: bad }

    const said = await failureOfStart(tried, { only })
    expect(said).toContain(name === 'HOST' || name === 'GATEHOUSE_FILE' ? bad : name)
    // Database URLs hold passwords.
    if (name.endsWith('DATABASE_URL')) expect(said).not.toContain('gatehouse@')
    const checked = await runCli(['config', 'check', ...(only === undefined ? [] : [only])], tried)
    expect(checked).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: name === 'GATEHOUSE_FILE' ? `${said}\n` : `gatehouse: ${said}\n`,
    })
    expect(readdirSync(folder)).toEqual(before)
  })
})

describe('What a start needs of the machine', () => {
  it('names client and member of what only the engine finds, and every mistake at once', async () => {
    const folder = temporaryFolder('judged')
    const path = clientsFile({ ...ofPublic, default_acr_values: ['gold'] }, { client_id: 'n' })(folder)
    const said = await failureOfStart({ ...(await environment(folder)), GATEHOUSE_FILE: path })
    expect(said).toMatch(/clients\.json:1:\d+: default_acr_values .*\n\S+clients\.json:1:\d+: client_name is missing/)
  })

  it('is told by config check beside settings that are wrong, as far as it does not depend on these', async () => {
    const folder = temporaryFolder('judged')
    const tried = {
      ...(await environment(folder)),
      DATA_DIR: file('data-file', '')(folder),
      GATEHOUSE_FILE: clientsFile({ client_id: 'n' })(folder),
      REFRESH_GRACE_SECONDS: 'long',
    }
    const { exitCode, stderr } = await runCli(['config', 'check'], tried)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('REFRESH_GRACE_SECONDS must be')
    expect(stderr).toContain(': client_name is missing')
    expect(stderr).toMatch(/DATA_DIR cannot be used: \S+data-file is no folder/)
    // With a database of its own the server would need no folder, perhaps.
    const unknown = { ...tried, DATABASE_URL: 'postgresql://', RESOURCE_URL: 'nowhere' }
    const answer = await runCli(['config', 'check'], unknown)
    expect(answer.stderr).toMatch(/RESOURCE_URL must .*\n +DATABASE_URL must /)
    expect(answer.stderr).not.toMatch(/is no folder|client_name|is not known/)
  })

  it('is an encryption key that can be read, before the database is opened', async () => {
    const folder = temporaryFolder('judged')
    const tried = await environment(folder)
    mkdirSync(join(folder, 'data'))
    writeFileSync(join(folder, 'data', 'encryption.key'), 'half')
    expect(await failureOfStart(tried)).toMatch(
      /ENCRYPTION_KEY is not set, and its file cannot be used: .*encryption.key/,
    )
    expect((await runCli(['config', 'check'], tried)).stderr).toContain(
      'encryption.key does not hold an encryption key',
    )
    expect(readdirSync(join(folder, 'data'))).toEqual(['encryption.key'])
  })

  it.each(['AUTH_PORT', 'MCP_PORT', 'METRICS_PORT'])('is a free %s, told before a database is made', async (name) => {
    const folder = temporaryFolder('judged')
    const port = await listenOn(createServer())
    const tried = { ...(await environment(folder)), [name]: String(port) }
    expect(await failureOfStart(tried)).toBe(`cannot listen on 127.0.0.1:${port}: the port is taken (${name} sets it)`)
    expect(readdirSync(folder)).toEqual([])
    // The server that runs already has it, perhaps.
    const { exitCode, stdout } = await runCli(['config', 'check'], tried)
    expect(exitCode).toBe(0)
    expect(stdout).toContain(
      `note: at the moment a start cannot listen on 127.0.0.1:${port}: the port is taken (${name} sets it)\n`,
    )
  })

  it('is told of both servers, when one process cannot have both', async () => {
    const folder = temporaryFolder('judged')
    const tried = { ...(await environment(folder)), AUTH_PORT: '4555', MCP_PORT: '4555' }
    const { exitCode, stdout } = await runCli(['config', 'check'], tried)
    expect(exitCode).toBe(0)
    expect(stdout).toContain('note: not for both servers in one process: both servers would listen on port 4555')
  })
})
