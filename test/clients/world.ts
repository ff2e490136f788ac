/** Where clients are replayed: the whole product on an embedded database, and the makers' web sites for their metadata documents. */
import { runCli } from '../cli/terminal.js'
import { type Stack, startStack } from '../support/stack.js'
import { clientShapes } from './client-shapes.js'
import { type MetadataHost, startMetadataHost } from './metadata-host.js'

export interface Credentials {
  readonly clientId: string
  readonly clientSecret?: string
}

export interface World {
  readonly stack: Stack
  readonly host: MetadataHost
  /** What the operator handed to the people whose client cannot register itself, by the name of its shape. */
  readonly staticClients: ReadonlyMap<string, Credentials>
  close(): Promise<void>
}

async function addClient(
  settings: Readonly<Record<string, string>>,
  name: string,
  flags: readonly string[],
): Promise<Credentials> {
  const { stdout, stderr } = await runCli(['clients', 'add', '--name', name, ...flags], settings)
  const printed = (member: string) => new RegExp(`^${member} +(\\S+)$`, 'm').exec(stdout)?.[1]
  const clientId = printed('client_id')
  const clientSecret = printed('client_secret')
  if (clientId === undefined) throw new Error(`gatehouse clients add failed: ${stderr}`)
  return { clientId, ...(clientSecret === undefined ? {} : { clientSecret }) }
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
