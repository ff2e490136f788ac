import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { z } from 'zod'
import { createSecretBox, randomSecret } from '../../src/base/secrets.js'
import { preferredDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { deviceCodeGrant, startDevice } from '../support/device-client.js'
import { eventually } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { callTool } from '../support/mcp-request.js'
import { type Grant, newGrant, obtainTokens, refresh, register, requestTokens } from '../support/oauth-client.js'
import { newClient } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'
import { stackSettings } from '../support/settings.js'
import { type Stack, startStack } from '../support/stack.js'
import { type CommandRun, runCli } from './terminal.js'

const listSchema = z.array(z.object({ id: z.string(), use: z.string(), state: z.string() }))

describe('gatehouse keys', () => {
  let environment: Record<string, string>
  const keys = (...args: readonly string[]): Promise<CommandRun> => runCli(['keys', ...args], environment)
  beforeAll(async () => {
    environment = await stackSettings({ database: preferredDatabase() })
  })

  it('has nothing to show or to revoke before the first start', async () => {
    expect(await keys('list')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('There is no key yet') })
    expect(await keys('revoke', 'nothing')).toMatchObject({
      exitCode: 1,
      stderr: 'gatehouse: there is no key "nothing"\n',
    })
  })

  it.each(['-JJtPNBkJ3ee', '--JtPNBkJ3ee', '-_______----'])(
    'takes %s for a key, whatever it begins with',
    async (id) => {
      expect((await keys('revoke', id)).stderr).toBe(`gatehouse: there is no key "${id}"\n`)
    },
  )

  it.each([
    ['no action', [], /say what to do: list, rotate, revoke <key>, encrypt or sealed/],
    ['no key', ['revoke'], /say what to do/],
    ['--now elsewhere', ['revoke', 'x', '--now'], /--now belongs to/],
    ['too much', ['revoke', 'x', 'y'], /too many arguments/],
    ['an unknown flag', ['rotate', '--immediately'], /Unknown option '--immediately'/],
    ['a short one', ['revoke', '-JJt'], /Unknown option '-J'/],
  ])('answers %s with one line and status 2', async (_name, args, line) => {
    const { exitCode, stdout, stderr } = await keys(...args)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(line)
  })
})

