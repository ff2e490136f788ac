import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { databaseKinds } from './databases.js'
import { type Stack, startStack } from './stack.js'

describe.each(databaseKinds)('the stack in the test process (%s)', (database) => {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack({ database })
  }, 120_000)
  afterAll(() => stack.close())

  it('answers ready on both servers', async () => {
    for (const url of [stack.issuer, new URL(stack.resource).origin]) {
      expect((await fetch(`${url}/health/ready`)).status).toBe(200)
    }
  })

  it('collects its log lines', async () => {
    await fetch(`${stack.issuer}/health/live`)
    expect(stack.logLines.some((line) => JSON.parse(line).path === '/health/live')).toBe(true)
  })
})
