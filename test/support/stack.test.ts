import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { describeOnDatabases } from './describe-with.js'
import { eventually } from './eventually.js'
import { type Stack, startStack } from './stack.js'

describeOnDatabases('the stack in the test process (%s)', (database) => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack({ database })
  })
  afterAll(() => stack.close())

  it('answers ready on both servers', async () => {
    for (const url of [stack.issuer, new URL(stack.resource).origin]) {
      expect((await fetch(`${url}/health/ready`)).status).toBe(200)
    }
  })

  it('starts without anything that somebody would have to look at', async () => {
    const lines = () => stack.logLines.map((line) => JSON.parse(line) as { level: string; msg: string; path?: string })
    await eventually(() => lines().some(({ msg }) => msg === 'following revocations'))
    expect(lines().filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
    // The polls of its own MCP server, which go on as long as it runs.
    expect(lines().filter(({ level, path }) => level === 'info' && path === '/revocations')).toEqual([])
  })

  it('collects its log lines', async () => {
    await fetch(`${stack.issuer}/nothing/here`)
    expect(stack.logLines.some((line) => JSON.parse(line).path === '/nothing/here')).toBe(true)
  })
})
