/** The page docs/guard/three-servers.md, block by block: one issuer, its file, and a server in each of three languages. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { pageAt } from '../manual/pages.js'
import { shellCommands } from '../manual/shell-lines.js'
import { installPacked, pack } from '../resource-server/packed-library.js'
import { type Browser, createBrowser } from '../support/browser.js'
import { firstAnswer } from '../support/eventually.js'
import { freePort } from '../support/free-port.js'
import { lookForLanguages } from '../support/machine.mjs'
import { newGrant, obtainTokens } from '../support/oauth-client.js'
import { killAfterwards } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'
import { callThroughSdkV2, connectSdkV2, SdkV2Provider } from '../support/sdk-v2-client.js'
import { type Stack, startStack } from '../support/stack.js'
import { describeIn, type Language, placeOf } from './foreign-program.js'
import { buildGo } from './install-libraries.mjs'

const page = pageAt('docs/guard/three-servers.md')

/** The text of the page's only block in that language. */
function blockIn(language: string): string {
  const [block, ...others] = page.blocks.filter((candidate) => candidate.language === language)
  if (block === undefined || others.length > 0) throw new Error(`the page has not one block of ${language}`)
  return block.text
}

/** Each server: the port that the page gives it, the scope it needs, one that does not open it, and a tool with its answer. */
const servers = [
  {
    language: 'typescript',
    block: 'js',
    port: 8081,
    name: 'Acme Tickets',
    scope: 'tickets:read',
    other: 'tickets:write',
    tool: 'list_tickets',
    says: 'The printer is on fire',
  },
  {
    language: 'python',
    block: 'python',
    port: 8082,
    name: 'Acme Files',
    scope: 'files:read',
    other: 'files:delete',
    tool: 'list_files',
    says: 'budget.ods',
  },
  {
    language: 'go',
    block: 'go',
    port: 8083,
    name: 'Acme Wiki',
    scope: 'wiki:read',
    other: 'wiki:edit',
    tool: 'list_pages',
    says: 'Home',
  },
] as const

type Served = (typeof servers)[number]

/** The page's code, with free ports in place of its own: other programs may have those. */
function withPorts(text: string, ports: ReadonlyMap<number, number>): string {
  return text.replaceAll(/\b(?:3000|808[123])\b/g, (port) => String(ports.get(Number(port))))
}

/** Writes the program as the page says, and returns the command that runs it. */
function prepare(language: Language, code: string): readonly string[] {
  const folder = temporaryFolder('project')
  if (language === 'python') {
    const file = join(folder, 'files.py')
    writeFileSync(file, code)
    return [placeOf('python'), file]
  }
  if (language === 'go') {
    const [source, overlay] = [join(folder, 'main.go'), join(folder, 'overlay.json')]
    writeFileSync(source, code)
    // In the module that pins its libraries, as if the file stood there.
    const seenAt = fileURLToPath(new URL('go/cmd/wiki/main.go', import.meta.url))
    writeFileSync(overlay, JSON.stringify({ Replace: { [seenAt]: source } }))
    buildGo(lookForLanguages().places['go'] ?? '', join(folder, 'bin'), ['./cmd/wiki'], ['-overlay', overlay])
    return [join(folder, 'bin', 'wiki')]
  }
  const others = ['jose', 'express', '@modelcontextprotocol/node', '@modelcontextprotocol/server']
  installPacked([pack('guard', folder)], folder, others)
  writeFileSync(join(folder, 'tickets.mjs'), code)
  return [process.execPath, join(folder, 'tickets.mjs')]
}

/** Status of a call with this token. */
async function ask(resource: string, token?: string): Promise<number> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  return (await fetch(resource, { method: 'POST', headers, body })).status
}

