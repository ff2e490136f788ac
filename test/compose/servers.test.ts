/** docker-compose.servers.yml: the notes and two more MCP servers under one issuer. Uses the ports 3000, 4000, 8081 and 8082. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Browser, createBrowser } from '../support/browser.js'
import { callTool } from '../support/mcp-request.js'
import { discover, newGrantAt, obtainTokens } from '../support/oauth-client.js'
import { composedStack } from './composed-stack.js'

const account = { email: 'ada@example.com', password: 'plum orbit kettle ninety walrus' }
const { compose, mustCompose, up } = composedStack(['docker-compose.yml', 'docker-compose.servers.yml'], {
  BOOTSTRAP_EMAIL: account.email,
  BOOTSTRAP_PASSWORD: account.password,
})
const issuer = 'http://localhost:3000'
const servers = [
  { url: 'http://localhost:4000/mcp', scope: 'notes:read', name: 'Gatehouse Notes', others: ['tickets:', 'wiki:'] },
  { url: 'http://localhost:8081/mcp', scope: 'tickets:read', name: 'Acme Tickets', others: ['notes:', 'wiki:'] },
  { url: 'http://localhost:8082/mcp', scope: 'wiki:read', name: 'Acme Wiki', others: ['notes:', 'tickets:'] },
] as const

describe('docker compose with two more servers', () => {
  let browser: Browser
  const tokens = new Map<string, string>()

  beforeAll(async () => {
    await compose('down', '--volumes', '--timeout', '5')
    await mustCompose('build', '--quiet')
    await up()
    browser = createBrowser([issuer, ...servers.map(({ url }) => url)])
  }, 600_000)
  afterAll(() => compose('down', '--volumes', '--timeout', '5'), 60_000)

  it.each(servers)('asks for $url alone, in its own words', async ({ url, scope, name, others }) => {
    const { serverMetadata } = await discover(url)
    expect(serverMetadata.issuer).toBe(issuer)
    let asked = ''
    const reads = ({ text }: { readonly text: string }) => (asked = text)
    const grant = await newGrantAt(serverMetadata, url)
    const granted = await obtainTokens(grant, browser, { account, reads }, scope)
    expect(granted.scope).toBe(scope)
    expect(asked).toContain(name)
    for (const other of others) expect(asked).not.toContain(other)
    tokens.set(url, granted.access_token)
  })

  it.each(servers)('lets only its own token in at $url', async ({ url }) => {
    for (const [from, token] of tokens) {
      const { status } = await callTool(url, token, 'whoami')
      expect({ from, status }).toEqual({ from, status: from === url ? 200 : 401 })
    }
    expect(tokens.size).toBe(servers.length)
  })
})
