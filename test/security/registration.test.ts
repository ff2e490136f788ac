import { afterAll, beforeAll } from '@jest/globals'
import { startServer } from '../authorization-server/server.js'
import { attackTable } from './attack.js'
import { attacks as configurationAttacks } from './client-configuration-attacks.js'
import { attacks as metadataAttacks } from './client-metadata-attacks.js'
import { attacks as redirectAttacks } from './registered-redirect-attacks.js'
import { attacks as bodyAttacks } from './registration-body-attacks.js'
import type { RegistrationWorld } from './registration-world.js'

let world: RegistrationWorld
beforeAll(async () => {
  const fetched: string[] = []
  const untrustedFetch = async (url: unknown): Promise<Response> => {
    fetched.push(String(url))
    throw new Error('nothing is fetched in this test')
  }
  const server = await startServer('embedded', { untrustedFetch })
  const registration = { mode: 'limited', limitPerAddress: 3, limitTotal: 100 } as const
  const limited = await startServer('embedded', { registration, untrustedFetch })
  world = {
    server,
    limited,
    fetched,
    secrets: new Set(),
    get logLines() {
      return [...server.logLines, ...limited.logLines]
    },
  }
}, 180_000)
afterAll(() => Promise.all([world.server.close(), world.limited.close()]))

const attacks = [...redirectAttacks, ...bodyAttacks, ...metadataAttacks, ...configurationAttacks]
attackTable('F', 'dynamic client registration', attacks, () => world)
