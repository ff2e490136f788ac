/** A host built on the MCP TypeScript SDK 1.x: it connects for one call and finishes authorization as often as it is asked to. */
import { type OAuthDiscoveryState, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js'
import { InteractiveProvider } from './interactive-provider.js'

export class SdkV1Provider extends InteractiveProvider<OAuthClientInformationMixed, OAuthTokens, OAuthDiscoveryState> {}

/** Connects and calls a tool. `fetchFunction`: what the SDK fetches with, for clients that know less than today's. */
export async function callThroughSdkV1(
  url: string,
  provider: SdkV1Provider,
  name: string,
  toolArguments = {},
  fetchFunction: typeof fetch = fetch,
): Promise<unknown> {
  const client = new Client({ name: 'sdk-v1-test', version: '1.0.0' })
  const options = { authProvider: provider, fetch: fetchFunction }
  const transport = new StreamableHTTPClientTransport(new URL(url), options)
  try {
    // The SDK's own types disagree about `undefined` here under exactOptionalPropertyTypes.
    await client.connect(transport as Parameters<Client['connect']>[0])
    return await client.callTool({ name, arguments: toolArguments })
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth(provider.takeCallback().get('code') ?? '')
  } finally {
    await client.close()
  }
  return callThroughSdkV1(url, provider, name, toolArguments, fetchFunction)
}
