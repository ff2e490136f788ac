/** Key-bound tokens from sign-in to tool call and refresh, with two clients that speak DPoP by themselves (RFC 9449). */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  Client,
  DpopSession,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import { completeAuthorization } from '../support/authorization.js'
import type { DatabaseKind } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { InteractiveProvider } from '../support/interactive-provider.js'
import { callTool } from '../support/mcp-request.js'
import { type Stack, startStack } from '../support/stack.js'

const redirectUri = 'http://127.0.0.1:41574/callback'
const listTools = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'whoami', arguments: {} },
})
const mcpHeaders = new Headers({ 'content-type': 'application/json', accept: 'application/json, text/event-stream' })

/** An SDK host that holds a DPoP key. */
class DpopProvider extends InteractiveProvider<StoredOAuthClientInformation, StoredOAuthTokens, OAuthDiscoveryState> {
  readonly #session = DpopSession.create()
  dpop(): Promise<DpopSession> {
    return this.#session
  }
}

function fromEndToEnd(database: DatabaseKind, mode: 'jwt' | 'required'): void {
  let stack: Stack
  beforeAll(async () => {
    stack = await startStack({ database, env: mode === 'required' ? { DPOP_REQUIRED: 'true' } : {} })
  })
  afterAll(() => stack.close())

  it('works with openid-client: code bound to the key, token, tool call, refresh', async () => {
    const configuration = await client.dynamicClientRegistration(
      new URL(stack.issuer),
      { client_name: 'DPoP client', redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' },
      client.None(),
      { execute: [client.allowInsecureRequests] },
    )
    const handle = client.getDPoPHandle(configuration, await client.randomDPoPKeyPair('ES256'))
    const thumbprint = await handle.calculateThumbprint()
    const codeVerifier = client.randomPKCECodeVerifier()
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'notes:read notes:write',
      resource: stack.resource,
      dpop_jkt: thumbprint,
      code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    })
    const callback = await completeAuthorization(stack.newBrowser(), url.href, { account: stack.account })
    const tokens = await client.authorizationCodeGrant(
      configuration,
      new URL(callback),
      { pkceCodeVerifier: codeVerifier },
      { resource: stack.resource },
      { DPoP: handle },
    )
    expect(tokens.token_type).toBe('dpop')
    expect(decodeJwt(tokens.access_token)).toMatchObject({ cnf: { jkt: thumbprint } })

    const call = (token: string) =>
      client.fetchProtectedResource(configuration, token, new URL(stack.resource), 'POST', listTools, mcpHeaders, {
        DPoP: handle,
      })
    expect((await call(tokens.access_token)).status).toBe(200)
    expect((await call(tokens.access_token)).status).toBe(200)
    expect((await callTool(stack.resource, tokens.access_token, 'whoami')).status).toBe(401)

    const refreshed = await client.refreshTokenGrant(
      configuration,
      tokens.refresh_token ?? '',
      { resource: stack.resource },
      { DPoP: handle },
    )
    expect(refreshed.token_type).toBe('dpop')
    expect((await call(refreshed.access_token)).status).toBe(200)
    await expect(client.refreshTokenGrant(configuration, refreshed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  it('works with the MCP SDK: discovery, registration, sign-in, calls, step-up', async () => {
    const provider = new DpopProvider(stack.newBrowser(), { account: stack.account, allow: ['notes:read'] })
    const connect = async (): Promise<{ mcp: Client; transport: StreamableHTTPClientTransport }> => {
      const mcp = new Client({ name: 'dpop-test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
      const transport = new StreamableHTTPClientTransport(new URL(stack.resource), { authProvider: provider })
      try {
        await mcp.connect(transport)
        return { mcp, transport }
      } catch (error) {
        if (!(error instanceof UnauthorizedError)) throw error
        await transport.finishAuth(provider.takeCallback())
        return connect()
      }
    }
    const { mcp, transport } = await connect()
    expect(provider.tokens()?.token_type).toBe('DPoP')
    expect((await mcp.callTool({ name: 'list_notes', arguments: {} })).isError).not.toBe(true)
    provider.person = { account: stack.account }
    const note = { name: 'create_note', arguments: { title: 'Bound', body: 'to a key' } }
    await expect(mcp.callTool(note)).rejects.toBeInstanceOf(UnauthorizedError)
    await transport.finishAuth(provider.takeCallback())
    expect((await mcp.callTool(note)).isError).not.toBe(true)
    expect(provider.tokens()?.token_type).toBe('DPoP')
    await mcp.close()
  })
}

describeOnDatabases('DPoP from end to end (%s, jwt)', (database) => fromEndToEnd(database, 'jwt'))
describe('DPoP from end to end (embedded, required)', () => fromEndToEnd('embedded', 'required'))
