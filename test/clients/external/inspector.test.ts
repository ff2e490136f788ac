/** The MCP Inspector's command line, fetched by npx at a fixed version: it opens a browser, keeps its tokens and uses them later. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type BrowserCommand, startBrowserCommand } from '../../support/browser-command.js'
import { freePort } from '../../support/free-port.js'
import { npxArguments } from '../../support/npx.js'
import { temporaryFolder } from '../../support/run-folder.js'
import { type Stack, startStack } from '../../support/stack.js'

interface Outcome {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

const program = npxArguments('@modelcontextprotocol/inspector@2.12.0', 'mcp-inspector', [22, 19])

describe('@modelcontextprotocol/inspector --cli', () => {
  let stack: Stack
  let browser: BrowserCommand
  let callbackUrl: string
  const home = temporaryFolder('inspector')

  async function inspector(args: readonly string[], storage = home): Promise<Outcome> {
    const env = {
      ...process.env,
      ...browser.environment,
      DISPLAY: undefined,
      MCP_AUTO_OPEN_ENABLED: 'true',
      MCP_STORAGE_DIR: storage,
      MCP_INSPECTOR_SECRET_STORE: 'file',
    }
    const common = [stack.resource, '--transport', 'http', '--format', 'json', '--callback-url', callbackUrl]
    const child = spawn('npx', [...program, '--cli', ...common, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk)
    })
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk)
    })
    await once(child, 'close')
    return { exitCode: child.exitCode, stdout, stderr }
  }

  async function result(args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await inspector(args)
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${browser.failures.join('\n')}\n${stderr}\n${stdout}`)
    return stdout
  }

  beforeAll(async () => {
    stack = await startStack({ database: 'embedded' })
    browser = await startBrowserCommand(stack.newBrowser(), { account: stack.account })
    callbackUrl = `http://127.0.0.1:${await freePort()}/oauth/callback`
  })
  afterAll(async () => {
    await browser.close()
    await stack.close()
  })

  it('says that a login is needed when it may not ask for one', async () => {
    const elsewhere = temporaryFolder('inspector')
    const { exitCode } = await inspector(['--method', 'tools/list', '--stored-auth-only'], elsewhere)
    expect(exitCode).toBe(3)
    expect(browser.opened).toHaveLength(0)
  })

  it('opens the browser, is allowed, and lists the tools in the modern era', async () => {
    const tools = await result(['--method', 'tools/list', '--protocol-era', 'modern'])
    expect(browser.failures).toEqual([])
    expect(browser.opened).toHaveLength(1)
    for (const name of ['whoami', 'create_note', 'delete_note']) expect(tools).toContain(name)
  })

  it.each(['modern', 'legacy'])('calls a tool with the stored tokens in the %s era', async (era) => {
    const title = `From the inspector, ${era}`
    const toolArguments = ['--tool-name', 'create_note', '--tool-args-json', JSON.stringify({ title, body: 'b' })]
    const stored = ['--stored-auth-only', '--protocol-era', era]
    await result(['--method', 'tools/call', ...toolArguments, ...stored])
    expect(await result(['--method', 'tools/call', '--tool-name', 'list_notes', ...stored])).toContain(title)
    expect(browser.opened).toHaveLength(1)
  })
})
