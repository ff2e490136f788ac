/** ChatGPT and Codex. OpenAI serves one document for all, and one per connector or per MCP server. */
import { type ClientShape, codeAndRefresh, publicClient, usual } from '../shape.js'

const chatGpt = {
  client_uri: 'https://chatgpt.com/',
  client_name: 'ChatGPT',
  logo_uri: 'https://persistent.oaistatic.com/sonic/misc/openai-logo.png',
  ...codeAndRefresh,
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
  token_endpoint_auth_signing_alg: 'RS256',
  jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
} as const

const rmcp = { ...usual, discoveryVersion: '2024-11-05', revision: '2025-06-18', stepUp: 'configured' } as const

export const openaiShapes: readonly ClientShape[] = [
  {
    ...usual,
    name: 'ChatGPT',
    source: 'https://chatgpt.com/oauth/client.json; developers.openai.com/plugins/build/auth',
    evidence: 'published',
    seen: '2026-09-21',
    registration: {
      kind: 'metadata document',
      document: {
        client_id: 'https://chatgpt.com/oauth/client.json',
        redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
        ...chatGpt,
      },
    },
    redirectUri: 'https://chatgpt.com/connector_platform_oauth_redirect',
    authMethod: 'private_key_jwt',
    discovery: 'root',
    addsScopes: ['offline_access'],
  },
  {
    ...usual,
    name: 'ChatGPT, one document per connector',
    source: 'https://chatgpt.com/oauth/IbUR3zxyNQ16/client.json, cloudflare/workers-oauth-provider#293',
    evidence: 'captured',
    seen: '2026-08-06',
    registration: {
      kind: 'metadata document',
      document: {
        client_id: 'https://chatgpt.com/oauth/IbUR3zxyNQ16/client.json',
        redirect_uris: ['https://chatgpt.com/connector/oauth/IbUR3zxyNQ16'],
        ...chatGpt,
      },
    },
    redirectUri: 'https://chatgpt.com/connector/oauth/IbUR3zxyNQ16',
    authMethod: 'private_key_jwt',
    addsScopes: ['offline_access'],
  },
  {
    ...usual,
    name: 'ChatGPT, registering itself',
    source: 'developers.openai.com/plugins/build/auth (one registration per connection)',
    evidence: 'rebuilt',
    seen: '2026-09-08',
    registration: {
      kind: 'dynamic',
      body: {
        client_name: 'ChatGPT',
        redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
        ...codeAndRefresh,
        token_endpoint_auth_method: 'client_secret_basic',
      },
    },
    redirectUri: 'https://chatgpt.com/connector_platform_oauth_redirect',
    authMethod: 'client_secret_basic',
    addsScopes: ['offline_access'],
  },
  {
    ...rmcp,
    name: 'Codex',
    source: 'openai/codex#38089; https://chatgpt.com/oauth/codex/4-bzS8rt42zJ/client.json',
    evidence: 'captured',
    seen: '2026-08-19',
    registration: {
      kind: 'metadata document',
      document: {
        client_id: 'https://chatgpt.com/oauth/codex/4-bzS8rt42zJ/client.json',
        client_uri: 'https://chatgpt.com/codex',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback/4-bzS8rt42zJ', 'http://localhost/callback/4-bzS8rt42zJ'],
        token_endpoint_auth_methods_supported: ['none'],
        client_name: 'Codex',
        logo_uri: 'https://persistent.oaistatic.com/sonic/misc/openai-logo.png',
        ...publicClient,
      },
    },
    redirectUri: 'http://127.0.0.1:49152/callback/4-bzS8rt42zJ',
  },
  {
    ...rmcp,
    name: 'Codex, registering itself',
    source: 'registration of Codex 0.147, elmohq/elmo#684; refresh without resource: openai/codex#33403',
    evidence: 'captured',
    seen: '2026-09-01',
    registration: {
      kind: 'dynamic',
      body: {
        client_name: 'Codex',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1:37819/callback/4-bzS8rt42zJ'],
        ...publicClient,
      },
    },
    redirectUri: 'http://127.0.0.1:37820/callback/4-bzS8rt42zJ',
    scope: 'resource metadata',
    resource: { spelling: 'as typed', in: ['authorize', 'token'] },
  },
]
