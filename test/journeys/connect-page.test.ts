/** From the home page to the lines that connect a client: for our MCP server and for one of the operator's own. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { connectLines } from '../../src/connect-page/connect-lines.js'
import { createBrowser, type Page, pageOf } from '../support/browser.js'
import { freePort } from '../support/free-port.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type Stack, startStack } from '../support/stack.js'

const file = join(temporaryFolder('resource'), 'resource.json')
const tickets = {
  name: 'Acme Tickets',
  scopes: {
    'tickets:read': { title: 'Read your tickets', description: 'Of your team.', default: true },
    'tickets:delete': { title: 'Delete tickets', description: 'For good.', destructive: true },
  },
  tools: { close_ticket: { title: 'Close a ticket', scopes: ['tickets:delete'] } },
}

/** The same URLs, said by a declaration file. */
function declaredInFile(env: Readonly<Record<string, string>>, port: number) {
  const { RESOURCE_URL: url = `http://localhost:${port}/mcp`, RESOURCE_ALIASES: aliases = '' } = env
  const entry = { url, aliases: aliases.split(/,\s*/).filter((alias) => alias !== ''), ...tickets }
  writeFileSync(file, JSON.stringify({ resources: [entry] }))
  return { resource: url, env: { ...env, RESOURCE_URL: '', RESOURCE_ALIASES: '', GATEHOUSE_FILE: file } }
}

interface Situation {
  readonly name: string
  /** `PORT` and `OTHER` are free ports. */
  readonly env: Readonly<Record<string, string>>
  readonly isOwn: boolean
}

const ours: readonly Situation[] = [
  { name: 'two ports', env: {} },
  { name: 'one port', env: { ISSUER_URL: 'http://localhost:PORT', RESOURCE_URL: 'http://localhost:PORT/mcp' } },
  {
    name: 'one port, an issuer with a path',
    env: { ISSUER_URL: 'http://localhost:PORT/auth', RESOURCE_URL: 'http://localhost:PORT/mcp' },
  },
  {
    name: 'several aliases',
    env: {
      RESOURCE_URL: 'http://localhost:PORT/mcp',
      RESOURCE_ALIASES: 'http://127.0.0.1:PORT/mcp, http://127.0.0.1:PORT/old',
    },
  },
  {
    name: 'a proxy that ends TLS',
    env: {
      ISSUER_URL: 'https://localhost:PORT/tenants/auth',
      RESOURCE_URL: 'https://localhost:OTHER/mcp',
      TRUSTED_PROXIES: '127.0.0.1',
    },
  },
  { name: 'a URL of odd characters', env: { RESOURCE_URL: "http://localhost:PORT/o'clock;$(id)&/mcp" } },
].map((situation) => ({ ...situation, isOwn: false }))

const situations = [...ours, ...ours.map((situation) => ({ ...situation, isOwn: true }))]

function withPorts(env: Situation['env'], port: number, other: number): Situation['env'] {
  const written = (value: string) => value.replaceAll('PORT', `${port}`).replaceAll('OTHER', `${other}`)
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, written(value)]))
}

describe.each(situations)('$name, an MCP server of the operator’s own: $isOwn', ({ env, isOwn }) => {
  let stack: Stack
  let home: Page

  beforeAll(async () => {
    const [port, other] = await Promise.all([freePort(), freePort()])
    const written = withPorts(env, port, other)
    stack = await startStack({
      database: 'embedded',
      ...(isOwn ? { ...declaredInFile(written, other), overrides: { only: 'auth' } } : { env: written }),
    })
    home = pageOf(await stack.newBrowser().open(`${stack.issuer}/`))
  })
  afterAll(() => stack.close())

  const resourceName = isOwn ? 'Acme Tickets' : 'Gatehouse Notes'

  it('leads from the home page to a page with every line, right for the URL', async () => {
    const browser = createBrowser([stack.issuer])
    const link = home.links.find(({ text }) => text.includes(resourceName))
    const page = pageOf(await browser.open(link?.href ?? ''))
    expect([page.status, page.heading]).toEqual([200, `Connect to ${resourceName}`])
    expect(page.text).toContain(isOwn ? 'Read your tickets' : 'Read your notes')
    for (const { client, code } of connectLines({ name: resourceName, resource: stack.resource })) {
      expect(page.text).toContain(client)
      expect(page.text).toContain(code.replace(/\s+/g, ' '))
    }
    expect(page.text.includes('runs on the internet and cannot reach')).toBe(stack.resource.startsWith('http:'))
  })

  it('leads nowhere else: what answers at the URL of an MCP server, only its operator knows', async () => {
    const page = pageOf(await createBrowser([stack.issuer]).open(`${stack.issuer}/connect`))
    const elsewhere = [...home.links, ...page.links]
      .map(({ href }) => new URL(href))
      .filter(({ protocol, origin }) => protocol.startsWith('http') && origin !== new URL(stack.issuer).origin)
    expect(elsewhere).toEqual([])
  })

  if (isOwn) return
  it('shows the same lines at the MCP URL', async () => {
    const [atIssuer, atResource] = await Promise.all(
      [`${stack.issuer}/connect`, stack.resource].map(async (url) => pageOf(await stack.newBrowser().open(url))),
    )
    expect(atResource?.status).toBe(200)
    const metadata = 'For programs: the description of this resource'
    expect(atResource?.text.replace(metadata, '').trim()).toBe(atIssuer?.text)
  })
})
