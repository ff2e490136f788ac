/**
 * The suite's `server` mode: its fixtures stand behind the MCP server's own middleware and guard, the tokens come from our
 * authorization server, and a proxy adds them to the suite's requests.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { systemClock } from '../../../src/base/clock.js'
import { createTokenVerifier } from '../../../src/mcp-host/token-verifier.js'
import { createOperatorFetch } from '../../../src/outbound/operator-fetch.js'
import { startServer, type TestServer } from '../../authorization-server/server.js'
import { type McpTestServer, startMcpTestServer } from '../../mcp-host/mcp-test-server.js'
import { newGrant, obtainTokens } from '../../support/oauth-client.js'
import { fixtureResource, fixtureServer } from '../fixtures/fixture-server.js'
import { expectedFailures } from './expected-failures.js'
import { scenarios } from './scenarios.js'
import { expectPassed, problemsOf, runSuite, type SuiteRun } from './suite.js'
import { startTokenProxy, type TokenProxy } from './token-proxy.js'

let proxy: TokenProxy
let authorizationServer: TestServer
let mcpServer: McpTestServer
let mcpUrl: string
let mcpPort: number

beforeAll(async () => {
  proxy = await startTokenProxy()
  mcpUrl = `${proxy.origin}/mcp`
  authorizationServer = await startServer('embedded', { resources: [fixtureResource(mcpUrl)] })
  const { issuer } = authorizationServer
  const fetch = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 })
  mcpServer = await startMcpTestServer({
    definition: fixtureServer(mcpUrl),
    issuer,
    verify: createTokenVerifier({ issuer, audience: mcpUrl, fetch, clock: systemClock }),
  })
  const grant = await newGrant({ issuer, resource: mcpUrl })
  const person = { account: authorizationServer.account }
  const tokens = await obtainTokens(grant, authorizationServer.newBrowser(), person)
  mcpPort = Number(new URL(mcpServer.origin).port)
  proxy.forwardTo(mcpPort, tokens.access_token)
})
afterAll(async () => {
  await proxy.close()
  await mcpServer.close()
  await authorizationServer.close()
})

describe.each(['2025-11-25', '2026-07-28'] as const)('official conformance suite, server, %s', (revision) => {
  const known = expectedFailures[revision] ?? {}
  let run: SuiteRun

  beforeAll(async () => {
    run = await runSuite('server', ['--url', mcpUrl, '--requirements', revision])
  }, 170_000)

  it.each(scenarios[revision].filter((scenario) => !(scenario in known)))('%s', (scenario) => {
    expectPassed(run, scenario)
  })

  for (const scenario of Object.keys(known)) {
    it(`${scenario} still fails, as expected-failures.ts explains`, () => {
      expect(problemsOf(run.scenarios.get(scenario) ?? [])).not.toEqual([])
    })
  }

  it('has no other scenario, but for extensions we do not claim', () => {
    const rest = [...run.scenarios.keys()].filter((name) => !scenarios[revision].includes(name))
    expect(rest.filter((name) => !name.startsWith('tasks-'))).toEqual([])
  })
})

describe('the fixtures', () => {
  it('are guarded as the notes are: with another token there is nothing', async () => {
    proxy.forwardTo(mcpPort, 'not-a-token')
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    const response = await fetch(mcpUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('scope="fixtures:use"')
  })
})