describe('Three servers of the manual', () => {
  let stack: Stack
  let browser: Browser
  const ports = new Map<number, number>()
  const resourceOf = ({ port }: Served) => `http://localhost:${ports.get(port)}/mcp`

  beforeAll(async () => {
    for (const port of [3000, 8081, 8082, 8083]) ports.set(port, await freePort())
    const file = join(temporaryFolder('declared'), 'gatehouse.yaml')
    writeFileSync(file, withPorts(blockIn('yaml'), ports))
    const env = { ISSUER_URL: `http://localhost:${ports.get(3000)}`, RESOURCE_URL: '', GATEHOUSE_FILE: file }
    stack = await startStack({ database: 'embedded', env, overrides: { only: 'auth' } })
    browser = createBrowser([stack.issuer, ...servers.map(resourceOf)])
  })
  afterAll(() => stack?.close())

  /** A token for that server, by a sign-in and a consent of its own; what its consent page said. */
  async function allow(server: Served, scope: string): Promise<{ readonly token: string; readonly asked: string }> {
    let asked = ''
    const reads = ({ text }: { readonly text: string }) => {
      asked = text
    }
    const grant = await newGrant({ issuer: stack.issuer, resource: resourceOf(server) })
    const { access_token: token } = await obtainTokens(grant, browser, { account: stack.account, reads }, scope)
    return { token, asked }
  }

  it.each(servers)('$name: at most three commands and fifteen lines of code', ({ block }) => {
    const code = blockIn(block)
      .replace(/^package main$/m, '')
      .replace(/^import \([\s\S]*?^\)$/m, '')
      .split('\n')
      .filter((line) => !/^\s*(?:$|\/\/|#|[)}\]]+$|(?:import|from) )/.test(line))
    expect(code.length).toBeLessThanOrEqual(15)
    const [, section = ''] = page.text.split(`\`\`\`${block}\n`)
    const shell = /```sh\n([\s\S]*?)```/.exec(section)?.[1] ?? ''
    const commands = shellCommands(shell).length
    expect(commands).toBeGreaterThan(0)
    expect(commands).toBeLessThanOrEqual(3)
  })

  describe.each(servers)('$name', (server) => {
    describeIn(server.language, `in ${server.language}`, () => {
      let running: ChildProcess
      let said = ''

      beforeAll(async () => {
        const [program = '', ...args] = prepare(server.language, withPorts(blockIn(server.block), ports))
        const env = { ...process.env, NO_PROXY: 'localhost,127.0.0.1' }
        running = killAfterwards(spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] }))
        running.stderr?.on('data', (chunk) => (said += String(chunk)))
        const answered = () => ask(resourceOf(server)).catch(() => undefined)
        await firstAnswer('a start of the server', 120, answered).catch((error) => {
          throw new Error(`${error}\n${said}`)
        })
      })
      afterAll(async () => {
        running?.kill()
        if (running?.exitCode === null && running.signalCode === null) await once(running, 'exit')
      })

      it('lets a client in from its bare URL', async () => {
        const provider = new SdkV2Provider(browser, { account: stack.account })
        const connection = await connectSdkV2(resourceOf(server), provider, 'auto')
        const { content } = await callThroughSdkV2(connection, provider, server.tool)
        await connection.client.close()
        expect(JSON.stringify(content)).toContain(server.says)
        expect(provider.requests[0]?.searchParams.get('resource')).toBe(resourceOf(server))
      })

      it('has a consent page of its own, and takes its own token', async () => {
        const { token, asked } = await allow(server, server.scope)
        expect(asked).toContain(server.name)
        for (const { name } of servers) if (name !== server.name) expect(asked).not.toContain(name)
        expect(await ask(resourceOf(server), token)).toBeLessThan(401)
      })

      it('refuses calls without a token, and with tokens of the two others', async () => {
        expect(await ask(resourceOf(server))).toBe(401)
        for (const other of servers.filter(({ port }) => port !== server.port)) {
          const { token } = await allow(other, other.scope)
          expect({ of: other.name, status: await ask(resourceOf(server), token) }).toEqual({
            of: other.name,
            status: 401,
          })
        }
      })

      it('wants the scope that it names', async () => {
        const { token } = await allow(server, server.other)
        expect(await ask(resourceOf(server), token)).toBe(403)
      })
    })
  })
})
