/** mcp-remote as desktop programs run it: a child process that speaks stdio to them and OAuth to us, and opens a browser itself. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type BrowserCommand, startBrowserCommand } from '../../support/browser-command.js'
import { keepForFile } from '../../support/opened.js'
import { temporaryFolder } from '../../support/run-folder.js'
import { type Stack, startStack } from '../../support/stack.js'
import { type StdioClient, startStdioClient } from '../../support/stdio-client.js'

const program = join(dirname(createRequire(import.meta.url).resolve('mcp-remote/package.json')), 'dist', 'proxy.js')

describe('mcp-remote', () => {
  let stack: Stack
  let browser: BrowserCommand
  let client: StdioClient
  const configDir = temporaryFolder('mcp-remote')

  const start = () =>
    startStdioClient([process.execPath, program, stack.resource, '--allow-http', '--transport', 'http-only'], {
      PATH: process.env['PATH'],
      HOME: configDir,
      MCP_REMOTE_CONFIG_DIR: configDir,
      ...browser.environment,
    })

  const initialize = async () => {
    const reply = await client.request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'desktop-program', version: '1.0.0' },
    })
    client.notify('notifications/initialized')
    return reply
  }

  const call = (name: string, toolArguments = {}) => client.request('tools/call', { name, arguments: toolArguments })

  beforeAll(async () => {
    stack = await startStack({ database: 'embedded' })
    browser = await startBrowserCommand(stack.newBrowser(), { account: stack.account })
  })
  afterAll(async () => {
    await client.close()
    await browser.close()
    await stack.close()
  })

  it('registers, opens the browser, is allowed, and connects', async () => {
    client = await keepForFile(async () => start())
    const { result } = await initialize()
    expect(browser.failures).toEqual([])
    expect(browser.opened).toHaveLength(1)
    expect(result?.['serverInfo']).toMatchObject({ name: expect.any(String) })
  })

  it('lists the tools, and calls ones that read and write', async () => {
    const { result } = await client.request('tools/list')
    expect(JSON.stringify(result)).toContain('create_note')
    const created = await call('create_note', { title: 'From mcp-remote', body: 'Through stdio' })
    expect(created.result).toMatchObject({ structuredContent: { id: expect.any(String) } })
    const listed = await call('list_notes')
    expect(JSON.stringify(listed.result)).toContain('From mcp-remote')
  })

  it('steps up to deleting through the browser', async () => {
    const listed = JSON.stringify((await call('list_notes')).result)
    const id = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(listed)?.[0]
    const deleted = await call('delete_note', { id })
    expect(browser.failures).toEqual([])
    expect(deleted.error).toBeUndefined()
    expect(deleted.result?.['isError']).not.toBe(true)
    expect(browser.opened).toHaveLength(2)
  })

  it('starts again later without a browser', async () => {
    await client.close()
    client = start()
    await initialize()
    expect((await call('whoami')).result?.['isError']).not.toBe(true)
    expect(browser.opened).toHaveLength(2)
  })
})
