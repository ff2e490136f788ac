/** Groups the registrations of one product: many clients register again at every connection. */
import { redirectShape } from '../../oauth/redirect-uri.js'
import { redirectUrisOf } from '../../oauth/registration.js'
import type { ListedClient } from '../../storage/clients/clients.js'

/** Clients of one origin that go by the same name and are sent to the same places. */
export interface ProductGroup {
  readonly name: string | undefined
  readonly origin: ListedClient['origin']
  /** Redirect URIs without what differs from one registration to the next. */
  readonly redirects: readonly string[]
  readonly count: number
  /** How many of them have access that works. */
  readonly inUse: number
  /** The one that registered last. */
  readonly newest: ListedClient
}

function redirectsOf({ metadata }: ListedClient): string[] {
  return [...new Set(redirectUrisOf({ ...metadata }).map(redirectShape))].sort()
}

/** Groups, the one with the newest registration last. The same name proves nothing: anyone can register it. */
export function groupByProduct(clients: readonly ListedClient[]): ProductGroup[] {
  const groups = new Map<string, ProductGroup>()
  for (const client of [...clients].sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())) {
    const redirects = redirectsOf(client)
    const key = JSON.stringify([client.origin, client.name ?? null, redirects])
    const before = groups.get(key)
    // Taken out and put in again, it comes last.
    groups.delete(key)
    groups.set(key, {
      name: client.name,
      origin: client.origin,
      redirects,
      count: (before?.count ?? 0) + 1,
      inUse: (before?.inUse ?? 0) + (client.inUse ? 1 : 0),
      newest: client,
    })
  }
  return [...groups.values()]
}
