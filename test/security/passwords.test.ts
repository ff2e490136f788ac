import { afterAll, beforeAll } from '@jest/globals'
import { attacks as accountAttacks } from './account-attacks.js'
import { attackTable } from './attack.js'
import { attacks as enumerationAttacks } from './enumeration-attacks.js'
import { attacks as guessingAttacks } from './password-guessing-attacks.js'
import { type PasswordsWorld, startPasswordsWorld } from './passwords-world.js'

let world: PasswordsWorld
beforeAll(async () => {
  world = await startPasswordsWorld()
}, 240_000)
afterAll(() => world.close())

attackTable('C', 'passwords and accounts', [...enumerationAttacks, ...guessingAttacks, ...accountAttacks], () => world)
