/** A guard that refuses revoked tokens. The manual quotes this file. */
import {
  createIssuerDiscovery,
  createResourceServer,
  type FetchFunction,
  followRevocations,
} from '../../../src/resource-server/index.js'

const [issuer, resource] = ['https://login.example.com', 'https://notes.example.com/mcp']
const clock = { now: () => new Date() }

/** Close `feed` when the server stops. */
export function createGuard(clientSecret: string, fetch: FetchFunction = globalThis.fetch) {
  const feed = followRevocations({
    issuer,
    feed: createIssuerDiscovery({ issuer, fetch, clock }),
    credentials: { clientId: 'notes', clientSecret },
    fetch,
    clock,
  })
  const guard = createResourceServer({ resource, authorizationServers: issuer, revocations: feed }, { fetch })
  return { feed, guard }
}
