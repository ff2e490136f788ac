/** Connects the client look-up to the engine: which clients it accepts, and for which request it looks one up. */
import { Provider } from 'oidc-provider'
import type { HttpContext } from '../../http/context.js'
import type { ClientMetadata } from '../../oauth/registration.js'
import { UntrustedFetchError } from '../../outbound/untrusted-fetch-error.js'
import type { Payload } from '../../storage/adapter-types.js'
import type { ClientSource } from '../../storage/clients/client-adapter.js'
import { createClientDocumentStore } from '../../storage/clients/client-documents.js'
import { currentUnit } from '../../storage/unit-of-work.js'
import { createClientLookup, type LookupRequest } from '../clients/client-lookup.js'
import type { AuthorizationServerOptions, ResourceServerClient } from '../options.js'

export interface EngineClients extends ClientSource {
  /** Call once, before the first request: documents are tried out on this engine. */
  attach(provider: Provider): void
  /** Makes the client's last good document survive restarts; nothing for clients that have none. */
  keep(clientId: string): Promise<void>
}

function currentRequest(): LookupRequest {
  const ctx = Provider.ctx
  if (ctx === undefined) return { id: currentUnit() }
  const assertion = ctx.oidc.params?.['client_assertion']
  return {
    id: ctx.req,
    route: ctx.oidc.route,
    clientAssertion: typeof assertion === 'string' ? assertion : undefined,
    setHeader: (name, value) => ctx.set(name, value),
  }
}

/** The address that the request comes from. */
function currentAddress(): string | undefined {
  const ctx = Provider.ctx as unknown as HttpContext | undefined
  return ctx?.state.clientAddress
}

/** Throws as the engine does when a client with such metadata is used. */
export function tryOut(provider: Provider | undefined, metadata: ClientMetadata): void {
  if (provider === undefined) throw new Error('a client was looked up before there was an engine')
  // The engine's types leave the constructor out. It changes what it gets, so it gets a copy.
  const Client = provider.Client as unknown as new (metadata: ClientMetadata) => unknown
  new Client(JSON.parse(JSON.stringify(metadata)))
}

function resourceServerMetadata({ clientId, clientSecret, introspects }: ResourceServerClient): Payload {
  return {
    client_id: clientId,
    client_name: 'Resource server',
    client_secret: clientSecret,
    grant_types: [],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: 'client_secret_basic',
    introspects,
    made_by_operator: true,
  }
}

/** `changed` is called when a client's document came back with another content. */
export function createEngineClients(
  options: AuthorizationServerOptions,
  changed: (clientId: string) => void,
): EngineClients {
  const { storage, log, untrustedFetch, operatorFetch, clientFailureMs, clientHosts, acceptsMetadataDocuments } =
    options
  let engine: Provider | undefined
  const lookup = createClientLookup({
    store: createClientDocumentStore(storage),
    untrustedFetch,
    // An error of a host that the operator configured becomes the same error as for strangers' hosts, so that the last good keys
    // are used.
    operatorFetch: (url, init) =>
      operatorFetch(String(url), init).catch((cause: unknown) => {
        throw new UntrustedFetchError('the fetch failed', { cause })
      }),
    clock: storage.clock,
    log,
    failureMs: clientFailureMs,
    hosts: clientHosts,
    changed,
    running: options.clientFetches,
    asker: options.hidesAddresses === true ? () => undefined : currentAddress,
    validate: (metadata) => tryOut(engine, metadata),
    request: currentRequest,
  })
  const ours = options.resourceServerClient && resourceServerMetadata(options.resourceServerClient)
  return {
    builtIn: (clientId) => (clientId === ours?.client_id ? ours : undefined),
    find: async (clientId) => (acceptsMetadataDocuments ? ((await lookup.find(clientId)) as Payload) : undefined),
    withKeys: async (metadata) => (await lookup.withKeys(metadata)) as Payload,
    keep: (clientId) => lookup.keep(clientId),
    attach: (provider) => {
      engine = provider
    },
  }
}
