/**
 * Keeps the engine's client objects. The engine builds one from its metadata, which checks every member and costs more than a
 * signature; it keeps a hundred of them, and finds them by the hash of all metadata, at every request. Here a client is found by
 * its id and is the same as long as its metadata is: the adapter hands over the same object while the row is unchanged.
 */
import { BoundedMap } from '../../base/bounded-map.js'
import type { ClientMetadata } from '../../oauth/registration.js'
import { hideOpenidDefaults } from '../clients/openid-defaults.js'
import type { EngineClient } from './engine-types.js'

const mostClients = 2_000

interface Built {
  readonly metadata: object
  readonly json: string
  readonly client: EngineClient
}

/** Replaces the engine's own way to find a client. What is found, and what is refused, stays as it was. */
export function keepBuiltClients({ Client: model }: { readonly Client: object }): void {
  // The engine's types leave out the constructor and the adapter.
  const Engine = model as {
    new (metadata: ClientMetadata): EngineClient
    readonly adapter: { find(id: string): Promise<ClientMetadata | undefined> }
    find(id: string): Promise<EngineClient | undefined>
  }
  const built = new BoundedMap<Built>(mostClients)
  function build(json: string): EngineClient {
    const client = new Engine(JSON.parse(json))
    hideOpenidDefaults(client)
    return client
  }
  Engine.find = async (id) => {
    if (typeof id !== 'string' || id === '') return undefined
    const metadata = await Engine.adapter.find(id)
    if (metadata === undefined) return undefined
    const known = built.get(id)
    if (known?.metadata === metadata) return known.client
    const json = JSON.stringify(metadata)
    // The constructor changes what it gets.
    const client = known?.json === json ? known.client : build(json)
    built.set(id, { metadata, json, client })
    return client
  }
}
