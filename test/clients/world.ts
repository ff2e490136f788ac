/** Where clients are replayed: the whole product on an embedded database, and the makers' web sites for their metadata documents. */
import { type Stack, startStack } from '../support/stack.js'
import { clientShapes } from './client-shapes.js'
import { type MetadataHost, startMetadataHost } from './metadata-host.js'
import { addClient, type Credentials } from './operator-clients.js'

export interface World {
  readonly stack: Stack
  readonly host: MetadataHost
  /** What the operator handed to the people whose client cannot register itself, by the name of its shape. */
  readonly staticClients: ReadonlyMap<string, Credentials>
  close(): Promise<void>
}

export async function startWorld(): Promise<World> {
  const host = await startMetadataHost()
  const staticClients = new Map<string, Credentials>()
  try {
    const stack = await startStack({
      database: 'embedded',
      overrides: { untrustedFetch: host.fetch },
      prepare: async (settings) => {
        for (const { name, registration } of clientShapes) {
          if (registration.kind !== 'static') continue
          staticClients.set(name, await addClient(settings, name, registration.flags))
        }
      },
    })
    const close = async () => {
      await stack.close()
      await host.close()
    }
    return { stack, host, staticClients, close }
  } catch (error) {
    await host.close()
    throw error
  }
}
