import { afterAll, beforeAll } from '@jest/globals'
import { startStack } from '../support/stack.js'
import { attackTable } from './attack.js'
import { attacks as disclosureAttacks } from './disclosure-attacks.js'
import { attacks as exposureAttacks } from './exposure-attacks.js'
import { attacks as framingAttacks } from './framing-attacks.js'
import type { HttpWorld } from './http-world.js'
import { attacks as protocolAttacks } from './other-protocol-attacks.js'
import { attacks as slowAttacks } from './slow-connection-attacks.js'
import { openSlowSockets } from './sockets.js'
import { attacks as targetAttacks } from './target-attacks.js'

/** Half a head, a head whose end never comes, nothing at all, and half a body. */
const beginnings = [
  'GET /jwks HT',
  'GET /jwks HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
  '',
  'POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ngrant_type=',
]

let world: HttpWorld
beforeAll(async () => {
  const stack = await startStack({ database: 'embedded', env: { LOG_LEVEL: 'debug' } })
  const ports = [stack.issuer, stack.resource].map((url) => Number(new URL(url).port))
  const slow = openSlowSockets(ports[0] ?? 0, 200, beginnings)
  world = { stack, ports, slow, logLines: stack.logLines, secrets: new Set([stack.account.password]) }
}, 180_000)
afterAll(async () => {
  world.slow.close()
  await world.stack.close()
})

// The slow connections last: they were opened first, and end by themselves.
const attacks = [
  ...framingAttacks,
  ...targetAttacks,
  ...protocolAttacks,
  ...disclosureAttacks,
  ...exposureAttacks,
  ...slowAttacks,
]
attackTable('I', 'HTTP, logs, and what must not be there', attacks, () => world)
