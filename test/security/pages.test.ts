import { afterAll, beforeAll } from '@jest/globals'
import { attackTable } from './attack.js'
import { attacks as decisionAttacks } from './decision-attacks.js'
import { attacks as formAttacks } from './form-attacks.js'
import { attacks as pageAttacks } from './page-attacks.js'
import { type PagesWorld, startPagesWorld } from './pages-world.js'
import { attacks as sessionAttacks } from './session-attacks.js'
import { attacks as textAttacks } from './stranger-text-attacks.js'

let world: PagesWorld
beforeAll(async () => {
  world = await startPagesWorld()
}, 240_000)
afterAll(() => world.server.close())

// The pages last: they move the clock.
const attacks = [...formAttacks, ...decisionAttacks, ...sessionAttacks, ...textAttacks, ...pageAttacks]
attackTable('B', 'sign-in and consent pages', attacks, () => world)
