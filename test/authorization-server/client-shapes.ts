/** What real clients register (rebuilt from their code and issues), what they get, and a redirect they then use. */
import { expect } from '@jest/globals'

const publicNative = { application_type: 'native', token_endpoint_auth_method: 'none' }
export const clientShapes: readonly (readonly [
  name: string,
  body: Record<string, unknown>,
  expected: Record<string, unknown>,
  later: string,
])[] = [
  [
    'Claude on the web, which declares the jwt-bearer grant',
    {
      client_name: 'Claude',
      redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'notes:read notes:write offline_access',
    },
    {
      application_type: 'web',
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_post',
      client_secret: expect.any(String),
    },
    'https://claude.ai/api/mcp/auth_callback',
  ],
  [
    'Claude Code, with a portless loopback redirect and no application_type',
    {
      client_name: 'Claude Code (notes)',
      redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    publicNative,
    'http://localhost:53712/callback',
  ],
  [
    'Cursor, with three kinds of redirect, as web, with nulls and empty strings',
    {
      client_name: 'Cursor',
      application_type: 'web',
      client_uri: null,
      logo_uri: '',
      tos_uri: '',
      policy_uri: null,
      contacts: [],
      redirect_uris: [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'http://localhost:8787/callback',
      ],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    publicNative,
    'cursor://anysphere.cursor-mcp/oauth/callback',
  ],
  [
    'VS Code, with the device grant',
    {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      application_type: 'native',
      redirect_uris: [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    { ...publicNative, grant_types: ['authorization_code', 'refresh_token'] },
    'http://127.0.0.1:60123/',
  ],
  [
    'mcp-remote, with software_id and a scope of the resource',
    {
      client_name: 'MCP CLI Client',
      client_uri: 'https://github.com/modelcontextprotocol/mcp-cli',
      software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d',
      software_version: '0.15.1',
      redirect_uris: ['http://localhost:3334/oauth/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'notes:read',
    },
    { ...publicNative, software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d' },
    'http://localhost:3335/oauth/callback',
  ],
  [
    'Codex, with a path per run',
    {
      client_name: 'Codex',
      redirect_uris: ['http://127.0.0.1:1455/callback/a1b2'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    publicNative,
    'http://127.0.0.1:49152/callback/a1b2',
  ],
  [
    'a client on IPv6 loopback',
    { redirect_uris: ['http://[::1]:8080/cb'], token_endpoint_auth_method: 'none' },
    publicNative,
    'http://[::1]:9090/cb',
  ],
  [
    'a hosted client that says nothing but its redirect',
    { redirect_uris: ['https://mcp.docker.com/oauth/callback'] },
    {
      application_type: 'web',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
    'https://mcp.docker.com/oauth/callback',
  ],
  [
    'a client that sends members nobody knows',
    {
      redirect_uris: ['https://client.example/cb'],
      is_admin: true,
      introspects: 'http://localhost:4000/mcp',
      x: { y: 1 },
    },
    { application_type: 'web' },
    'https://client.example/cb',
  ],
]
