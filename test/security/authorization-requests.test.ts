import { afterAll, beforeAll } from '@jest/globals'
import { register } from '../support/oauth-client.js'
import { attackTable } from './attack.js'
import { attacks as answerAttacks } from './authorization-answer-attacks.js'
import { attacks as requestAttacks } from './authorization-request-attacks.js'
import type { AuthorizationWorld } from './authorization-world.js'
import { attacks as nulAttacks } from './nul-attacks.js'
import { attacks as redirectAttacks } from './redirect-attacks.js'
import { startServerWorld } from './server-world.js'

let world: AuthorizationWorld
beforeAll(async () => {
  const started = await startServerWorld()
  const { server, grant } = started
  const websiteUri = 'https://client.example/cb'
  const metadata = { client_id: 'website', client_name: 'Website', redirect_uris: [websiteUri] }
  await server.clients.save('website', { ...metadata, token_endpoint_auth_method: 'none' }, 'static')
  const strangerUri = 'https://stranger.example/cb'
  const { client_id: clientId } = await register(grant.server, { redirect_uris: [strangerUri] })
  world = {
    ...started,
    website: { ...grant, clientId: 'website', redirectUri: websiteUri },
    stranger: { ...grant, clientId, redirectUri: strangerUri },
  }
}, 240_000)
afterAll(() => world.server.close())

// The answers last: they move the clock.
const attacks = [...redirectAttacks, ...requestAttacks, ...nulAttacks, ...answerAttacks]
attackTable('A', 'authorization requests', attacks, () => world)
