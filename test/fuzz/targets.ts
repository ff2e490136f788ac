/** All fuzz targets. Each is loaded alone: what it imports has to be instrumented first, which takes longer than many inputs. */
import type { FuzzTarget } from './target.js'

export interface TargetEntry {
  readonly name: string
  readonly load: () => Promise<FuzzTarget>
  /** Parts of paths of packages whose coverage counts as well, because they read the same bytes. */
  readonly packages?: readonly string[]
}

const clientOfEngine = ['/oidc-provider/lib/models/client.js', '/oidc-provider/lib/helpers/client_schema.js']

export const targets: readonly TargetEntry[] = [
  {
    name: 'redirect-uri',
    load: async () => (await import('./targets/redirect-uri.js')).redirectUri,
    packages: clientOfEngine,
  },
  {
    name: 'json-rpc',
    load: async () => (await import('./targets/json-rpc.js')).jsonRpc,
    packages: ['/@modelcontextprotocol/server/dist/'],
  },
]

/** Throws an Error that names the targets there are. */
export function targetNamed(name: string): TargetEntry {
  const found = targets.find((target) => target.name === name)
  if (found === undefined) throw new Error(`no fuzz target ${name}: ${targets.map((target) => target.name).join(', ')}`)
  return found
}
