/** The suite's `authorization` mode against the whole running product: discovery, then a code grant that a person answers. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { completeAuthorization } from '../../support/authorization.js'
import { freePort } from '../../support/free-port.js'
import { discoverServer, register } from '../../support/oauth-client.js'
import { type Stack, startStack } from '../../support/stack.js'
import { expectPassed, runSuite, type SuiteRun } from './suite.js'

const scenarios = ['authorization-server-metadata-endpoint', 'authorization-code-grant']

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ database: 'embedded' })
})
afterAll(() => stack.close())

describe.each(['2025-03-26', '2026-07-28'])('official conformance suite, authorization server, %s', (revision) => {
  let run: SuiteRun
  const failures: unknown[] = []

  beforeAll(async () => {
    const server = await discoverServer(stack.issuer)
    const port = await freePort()
    const callbackUrl = `http://127.0.0.1:${port}/callback`
    const { client_id: clientId } = await register(server, { redirect_uris: [callbackUrl] })
    /** The person: the suite prints the address to open and waits at its callback. */
    const answer = async (line: string) => {
      if (!line.startsWith(`${server.authorization_endpoint}?`)) return
      const person = completeAuthorization(stack.newBrowser(), line, { account: stack.account })
      const callback = await person.catch((error) => {
        failures.push(error)
        return `${callbackUrl}?error=the_test_could_not_authorize`
      })
      await fetch(callback)
    }
    run = await runSuite(
      'authorization',
      [
        ...['--url', stack.issuer, '--client-id', clientId],
        ...['--resource', stack.resource, '--port', String(port), '--spec-version', revision],
      ],
      (line) => void answer(line),
    )
  })

  it.each(scenarios)('%s', (scenario) => {
    expect(failures).toEqual([])
    expectPassed(run, scenario)
  })

  it('ends well, and has no other scenario', () => {
    expect([...run.scenarios.keys()].sort()).toEqual([...scenarios].sort())
    expect(run.exitCode).toBe(0)
  })
})