describeOnPostgres('gatehouse keys, while two processes serve', () => {
  let stack: Stack
  let replica: Stack
  let atReplica: Grant
  let grant: Grant
  beforeAll(async () => {
    stack = await startStack({ database: 'postgresql' })
    const port = String(await freePort())
    const env = { ...stack.settings, AUTH_PORT: port, ISSUER_INTERNAL_URL: `http://127.0.0.1:${port}` }
    replica = await startStack({ database: 'postgresql', env, overrides: { only: 'auth' } })
    grant = await newGrant(stack)
    atReplica = { ...grant, server: { ...grant.server, token_endpoint: `http://127.0.0.1:${port}/token` } }
  })
  afterAll(async () => {
    await replica.close()
    await stack.close()
  })

  const keys = (...args: readonly string[]): Promise<CommandRun> => runCli(['keys', ...args], stack.settings)
  const kidOf = (token: string) => decodeProtectedHeader(token).kid ?? ''
  const listed = async (state: string, use = 'ES256') =>
    listSchema
      .parse(JSON.parse((await keys('list', '--json')).stdout))
      .filter((key) => key.state === state && key.use === use)
  const published = async ({ server }: Grant): Promise<readonly string[]> => {
    const { keys: set } = z
      .object({ keys: z.array(z.object({ kid: z.string() })) })
      .parse(await (await fetch(server.token_endpoint.replace(/token$/, 'jwks'))).json())
    return set.map(({ kid }) => kid)
  }
  const both = async (holds: (at: Grant) => Promise<boolean>) => (await holds(grant)) && (await holds(atReplica))

  it('rotates and revokes at both within seconds, and nobody signs in again', async () => {
    const { access_token: old, refresh_token: first = '' } = await obtainTokens(
      grant,
      stack.newBrowser(),
      { account: stack.account },
      'notes:read',
    )
    let refreshToken = first
    const newToken = async (at: Grant) => {
      const { tokens } = await refresh(at, refreshToken)
      if (tokens?.refresh_token === undefined) throw new Error('not refreshed')
      refreshToken = tokens.refresh_token
      return tokens.access_token
    }
    const calls = async (token: string) => (await callTool(stack.resource, token, 'list_notes')).status
    expect(await calls(old)).toBe(200)

    const rotated = await keys('rotate')
    expect(rotated).toMatchObject({ exitCode: 0, stderr: '' })
    expect(rotated.stdout).toMatch(/^Published ES256 key \S+; it signs from [-\d]{10} [\d:]{5}Z on\.$/m)
    expect(rotated.stdout).toMatch(/^Published cookie key /m)
    expect((await keys('rotate')).stdout).toContain('Nothing was changed: another rotation is under way')
    const [next] = await listed('next')
    const nextKid = next?.id ?? ''
    await eventually(() => both(async (at) => (await published(at)).includes(nextKid)))
    for (const at of [grant, atReplica]) expect(kidOf(await newToken(at))).toBe(kidOf(old))

    const now = await keys('rotate', '--now')
    expect(now.stdout).toContain(`Now ES256 key ${nextKid} signs.`)
    expect(now.stderr).toContain('refuses new tokens until its copy expires')
    await eventually(() => both(async (at) => kidOf(await newToken(at)) === nextKid))
    expect((await listed('previous')).map(({ id }) => id)).toEqual([kidOf(old)])
    expect(await calls(old)).toBe(200)

    const revoked = await keys('revoke', kidOf(old))
    expect(revoked).toMatchObject({ exitCode: 0, stdout: `Revoked ES256 key ${kidOf(old)}. It is destroyed.\n` })
    expect(revoked.stderr).toContain('follow the revocation feed')
    await eventually(async () => (await calls(old)) === 401)
    await eventually(() => both(async (at) => !(await published(at)).includes(kidOf(old))))

    // The one that signs: another takes its place at once.
    expect((await keys('revoke', nextKid)).stdout).toMatch(/^Now ES256 key \S+ signs\.$/m)
    await eventually(() => both(async (at) => kidOf(await newToken(at)) !== nextKid))
    expect(await listed('current')).toHaveLength(1)
    const audit = await runCli(['audit', 'list', '--event', 'key.revoked', '--json'], stack.settings)
    expect([audit.stdout.includes(nextKid), audit.stdout.includes('command line')]).toEqual([true, true])
    const shown = (await keys('list')).stdout
    expect(shown).toMatch(/^KEY +USE +STATE +MADE +SIGNS FROM +PUBLISHED UNTIL$/m)
    expect(shown).not.toContain(nextKid)
  })

  it('seals what is stored under a new encryption key, and starts with no other', async () => {
    const settings = { ...stack.settings }
    const flags = ['--confidential', '--grant', 'client_credentials']
    const added = await runCli(['clients', 'add', '--name', 'Nightly', ...flags], settings)
    const printed = (name: string) => new RegExp(`^${name} +(\\S+)$`, 'm').exec(added.stdout)?.[1] ?? ''
    const old = readFileSync(join(settings['DATA_DIR'] ?? '', 'encryption.key'), 'utf8').trim()
    const next = randomSecret()
    const withKeys = (...encryptionKeys: readonly string[]) => ({
      ...settings,
      ENCRYPTION_KEY: encryptionKeys.join(','),
    })
    const encrypt = (environment: Record<string, string>) => runCli(['keys', 'encrypt'], environment)

    const port = String(await freePort())
    const beside = { AUTH_PORT: port, ISSUER_INTERNAL_URL: `http://127.0.0.1:${port}` }
    const start = (env: Record<string, string>) =>
      startStack({ database: 'postgresql', env: { ...env, ...beside }, overrides: { only: 'auth' } })
    const outside = await start({
      ...settings,
      ISSUER_URL: 'https://auth.example.com',
      RESOURCE_URL: 'https://mcp.example.com/mcp',
    })
    await outside.stop()
    const noted = outside.logLines.filter((line) => line.includes('keep a copy apart from both'))
    expect([noted.length, noted.join().includes(old)]).toEqual([1, false])

    expect((await encrypt(settings)).stdout).toContain('is encrypted with the first encryption key already')
    // Which the id of the first key proves to whoever takes the others away.
    const proof = (...encryptionKeys: readonly string[]) => runCli(['keys', 'sealed'], withKeys(...encryptionKeys))
    expect(await proof(old)).toEqual({ exitCode: 0, stdout: `${createSecretBox(old).keyId}\n`, stderr: '' })
    expect(await proof(next, old)).toMatchObject({
      ...{ exitCode: 1, stdout: '' },
      stderr: expect.stringMatching(
        /^gatehouse: [4-9] keys and 1 client secrets are not encrypted with the first [^\n]+\n$/,
      ),
    })
    expect(await encrypt(withKeys(next))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /^gatehouse: a stored secret was encrypted with a key that is not in ENCRYPTION_KEY/,
      ),
    })
    const sealed = await encrypt(withKeys(next, old))
    expect(sealed).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('in an hour') })
    expect(sealed.stdout).toMatch(/^Re-encrypted [4-9] keys and 1 client secrets\.$/m)
    expect((await encrypt(withKeys(next))).stdout).toContain('is encrypted with the first encryption key already')
    expect(await proof(next)).toEqual({ exitCode: 0, stdout: `${createSecretBox(next).keyId}\n`, stderr: '' })

    const countKeys = async () => JSON.parse((await keys('list', '--json')).stdout).length
    const before = await countKeys()
    await expect(start(withKeys(old))).rejects.toThrow(/^the database was set up with another encryption key[^\n]+$/)
    const DATA_DIR = temporaryFolder('without-key')
    await expect(start({ ...settings, DATA_DIR })).rejects.toThrow(
      /encryption\.key is missing, and the secrets in the database [^\n]+$/,
    )
    expect(existsSync(join(DATA_DIR, 'encryption.key'))).toBe(false)
    expect(await countKeys()).toBe(before)

    const restarted = await start(withKeys(next))
    const authorization = `Basic ${Buffer.from(`${printed('client_id')}:${printed('client_secret')}`).toString('base64')}`
    const server = { ...grant.server, token_endpoint: `http://127.0.0.1:${port}/token` }
    expect((await requestTokens(server, { grant_type: 'client_credentials' }, { authorization })).status).toBe(200)

    // The two that serve were never given the new key.
    const ready = async (at: string) => (await fetch(new URL('/health/ready', at))).status
    const refused = await requestTokens(grant.server, { grant_type: 'client_credentials' }, { authorization })
    expect(refused).toMatchObject({ status: 503, error: 'temporarily_unavailable' })
    await eventually(async () => (await ready(stack.issuer)) === 503)
    const told = (text: string) => stack.logLines.filter((line) => line.includes(text))
    const notReady = 'not ready: stored keys cannot be decrypted with the configured encryption keys'
    await eventually(async () => told(notReady).length > 0)
    const [ofRequest = '{}'] = told('"status":503').filter((line) => line.includes('"path":"/token"'))
    expect(JSON.parse(ofRequest)).toMatchObject({
      ...{ msg: 'request', error: 'temporarily_unavailable' },
      errorDetail: 'a stored secret cannot be decrypted: it was encrypted with another key',
    })
    expect(JSON.stringify(refused)).not.toContain('encryption key')
    expect(await ready(server.token_endpoint)).toBe(200)

    // What they still seal themselves needs the old key until it is over.
    const device = await register(grant.server, { grant_types: [deviceCodeGrant, 'refresh_token'] })
    await startDevice({ server: grant.server, clientId: device.client_id }, { scope: 'notes:read' })
    expect(await proof(next)).toMatchObject({
      ...{ exitCode: 1, stdout: '' },
      stderr: expect.stringMatching(/^gatehouse: 1 device sign-ins still need an older encryption key/),
    })
    const database = newClient({ connectionString: settings['DATABASE_URL'] })
    await database.connect()
    await database.query("DELETE FROM artifacts WHERE model = 'DeviceCode'")
    await database.end()
    expect((await proof(next)).exitCode).toBe(0)

    // Back again, in which nothing is lost: they take part once more, without a start.
    expect((await encrypt(withKeys(old, next))).exitCode).toBe(0)
    await eventually(async () => (await ready(stack.issuer)) === 200)
    expect((await requestTokens(grant.server, { grant_type: 'client_credentials' }, { authorization })).status).toBe(
      200,
    )
    await restarted.stop()
  })
})
