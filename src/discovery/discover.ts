/**
 * A server introduces itself: reads the metadata of an MCP server that the operator named and, with a token, its tools. Asks at most some
 * twenty times, and believes nothing that the declaration file's reader would refuse.
 */
import type { GuardedRequests } from '../outbound/guarded-request.js'
import type { Discovered } from './discovered-entry.js'
import { findResourceMetadata, reasonOf } from './resource-metadata.js'
import { listTools } from './tool-list.js'

export interface DiscoveryTarget {
  /** Canonical URL of the MCP endpoint. */
  readonly url: string
  /** Ours, which the server has to name. */
  readonly issuer: string
  /** For the MCP endpoint alone. Without one, no tools are asked for. */
  readonly token: string | undefined
}

/** Throws an Error with one clear line. */
export async function discoverServer(
  requests: GuardedRequests,
  { url, issuer, token }: DiscoveryTarget,
): Promise<Discovered> {
  const metadata = await findResourceMetadata(requests, url, issuer)
  if (token === undefined) return { url, metadata }
  try {
    return { url, metadata, toolList: await listTools(requests, url, token) }
  } catch (error) {
    throw new Error(`${url}: ${reasonOf(error)}`)
  }
}
