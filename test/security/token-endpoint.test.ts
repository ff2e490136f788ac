import { afterAll, beforeAll } from '@jest/globals'
import { attackTable } from './attack.js'
import { attacks as assertionAttacks } from './client-assertion-attacks.js'
import { attacks as secretAttacks } from './client-secret-attacks.js'
import { attacks as codeAttacks } from './code-attacks.js'
import { attacks as grantAttacks } from './grant-type-attacks.js'
import { attacks as refreshAttacks } from './refresh-attacks.js'
import { attacks as requestAttacks } from './token-request-attacks.js'
import { startTokenWorld, type TokenWorld } from './token-world.js'

let world: TokenWorld
beforeAll(async () => {
  world = await startTokenWorld()
}, 240_000)
afterAll(() => world.server.close())

// Refreshing last: it moves the clock.
const attacks = [
  ...codeAttacks,
  ...requestAttacks,
  ...secretAttacks,
  ...assertionAttacks,
  ...grantAttacks,
  ...refreshAttacks,
]
attackTable('D', 'the token endpoint', attacks, () => world)
