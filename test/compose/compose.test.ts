/** The stack as `docker compose up` gives it to a stranger: no .env, no hosts file, ports 3000 and 4000 of this machine. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { type Browser, createBrowser, pageOf } from '../support/browser.js'
import { callTool, mcpRequest, structured } from '../support/mcp-request.js'
import { type Grant, newGrant, obtainTokens, refresh } from '../support/oauth-client.js'
import { compose, containerName, docker, evaluateIn, mustCompose, up, volumeName } from './composed-stack.js'

const issuer = 'http://localhost:3000'
const resource = 'http://localhost:4000/mcp'
const account = { email: 'ada@example.com', password: 'plum orbit kettle ninety walrus' }
const secretFiles = ['/secrets/auth/database-url', '/secrets/auth/encryption-key']

const containerSchema = z.object({
  Config: z.object({ User: z.string(), Env: z.array(z.string()) }),
  HostConfig: z.object({
    ReadonlyRootfs: z.boolean(),
    CapDrop: z.array(z.string()).nullable(),
    CapAdd: z.array(z.string()).nullable(),
    SecurityOpt: z.array(z.string()).nullable(),
    RestartPolicy: z.object({ Name: z.string() }),
    PortBindings: z.record(z.string(), z.array(z.object({ HostIp: z.string() })).nullable()),
  }),
})

async function inspect(service: string) {
  const { output } = await docker(['inspect', containerName(service)])
  return z.array(containerSchema).length(1).parse(JSON.parse(output))[0]
}

async function readSecrets(): Promise<string[]> {
  const read = (file: string) => `process.stdout.write(readFileSync(${JSON.stringify(file)}, 'utf8').trim() + '\\n')`
  const script = `import { readFileSync } from 'node:fs'; ${secretFiles.map(read).join(';')}`
  const [databaseUrl = '', encryptionKey = ''] = (await evaluateIn('auth', script)).split('\n')
  return [new URL(databaseUrl).password, encryptionKey]
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url)
  expect(response.status).toBe(200)
  return response.text()
}

describe('docker compose up', () => {
  let browser: Browser
  let grant: Grant
  let keys: string
  let secrets: readonly string[]
  let refreshToken: string
  let noteId: unknown

  /** What must hold after whatever happened to the containers. */
  async function expectEverythingKept(): Promise<void> {
    expect(await textOf(`${issuer}/jwks`)).toBe(keys)
    expect(await readSecrets()).toEqual(secrets)
    const { tokens } = await refresh(grant, refreshToken)
    refreshToken = tokens?.refresh_token ?? ''
    const note = structured(await callTool(resource, tokens?.access_token, 'read_note', { id: noteId }))
    expect(JSON.stringify(note)).toContain('kept over restarts')
    const elsewhere = createBrowser([issuer, resource])
    const again = await obtainTokens(grant, elsewhere, { account }, 'notes:read')
    expect((await callTool(resource, again.access_token, 'whoami')).status).toBe(200)
  }

  beforeAll(async () => {
    await compose('down', '--volumes', '--timeout', '5')
    await mustCompose('build', '--quiet')
    await up()
    browser = createBrowser([issuer, resource])
  }, 600_000)
  afterAll(() => compose('down', '--volumes', '--timeout', '5'), 60_000)

  it('is ready on localhost without any setting', async () => {
    for (const url of [issuer, new URL(resource).origin]) {
      expect((await fetch(`${url}/health/live`)).status).toBe(200)
      expect((await fetch(`${url}/health/ready`)).status).toBe(200)
    }
  })

  it('prints a link that creates the first account, once', async () => {
    const logs = await mustCompose('logs', '--no-color', 'auth')
    const link = /http:\/\/localhost:3000\/setup\?token=[\w-]+/.exec(logs)?.[0] ?? ''
    const form = pageOf(await browser.open(link))
    const [field = ''] = form.forms.flatMap(({ fields }) =>
      fields.filter(({ type }) => type === 'password').map(({ label }) => label),
    )
    const button = form.forms.flatMap(({ buttons }) => buttons.map(({ text }) => text))[0] ?? ''
    const done = pageOf(await browser.press(form, button, { Email: account.email, [field]: account.password }))
    expect(done.status).toBe(200)
    expect(pageOf(await browser.open(link)).status).toBe(404)
    expect(await mustCompose('exec', '-T', 'auth', 'gatehouse', 'accounts', 'list')).toContain(account.email)
  })

  it('carries sign-in, consent and a tool call', async () => {
    grant = await newGrant({ issuer, resource })
    const tokens = await obtainTokens(grant, browser, { account }, 'notes:read notes:write')
    const note = { title: 'Composed', body: 'kept over restarts' }
    noteId = structured(await callTool(resource, tokens.access_token, 'create_note', note))['id']
    expect(noteId).toEqual(expect.any(String))
    expect((await callTool(resource, undefined, 'whoami')).status).toBe(401)
    refreshToken = tokens.refresh_token ?? ''
    keys = await textOf(`${issuer}/jwks`)
    secrets = await readSecrets()
  })

  it('shows no internal address in a public document', async () => {
    const { challenge } = await mcpRequest(resource, undefined, 'tools/list')
    const documents = await Promise.all([
      textOf(`${issuer}/.well-known/oauth-authorization-server`),
      textOf(`${issuer}/.well-known/openid-configuration`),
      textOf(challenge['resource_metadata'] ?? ''),
      textOf('http://localhost:4000/.well-known/oauth-protected-resource'),
    ])
    for (const text of [...documents, JSON.stringify(challenge)])
      expect(text).not.toMatch(/auth:3000|mcp:4000|postgres/)
  })

  it('prints no secret: not in its configuration, its logs or its containers', async () => {
    const everything = [await mustCompose('config'), await mustCompose('logs', '--no-color')]
    for (const service of ['auth', 'mcp', 'postgres', 'secrets', 'databases']) {
      everything.push((await docker(['inspect', containerName(service)])).output)
    }
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(40)
      expect(everything.join('\n')).not.toContain(secret)
    }
  })

  it.each(['auth', 'mcp', 'secrets', 'databases'])(
    'runs %s as nobody special, on a read-only file system',
    async (service) => {
      const { Config, HostConfig } = (await inspect(service)) ?? {}
      expect(Config?.User).toBe('node')
      expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'], CapAdd: null })
      expect(HostConfig?.SecurityOpt).toContain('no-new-privileges:true')
    },
  )

  it('gives PostgreSQL only what its start needs, and no port', async () => {
    const { HostConfig } = (await inspect('postgres')) ?? {}
    expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'], PortBindings: {} })
    const added = (HostConfig?.CapAdd ?? []).map((name) => name.replace(/^CAP_/, ''))
    expect(added.sort()).toEqual(['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'])
  })

  it.each(['auth', 'mcp', 'postgres'])(
    'starts %s again by itself, and publishes nothing beyond this machine',
    async (service) => {
      const { HostConfig } = (await inspect(service)) ?? {}
      expect(HostConfig?.RestartPolicy.Name).toBe('unless-stopped')
      const hosts = Object.values(HostConfig?.PortBindings ?? {}).flatMap((bindings) => bindings ?? [])
      for (const { HostIp } of hosts) expect(HostIp).toBe('127.0.0.1')
    },
  )

  it('keeps the MCP server away from the accounts and keys of the authorization server', async () => {
    const script = `import { existsSync, readFileSync } from 'node:fs'; import pg from 'pg'
      const url = new URL(readFileSync('/secrets/notes/database-url', 'utf8').trim())
      url.pathname = '/gatehouse_auth'
      const answer = await new pg.Client({ connectionString: url.href }).connect().then(() => 'let in', (error) => error.message)
      console.log(JSON.stringify([answer, ...${JSON.stringify(secretFiles)}.map((file) => existsSync(file))]))`
    const [answer, ...present] = z
      .array(z.union([z.string(), z.boolean()]))
      .parse(JSON.parse(await evaluateIn('mcp', script)))
    expect(answer).toMatch(/permission denied for database/)
    expect(present).toEqual([false, false])
  })

  it('changes nothing when it is brought up twice', async () => {
    await up()
    await expectEverythingKept()
    expect(await mustCompose('logs', '--no-color', 'secrets')).toContain('secrets: made')
  })

  it('keeps accounts, keys and notes over down and up', async () => {
    await mustCompose('down')
    await up()
    expect(await mustCompose('logs', '--no-color', 'secrets')).toContain('all present')
    expect(await mustCompose('logs', '--no-color', 'auth')).not.toContain('/setup?token=')
    await expectEverythingKept()
  })

  it('keeps them when every container is killed', async () => {
    await mustCompose('kill', '--signal', 'SIGKILL', 'auth', 'mcp', 'postgres')
    await up()
    await expectEverythingKept()
  })

  it('fails with one clear line when a secret was lost', async () => {
    await mustCompose('down')
    await docker(['volume', 'rm', volumeName('postgres-secrets')])
    const { exitCode } = await compose('up', '--detach', '--wait', '--wait-timeout', '60')
    expect(exitCode).not.toBe(0)
    const lines = (await docker(['logs', containerName('databases')])).output.trim().split('\n')
    expect(lines).toEqual([expect.stringMatching(/^databases: .* do not belong together/)])
  })
})
