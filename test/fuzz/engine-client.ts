/**
 * The engine as far as it reads clients, with our rules in it: no database, no network. Clients can be made of metadata as the
 * registration endpoint, a metadata document or a load makes them.
 */
import { generateKeyPairSync } from 'node:crypto'
import { type Client, type Configuration, errors, Provider } from 'oidc-provider'
import { compareLoopbackRedirects } from '../../src/authorization-server/engine/authentication.js'
import { extraClientMetadata } from '../../src/authorization-server/engine/client-configuration.js'
import { noDeclarations } from '../support/declarations.js'

export const registrationRules = {
  allowedPrivateUseRedirects: new Set(['cursor://anysphere.cursor-mcp/oauth/callback', 'com.example.app:/cb']),
}

const signingKey = {
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  alg: 'ES256',
}

/** No client is stored, and none is looked up. */
const nothingStored = async (): Promise<undefined> => undefined

/** What provider.ts says of clients. */
const configuration: Configuration = {
  adapter: () => ({
    consume: nothingStored,
    destroy: nothingStored,
    find: nothingStored,
    findByUid: nothingStored,
    findByUserCode: nothingStored,
    revokeByGrantId: nothingStored,
    upsert: nothingStored,
  }),
  jwks: { keys: [signingKey] },
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  clientDefaults: {
    grant_types: ['authorization_code', 'refresh_token'],
    id_token_signed_response_alg: 'ES256',
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  },
  extraClientMetadata: extraClientMetadata({ registrationRules, declarations: noDeclarations, offersDeviceFlow: true }),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    dPoP: { enabled: true },
    introspection: { enabled: true },
    registration: { enabled: true },
    revocation: { enabled: true },
  },
  responseTypes: ['code'],
  scopes: ['openid', 'offline_access', 'profile', 'email'],
}

const provider = new Provider('https://auth.example', configuration)
compareLoopbackRedirects(provider)

const EngineClient = provider.Client as unknown as new (
  metadata: object,
  ctx?: object,
) => Client & {
  metadata(): Record<string, unknown>
}

export type MadeClient = InstanceType<typeof EngineClient>

/** How metadata reaches the engine: `load` is a row of the database, `document` a metadata document. */
export type Way = 'registration' | 'document' | 'load'

/** The client that the metadata makes; `undefined` if it is refused in the way that the endpoints answer. */
export function clientOf(metadata: Readonly<Record<string, unknown>>, way: Way): MadeClient | undefined {
  try {
    // The constructor changes what it gets.
    return new EngineClient(structuredClone(metadata), way === 'registration' ? { oidc: { route: way } } : undefined)
  } catch (error) {
    if (error instanceof errors.OIDCProviderError && error.statusCode < 500) return undefined
    throw error
  }
}
