/** An authorization server whose metadata is wrong, and in an odd place. The manual quotes this file. */
import type { ProtectedResourceSettings } from '../../../src/resource-server/index.js'

export const settings: ProtectedResourceSettings = {
  resource: 'https://notes.example.com/mcp',
  authorizationServers: {
    issuer: 'https://login.example.com',
    metadataUrl: 'https://login.example.com/oauth2/config.json',
    // It writes its issuer with a slash at the end, and its keys under a name of its own.
    transform: (document) => ({ ...document, issuer: 'https://login.example.com', jwks_uri: document['keys_url'] }),
    // Its tokens have no `typ`.
    requireAccessTokenType: false,
  },
}
