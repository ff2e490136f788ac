/** Opaque tokens and JWTs of one authorization server. The manual quotes this file. */
import type { ProtectedResourceSettings } from '../../../src/resource-server/index.js'

export const settings: ProtectedResourceSettings = {
  resource: 'https://notes.example.com/mcp',
  authorizationServers: {
    issuer: 'https://login.example.com',
    // Asked about tokens that are no JWTs; `tokens: 'all'` asks about every one.
    introspection: { clientId: 'notes', clientSecret: process.env['INTROSPECTION_SECRET'] ?? '' },
  },
  scopes: ['notes:read'],
  requiredScopes: ['notes:read'],
  // Every token must be of a person, and of this tenant.
  tokensWithoutUser: 'refuse',
  checkClaims: ({ claims }) => (claims['tenant'] === 'acme' ? undefined : 'another tenant'),
}
