/** Claude on its several surfaces. */
import { type ClientShape, codeAndRefresh, publicClient, usual } from '../shape.js'

const hosted = {
  ...usual,
  redirectUri: 'https://claude.ai/api/mcp/auth_callback',
  addsScopes: ['offline_access'],
  prompt: 'consent',
  stepUp: 'union',
} as const

export const anthropicShapes: readonly ClientShape[] = [
  {
    ...hosted,
    name: 'Claude (web, Desktop, mobile)',
    source: 'https://claude.ai/oauth/mcp-oauth-client-metadata; claude.com/docs/connectors/building/authentication',
    evidence: 'published',
    seen: '2026-09-21',
    registration: {
      kind: 'metadata document',
      document: {
        client_id: 'https://claude.ai/oauth/mcp-oauth-client-metadata',
        client_name: 'Claude',
        client_uri: 'https://claude.ai',
        redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
    },
  },
  {
    ...hosted,
    name: 'Claude (web), registering itself',
    source: 'claude.com/docs/connectors/building/authentication (oauth_dcr); registrations seen by other servers',
    evidence: 'captured',
    seen: '2026-09-21',
    registration: {
      kind: 'dynamic',
      body: {
        client_name: 'Claude',
        redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_post',
        scope: 'notes:read notes:write offline_access',
      },
    },
    authMethod: 'client_secret_post',
  },
  {
    ...usual,
    name: 'Claude Desktop (managed)',
    source: 'registration of Claude Desktop 2.19675.1, archestra-ai/archestra',
    evidence: 'captured',
    seen: '2026-10-07',
    registration: {
      kind: 'dynamic',
      body: {
        client_name: 'Claude Desktop (2.19675.1)',
        redirect_uris: ['http://127.0.0.1:53280/callback'],
        ...publicClient,
      },
    },
    redirectUri: 'http://127.0.0.1:53280/callback',
    addsScopes: ['offline_access'],
    stepUp: 'union',
  },
  {
    ...usual,
    name: 'Claude Code',
    source: 'https://claude.ai/oauth/claude-code-client-metadata; anthropics/claude-code#37747, #52871, #28258',
    evidence: 'published',
    seen: '2026-09-21',
    registration: {
      kind: 'metadata document',
      document: {
        client_id: 'https://claude.ai/oauth/claude-code-client-metadata',
        client_name: 'Claude Code',
        client_uri: 'https://claude.ai',
        redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
        ...publicClient,
      },
    },
    redirectUri: 'http://localhost:53712/callback',
    addsScopes: ['offline_access'],
    resource: { spelling: 'slash', in: ['authorize', 'token', 'refresh'] },
    stepUp: 'configured',
  },
  {
    ...usual,
    name: 'Claude Code, registering itself',
    source: 'registration of Claude Code 2.1, elmohq/elmo#684; the origin as resource, anthropics/claude-code#52871',
    evidence: 'captured',
    seen: '2026-09-01',
    registration: {
      kind: 'dynamic',
      body: {
        client_name: 'Claude Code (gatehouse-notes)',
        application_type: 'native',
        redirect_uris: ['http://localhost:3118/callback'],
        ...codeAndRefresh,
        token_endpoint_auth_method: 'none',
      },
    },
    redirectUri: 'http://localhost:3119/callback',
    resource: { spelling: 'origin', in: ['authorize', 'token', 'refresh'] },
    stepUp: 'configured',
  },
]
