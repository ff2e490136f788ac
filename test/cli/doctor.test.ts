import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { json, type Site, serverMetadata, startSite } from '../doctor/deployment.js'
import { freePort } from '../support/free-port.js'
import { temporaryFolder } from '../support/run-folder.js'
import { runCli } from './terminal.js'

let site: Site
beforeAll(async () => {
  site = await startSite('loopback')
})
beforeEach(() => site.plant(() => undefined))
afterAll(() => site.close())

const hostile = '\u001b[2J\u202e\u0007gotcha'

describe('gatehouse doctor', () => {
  it('ends with 0 and prints what passed when nothing is wrong', async () => {
    const { exitCode, stdout, stderr } = await runCli(['doctor', site.mcpUrl])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout).toMatch(/^Examined http:\/\/localhost:\d+\/mcp with \d+ requests\.$/m)
    expect(stdout).toMatch(/^ {2}passed {3}a request without a token is answered 401$/m)
    expect(stdout).toMatch(/, 0 with warnings, 0 failed, 2 had nothing to judge\.$/m)
  })

  it('examines RESOURCE_URL of the settings when no URL is given', async () => {
    const { exitCode, stdout } = await runCli(['doctor'], { RESOURCE_URL: site.mcpUrl })
    expect(exitCode).toBe(0)
    expect(stdout).toContain(`Examined ${site.mcpUrl} `)
  })

  it('ends with 1 and says what was seen, who fails and what mends it', async () => {
    site.plant(({ path }) => (path === '/token' ? json({}, 500) : undefined))
    const { exitCode, stdout, stderr } = await runCli(['doctor', site.mcpUrl])
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
    expect(stdout).toMatch(/^ {2}FAILED {3}a made-up code is refused in the words of RFC 6749$/m)
    expect(stdout).toMatch(/^ {4}seen: {4}POST http:\/\/localhost:\d+\/token: 500 \(application\/json\)$/m)
    expect(stdout).toMatch(/^ {4}clients: {1}Every client: /m)
    expect(stdout).toMatch(/^ {4}fix: {5}Look into /m)
  })

  it('ends with 0 when there are only warnings', async () => {
    site.plant(({ path }) => (path === '/.well-known/oauth-protected-resource' ? json({}, 404) : undefined))
    const { exitCode, stdout } = await runCli(['doctor', site.mcpUrl])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/, 1 with warnings, 0 failed/)
  })

  it('prints JSON of a documented shape', async () => {
    const document = serverMetadata(site.issuer)
    site.plant(({ method, path }) =>
      method === 'GET' && path.startsWith('/.well-known/o') && !path.includes('protected')
        ? json({ ...document, issuer: hostile })
        : undefined,
    )
    const { exitCode, stdout } = await runCli(['doctor', site.mcpUrl, '--json'])
    expect(exitCode).toBe(1)
    const report = JSON.parse(stdout)
    expect(Object.keys(report)).toEqual(['version', 'url', 'at', 'requests', 'summary', 'groups'])
    expect(report).toMatchObject({ version: 1, url: site.mcpUrl, summary: { failed: 1, skipped: 3 } })
    const group = report.groups.find(({ name }: { name: string }) => name === 'Authorization server metadata')
    const check = group.checks.find(({ id }: { id: string }) => id === 'issuer')
    expect(check).toEqual({
      id: 'issuer',
      title: expect.any(String),
      outcome: 'failed',
      problems: [
        {
          code: 'issuer-other-text',
          severity: 'failure',
          title: expect.any(String),
          seen: expect.stringContaining('gotcha'),
          clients: expect.stringContaining('ChatGPT'),
          fix: expect.stringContaining('authorization_servers'),
        },
      ],
    })
  })

  it.each([[[]], [['--json']]])('lets no server steer the terminal (%j)', async (flags) => {
    const headers = { 'content-type': 'application/json', 'www-authenticate': 'Bearer \u009b2J' }
    site.plant(({ path, method }) => {
      if (path === '/mcp' && method === 'POST') return { status: 401, headers, body: hostile }
      return path.startsWith('/.well-known/')
        ? json({ resource: hostile, authorization_servers: [hostile] })
        : undefined
    })
    const { exitCode, stdout } = await runCli(['doctor', site.mcpUrl, ...flags])
    expect(exitCode).toBe(1)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not come through
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  })

  it('survives documents made to break it', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    site.plant(({ path }) => {
      if (path.includes('protected')) return { ...json({}), body: `{"resource":${deep}}` }
      return path === '/jwks'
        ? json({ keys: [null, 1, { kty: 'constructor' }, { kid: {}, kty: { toString: 1 } }] })
        : undefined
    })
    expect((await runCli(['doctor', site.mcpUrl])).exitCode).toBe(1)
    site.plant(({ path }) => (path === '/jwks' ? json({ keys: Array(10_000).fill({}) }) : undefined))
    const { exitCode, stdout } = await runCli(['doctor', site.mcpUrl])
    expect(exitCode).toBe(1)
    expect(stdout.split('\n').length).toBeLessThan(200)
  })

  it.each([
    ['no URL at all', ['example.com/mcp'], /give the MCP URL/],
    ['another scheme', ['ftp://example.com/mcp'], /give the MCP URL/],
    ['a fragment', ['https://example.com/mcp#x'], /give the MCP URL/],
    ['a password', ['https://ada:sesame@example.com/mcp'], /leave user name and password out/],
    ['two URLs', ['https://a.example/mcp', 'https://b.example/mcp'], /one URL/],
    ['a missing file of authorities', ['https://a.example/mcp', '--ca', '/nowhere.pem'], /nowhere\.pem/],
  ])('refuses %s with status 2', async (_name, args, line) => {
    const { exitCode, stdout, stderr } = await runCli(['doctor', ...args])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(line)
    expect(stderr).not.toContain('sesame')
  })

  it('refuses a file without certificates and wrong settings with status 2', async () => {
    const file = join(temporaryFolder('ca'), 'ca.pem')
    writeFileSync(file, 'nothing')
    expect((await runCli(['doctor', site.mcpUrl, '--ca', file])).exitCode).toBe(2)
    expect((await runCli(['doctor'], { RESOURCE_URL: 'x' })).exitCode).toBe(2)
  })

  it('trusts an authority of the operator beside the usual ones, if told to', async () => {
    const secure = await startSite('public')
    const { port } = new URL(secure.mcpUrl)
    const validity = { from: new Date(Date.now() - 60_000), to: new Date(Date.now() + 60 * 86_400_000) }
    secure.present(secure.authority.issue('localhost', validity))
    const file = join(temporaryFolder('ca'), 'ca.pem')
    writeFileSync(file, secure.authority.cert)
    const certificates = async (...flags: readonly string[]) => {
      const { stdout } = await runCli(['doctor', `https://localhost:${port}/mcp`, '--json', ...flags])
      const checks = JSON.parse(stdout).groups.flatMap((group: { checks: object[] }) => group.checks)
      const check = checks.find(({ id }: { id: string }) => id === 'certificates')
      const ofThisHost = ({ seen }: { seen: string }) => seen.includes(`https://localhost:${port}`)
      return check.problems.filter(ofThisHost).map(({ code }: { code: string }) => code)
    }
    expect(await certificates()).toEqual(['certificate-chain-incomplete'])
    expect(await certificates('--ca', file)).toEqual([])
    await secure.close()
  })

  it('ends with 2 when nothing answers', async () => {
    const port = await freePort()
    const { exitCode, stdout, stderr } = await runCli(['doctor', `http://127.0.0.1:${port}/mcp`])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(/^gatehouse: nothing answers at http:\/\/127\.0\.0\.1:\d+\/mcp: .*ECONNREFUSED.*\n$/)
  })
})
