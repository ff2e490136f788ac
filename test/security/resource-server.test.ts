import { afterAll, beforeAll } from '@jest/globals'
import { startMcpTestServer } from '../mcp-host/mcp-test-server.js'
import { attackTable } from './attack.js'
import { attacks as scopeAttacks } from './call-scope-attacks.js'
import { attacks as endpointAttacks } from './endpoint-attacks.js'
import { attacks as issuerAttacks } from './issuer-conduct-attacks.js'
import type { ResourceWorld } from './resource-world.js'
import { attacks as cacheAttacks } from './token-cache-attacks.js'
import { attacks as claimAttacks } from './token-claim-attacks.js'
import { attacks as placeAttacks } from './token-place-attacks.js'
import { attacks as signatureAttacks } from './token-signature-attacks.js'

let world: ResourceWorld
beforeAll(async () => {
  const server = await startMcpTestServer()
  world = { server, logLines: server.logLines, secrets: new Set() }
}, 180_000)
afterAll(() => world.server.close())

const attacks = [
  ...placeAttacks,
  ...signatureAttacks,
  ...claimAttacks,
  ...scopeAttacks,
  ...cacheAttacks,
  ...endpointAttacks,
  ...issuerAttacks,
]
attackTable('H', 'the MCP server as a protected resource', attacks, () => world)
