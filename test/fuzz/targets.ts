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
  { name: 'client-id', load: async () => (await import('./targets/client-id.js')).clientId },
  {
    name: 'registration',
    load: async () => (await import('./targets/registration.js')).registration,
    packages: clientOfEngine,
  },
  {
    name: 'client-document',
    load: async () => (await import('./targets/client-document.js')).clientDocument,
    packages: clientOfEngine,
  },
  {
    name: 'authorization-header',
    load: async () => (await import('./targets/authorization-header.js')).authorizationHeader,
  },
  { name: 'parameters', load: async () => (await import('./targets/parameters.js')).parameters },
  { name: 'dpop-proof', load: async () => (await import('./targets/dpop-proof.js')).dpopProof },
  { name: 'access-token', load: async () => (await import('./targets/access-token.js')).accessToken },
  { name: 'client-address', load: async () => (await import('./targets/client-address.js')).clientAddressTarget },
  { name: 'display-text', load: async () => (await import('./targets/display-text.js')).displayTextTarget },
  { name: 'request-target', load: async () => (await import('./targets/request-target.js')).requestTargetTarget },
  { name: 'scope', load: async () => (await import('./targets/scope.js')).scope },
  {
    name: 'json-rpc',
    load: async () => (await import('./targets/json-rpc.js')).jsonRpc,
    packages: ['/@modelcontextprotocol/server/dist/'],
  },
  { name: 'accept', load: async () => (await import('./targets/accept.js')).accept, packages: ['/negotiator/lib/'] },
  { name: 'form-token', load: async () => (await import('./targets/form-token.js')).formToken },
  { name: 'identity-assertion', load: async () => (await import('./targets/identity-assertion.js')).identityAssertion },
  {
    name: 'declaration-file',
    load: async () => (await import('./targets/declaration-file.js')).declarationFile,
    packages: ['/yaml/dist/'],
  },
  { name: 'settings', load: async () => (await import('./targets/settings.js')).settings },
]

/** Throws an Error that names the targets there are. */
export function targetNamed(name: string): TargetEntry {
  const found = targets.find((target) => target.name === name)
  if (found === undefined) throw new Error(`no fuzz target ${name}: ${targets.map((target) => target.name).join(', ')}`)
  return found
}
