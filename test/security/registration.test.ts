import { afterAll, beforeAll } from '@jest/globals'
import { startServer } from '../authorization-server/server.js'
import { attackTable } from './attack.js'
import { attacks as onTokensAndLimits } from './client-configuration-attacks.js'
import { attacks as onMetadata, type RegistrationWorld } from './registration-attacks.js'

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

attackTable('F', 'dynamic client registration', [...onMetadata, ...onTokensAndLimits], () => world)
