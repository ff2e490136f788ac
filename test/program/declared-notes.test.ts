/** The notes of our own MCP server while the file that declares them changes: where they are, and what was revoked there. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { randomSecret } from '../../src/base/secrets.js'
import { parseConfig } from '../../src/config/config.js'
import { declaredBy, notesConfig } from '../../src/program/declarations/in-force.js'
import { runCli } from '../cli/terminal.js'
import { eventually, firstAnswer } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { callTool } from '../support/mcp-request.js'
import { newGrant, obtainTokens, revoke } from '../support/oauth-client.js'
import { temporaryFolder } from '../support/run-folder.js'
import { stackSettings } from '../support/settings.js'
import { failureOfStart, type Stack, startStack } from '../support/stack.js'

jest.setTimeout(300_000)

/** More than a revocation takes, less than the ten seconds that a question to the feed may wait. */
const feltWithinSeconds = 6

const notesAt = (url: string, members = '') => `resources:\n  - { url: "${url}", notes: true${members} }\n`

const statusAt = async (url: string, token: string) => (await callTool(url, token, 'whoami')).status

/** Two tokens of two grants for the notes at this URL. */
async function newTokens({ issuer, account, newBrowser }: Stack, resource: string) {
  const grant = await newGrant({ issuer, resource })
  const token = async () => (await obtainTokens(grant, newBrowser(), { account }, 'notes:read')).access_token
  const [first, second] = [await token(), await token()]
  return { first, second, revoke: (revoked: string) => revoke(grant, revoked) }
}

const felt = (url: string, token: string) =>
  firstAnswer('refusal', feltWithinSeconds, async () => ((await statusAt(url, token)) === 401 ? true : undefined))

describe('The notes of one process for both servers', () => {
  let stack: Stack
  let origin: string
  const file = join(temporaryFolder('notes'), 'gatehouse.yaml')

  beforeAll(async () => {
    origin = `http://localhost:${await freePort()}`
    writeFileSync(file, notesAt(`${origin}/mcp`))
    stack = await startStack({ database: 'embedded', env: { RESOURCE_URL: '', GATEHOUSE_FILE: file } })
  })
  afterAll(() => stack.close())

  it('know of revocations where they were moved to while the servers run', async () => {
    const moved = `${origin}/moved`
    writeFileSync(file, notesAt(moved))
    await eventually(async () => (await fetch(moved)).status === 401)
    expect((await fetch(`${origin}/mcp`)).status).toBe(404)
    const tokens = await newTokens(stack, moved)
    expect([await statusAt(moved, tokens.first), await statusAt(moved, tokens.second)]).toEqual([200, 200])
    expect(await tokens.revoke(tokens.first)).toBe(200)
    await felt(moved, tokens.first)
    expect(await statusAt(moved, tokens.second)).toBe(200)
  })

  it('are gone when the file declares them no more, with what was granted for them', async () => {
    const url = `${origin}/short`
    writeFileSync(file, notesAt(url))
    await eventually(async () => (await fetch(url)).status === 401)
    const { first } = await newTokens(stack, url)
    expect(await statusAt(url, first)).toBe(200)
    writeFileSync(file, 'resources:\n  - { url: https://a.example.com/mcp, name: A, scopes: { a: { title: A } } }\n')
    await eventually(async () => (await fetch(url)).status === 404)
    expect((await fetch(`${origin}/health/ready`)).status).toBe(200)
    writeFileSync(file, notesAt(url))
    await eventually(async () => (await fetch(url)).status === 401)
    expect(await statusAt(url, first)).toBe(401)
  })
})

