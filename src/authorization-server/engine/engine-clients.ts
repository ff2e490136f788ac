/** Connects the client look-up to the engine: which clients it accepts, and for which request it looks one up. */
import { type Declarations, derived } from '../../oauth/declared-resource.js'
import type { ClientMetadata } from '../../oauth/registration.js'
import { UntrustedFetchError } from '../../outbound/untrusted-fetch-error.js'
import type { Payload } from '../../storage/adapter-types.js'
import type { ClientSource } from '../../storage/clients/client-adapter.js'
import { createClientDocumentStore } from '../../storage/clients/client-documents.js'
import { currentUnit } from '../../storage/unit-of-work.js'
import { createClientLookup, type LookupRequest } from '../clients/client-lookup.js'
import type { AuthorizationServerOptions, ResourceServerClient } from '../options.js'
import { currentContext, engineRequest } from './engine-context.js'

/** The engine, as far as metadata is tried out on it. Its types leave the constructor of clients out. */
export interface ClientModel {
  readonly Client: object
}

export interface EngineClients extends ClientSource {
  /** Call once, before the first request: documents are tried out on this engine. */
  attach(engine: ClientModel): void
  /** Makes the client's last good document survive restarts; nothing for clients that have none. */
  keep(clientId: string): Promise<void>
}

function lookupRequest(): LookupRequest {
  const ctx = currentContext()
  if (ctx === undefined) return { id: currentUnit() }
  const { route, params } = engineRequest(ctx) ?? {}
  const assertion = params?.['client_assertion']
  return {
    id: ctx.req,
    route,
    clientAssertion: typeof assertion === 'string' ? assertion : undefined,
    setHeader: (name, value) => ctx.set(name, value),
  }
}

/** The address that the request comes from. */
function currentAddress(): string | undefined {
  return currentContext()?.state.clientAddress
}

/** Throws as the engine does when a client with such metadata is used. */
export function tryOut(engine: ClientModel | undefined, metadata: ClientMetadata): void {
  if (engine === undefined) throw new Error('a client was looked up before there was an engine')
  const Client = engine.Client as new (metadata: ClientMetadata) => unknown
  // It changes what it gets, so it gets a copy.
  new Client(JSON.parse(JSON.stringify(metadata)))
}

function resourceServerMetadata(
  { clientId, clientSecret, introspects }: ResourceServerClient,
  declarations: Declarations,
): Payload {
  const resources = introspects(declarations)
  return {
    client_id: clientId,
    client_name: 'Resource server',
    client_secret: clientSecret,
    grant_types: [],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: 'client_secret_basic',
    ...(resources.length > 0 && { introspects: [...resources] }),
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
  let engine: ClientModel | undefined
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
    request: lookupRequest,
  })
  const { resourceServerClient } = options
  const ours =
    resourceServerClient &&
    derived(options.declarations, (declarations) => resourceServerMetadata(resourceServerClient, declarations))
  return {
    builtIn: (clientId) => (clientId === resourceServerClient?.clientId ? ours?.() : undefined),
    find: async (clientId) => (acceptsMetadataDocuments ? ((await lookup.find(clientId)) as Payload) : undefined),
    withKeys: async (metadata) => (await lookup.withKeys(metadata)) as Payload,
    keep: (clientId) => lookup.keep(clientId),
    attach: (made) => {
      engine = made
    },
  }
}
