import { afterAll, beforeAll } from '@jest/globals'
import { addConfidentialClient } from '../authorization-server/server.js'
import { newClientKey } from '../support/client-assertion.js'
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
  const uri = 'https://service.example/cb'
  const service = { redirect_uris: [uri], grant_types: ['authorization_code'], response_types: ['code'] }
  const made = async (metadata: Readonly<Record<string, unknown>>) => {
    const added = await addConfidentialClient(server, { ...service, ...metadata })
    started.secrets.add(added.clientSecret)
    return { ...grant, clientId: added.clientId, redirectUri: uri, authorization: added.authorization }
  }
  const keys = [(await newClientKey('service-1', 'ES256')).publicJwk]
  const byKey = { client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys } }
  const itself = await register(grant.server, { ...service, token_endpoint_auth_method: 'client_secret_basic' })
  world = {
    ...started,
    website: { ...grant, clientId: 'website', redirectUri: websiteUri },
    stranger: { ...grant, clientId, redirectUri: strangerUri },
    secretHolder: await made({}),
    keyHolder: await made(byKey),
    registeredSecretHolder: { ...grant, clientId: itself.client_id, redirectUri: uri },
    excepted: await made({ require_pkce: false }),
  }
}, 240_000)
afterAll(() => world.server.close())

// The answers last: they move the clock.
const attacks = [...redirectAttacks, ...requestAttacks, ...nulAttacks, ...answerAttacks]
attackTable('A', 'authorization requests', attacks, () => world)
