import { afterAll, beforeAll } from '@jest/globals'
import { startMcpTestServer } from '../mcp-server/mcp-test-server.js'
import { attackTable } from './attack.js'
import { attacks as onCalls } from './call-attacks.js'
import { attacks as onTokens, type ResourceWorld } from './resource-server-attacks.js'

let world: ResourceWorld
beforeAll(async () => {
  const server = await startMcpTestServer()
  world = { server, logLines: server.logLines, secrets: new Set() }
}, 180_000)
afterAll(() => world.server.close())

attackTable('H', 'the MCP server as a protected resource', [...onTokens, ...onCalls], () => world)
