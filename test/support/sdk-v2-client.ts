/** A host built on the MCP TypeScript SDK 2.x: it keeps a connection and finishes authorization when it is asked to. */
import {
  Client,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client'
import { InteractiveProvider } from './interactive-provider.js'

export class SdkV2Provider extends InteractiveProvider<
  StoredOAuthClientInformation,
  StoredOAuthTokens,
  OAuthDiscoveryState
> {}

export interface SdkV2Connection {
  readonly client: Client
  readonly transport: StreamableHTTPClientTransport
}

/** `fetchFunction`: what the SDK fetches with, for clients that know less than today's. */
export async function connectSdkV2(
  url: string,
  provider: SdkV2Provider,
  mode: VersionNegotiationMode,
  fetchFunction: typeof fetch = fetch,
): Promise<SdkV2Connection> {
  const client = new Client({ name: 'sdk-v2-test', version: '1.0.0' }, { versionNegotiation: { mode } })
  const options = { authProvider: provider, fetch: fetchFunction }
  const transport = new StreamableHTTPClientTransport(new URL(url), options)
  try {
    await client.connect(transport)
    return { client, transport }
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth(provider.takeCallback())
    return connectSdkV2(url, provider, mode, fetchFunction)
  }
}

/** Calls a tool as a host does: when the SDK sent the person to the browser, finish that and call again. */
export async function callThroughSdkV2(
  { client, transport }: SdkV2Connection,
  provider: SdkV2Provider,
  name: string,
  toolArguments = {},
) {
  try {
    return await client.callTool({ name, arguments: toolArguments })
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    await transport.finishAuth(provider.takeCallback())
    return client.callTool({ name, arguments: toolArguments })
  }
}
