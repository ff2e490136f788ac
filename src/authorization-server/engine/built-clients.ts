/**
 * Keeps the engine's client objects. The engine builds one from its metadata, which checks every member and costs more than a
 * signature; it keeps a hundred of them, and finds them by the hash of all metadata, at every request. Here a client is found by
 * its id and is the same as long as its metadata is: the adapter hands over the same object while the row is unchanged.
 */
import type { Client, ClientMetadata, Provider } from 'oidc-provider'
import { BoundedMap } from '../../base/bounded-map.js'
import { hideOpenidDefaults } from '../clients/openid-defaults.js'

const mostClients = 2_000

interface Built {
  readonly metadata: object
  readonly json: string
  readonly client: Client
}

/** Replaces the engine's own way to find a client. What is found, and what is refused, stays as it was. */
export function keepBuiltClients(provider: Provider): void {
  const Engine = provider.Client as unknown as {
    new (metadata: ClientMetadata): Client
    readonly adapter: { find(id: string): Promise<ClientMetadata | undefined> }
    find(id: string): Promise<Client | undefined>
  }
  const built = new BoundedMap<Built>(mostClients)
  function build(json: string): Client {
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