describe('The notes of a process of their own, with a copy of the file', () => {
  let auth: Stack
  let mcp: Stack
  let url: string
  const folder = temporaryFolder('notes')
  const [ofIssuer, copy] = [join(folder, 'issuer.yaml'), join(folder, 'copy.yaml')]

  beforeAll(async () => {
    url = `http://localhost:${await freePort()}/mcp`
    for (const each of [ofIssuer, copy]) writeFileSync(each, notesAt(url))
    const env = { RESOURCE_URL: '', MCP_SERVER_SECRET: randomSecret(), GATEHOUSE_FILE: ofIssuer }
    auth = await startStack({ database: 'embedded', env, resource: url, overrides: { only: 'auth' } })
    const settings = { ...auth.settings, GATEHOUSE_FILE: copy }
    mcp = await startStack({ database: 'embedded', env: settings, overrides: { only: 'mcp' } })
  })
  afterAll(async () => {
    await mcp.close()
    await auth.close()
  })

  it('hear what ended there when the issuer knows them elsewhere already', async () => {
    const { first } = await newTokens(auth, url)
    expect(await statusAt(url, first)).toBe(200)
    writeFileSync(ofIssuer, notesAt(`${new URL(url).origin}/elsewhere`))
    await felt(url, first)
    writeFileSync(ofIssuer, notesAt(url))
    await eventually(async () => (await (await fetch(`${auth.issuer}/connect/notes`)).text()).includes(url))
  })

  it('keep what was revoked, and go on, when only places and rules of the issuer change', async () => {
    const tokens = await newTokens(auth, url)
    expect([await statusAt(url, tokens.first), await statusAt(url, tokens.second)]).toEqual([200, 200])
    expect(await tokens.revoke(tokens.first)).toBe(200)
    await felt(url, tokens.first)
    await auth.stop()
    const health = async () => JSON.stringify(await (await fetch(`${new URL(url).origin}/health/ready`)).json())
    writeFileSync(copy, 'resources: [')
    await eventually(async () => (await health()).includes('warnings'))
    writeFileSync(
      copy,
      `# another line\n\n${notesAt(url, ', tokens: { ttl: 5m }, clients: { registered: [notes:read] }')}`,
    )
    await eventually(async () => !(await health()).includes('warnings'))
    // An app in its place would have neither the issuer's keys nor its revocations.
    expect([await statusAt(url, tokens.first), await statusAt(url, tokens.second)]).toEqual([401, 200])
  })
})

describe('A later start of the MCP server alone', () => {
  const file = join(temporaryFolder('notes'), 'gatehouse.yaml')
  const mcpAlone = { only: 'mcp' } as const

  it('goes on with what its file said last, if the file is wrong or gone, and says so', async () => {
    const url = `http://localhost:${await freePort()}/mcp`
    writeFileSync(file, notesAt(url))
    const env = { RESOURCE_URL: '', GATEHOUSE_FILE: file, API_KEYS: 'true' }
    const first = await startStack({ database: 'embedded', env, overrides: mcpAlone })
    await first.stop()
    const again = async (expected: RegExp) => {
      const stack = await startStack({ database: 'embedded', env: first.settings, overrides: mcpAlone })
      expect(stack.resource).toBe(url)
      expect((await fetch(url)).status).toBe(401)
      const health = await (await fetch(`${new URL(url).origin}/health/ready`)).json()
      expect(health).toMatchObject({ status: 'ready', warnings: [expect.stringMatching(expected)] })
      await stack.stop()
    }
    writeFileSync(file, 'resources: [')
    await again(/^gatehouse\.yaml:1:/)
    rmSync(file)
    await again(/^gatehouse\.yaml:1:1: the file cannot be read: ENOENT/)
    // A first start has nothing to go on with.
    const settings = await stackSettings({ database: 'embedded', env })
    expect(await failureOfStart(settings, mcpAlone)).toContain('the file cannot be read')
  })

  it('takes API keys for the URL at which the notes are, and for no other', async () => {
    const origin = `http://localhost:${await freePort()}`
    writeFileSync(file, notesAt(`${origin}/mcp`))
    const env = { RESOURCE_URL: '', GATEHOUSE_FILE: file, API_KEYS: 'true' }
    const stack = await startStack({ database: 'embedded', env, overrides: mcpAlone })
    const { stdout } = await runCli(['api-keys', 'add', 'Nightly', '--scopes', 'notes:read'], stack.settings)
    const key = /^api_key +(\S+)$/m.exec(stdout)?.[1] ?? ''
    expect(await statusAt(`${origin}/mcp`, key)).toBe(200)
    writeFileSync(file, notesAt(`${origin}/moved`))
    await eventually(async () => (await fetch(`${origin}/moved`)).status === 401)
    expect(await statusAt(`${origin}/moved`, key)).toBe(401)
    writeFileSync(file, notesAt(`${origin}/moved`, `, aliases: ["${origin}/mcp"]`))
    await eventually(async () => (await statusAt(`${origin}/moved`, key)) === 200)
    expect((await runCli(['api-keys', 'list'], stack.settings)).stdout).toContain(` ${origin}/mcp `)
    await stack.close()
  })
})

describe('The settings beside declared notes', () => {
  it.each([
    ['true', '', true],
    ['true', 'required', true],
    ['false', 'required', true],
    ['false', '', false],
  ])('DPOP_REQUIRED=%s and dpop %j: the stricter one counts', (setting, dpop, expected) => {
    const config = parseConfig({ DPOP_REQUIRED: setting }, () => '')
    const payload = { id: 'notes', url: 'http://localhost:4000/mcp', notes: true, ...(dpop && { tokens: { dpop } }) }
    const row = { kind: 'resource', id: 'notes', source: 'file', payload: JSON.stringify(payload), places: {} } as const
    expect(notesConfig(config, declaredBy(config, [row])).DPOP_REQUIRED).toBe(expected)
  })
})
