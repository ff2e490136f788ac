import { afterAll, beforeAll } from '@jest/globals'
import { attackTable } from './attack.js'
import { attacks as introspectionAttacks } from './introspection-attacks.js'
import { type KnowledgeWorld, startKnowledgeWorld } from './knowledge-world.js'
import { attacks as metadataAttacks } from './metadata-attacks.js'
import { attacks as revocationAttacks } from './revocation-attacks.js'

let world: KnowledgeWorld
beforeAll(async () => {
  world = await startKnowledgeWorld()
}, 240_000)
afterAll(() => world.close())

// Introspection last: it moves the clock.
const attacks = [...metadataAttacks, ...revocationAttacks, ...introspectionAttacks]
attackTable('E', 'introspection, revocation and metadata', attacks, () => world)
