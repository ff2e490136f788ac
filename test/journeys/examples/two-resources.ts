/** Two resources in one program, with authorization servers of their own. The manual quotes this file. */
import type { ProtectedResourceSettings } from '../../../src/resource-server/index.js'

export const settings: ProtectedResourceSettings[] = [
  {
    resource: 'https://api.example.com/notes',
    authorizationServers: ['https://login.example.com', 'https://partners.example.com'],
    scopes: { 'notes:write': ['notes:read'], 'notes:read': [] },
    metadata: { resourceDocumentation: 'https://docs.example.com/notes' },
  },
  {
    resource: 'https://api.example.com/files',
    authorizationServers: { issuer: 'https://partners.example.com', algorithms: ['ES256'] },
    realm: 'Files',
  },
]
