/**
 * Reads the metadata of an MCP server that the operator named and, with a token, its tools. Sends about twenty requests at most, and uses
 * nothing that the declaration file would refuse.
 */
import type { GuardedRequests } from '../outbound/guarded-request.js'
import type { Discovered } from './discovered-entry.js'
import { findResourceMetadata, reasonOf } from './resource-metadata.js'
import { listTools } from './tool-list.js'

export interface DiscoveryTarget {
  /** Canonical URL of the MCP endpoint. */
  readonly url: string
  /** This server's issuer, which the MCP server has to name. */
  readonly issuer: string
  /** For the MCP endpoint only. Without a token, tools are not requested. */
  readonly token: string | undefined
}

/** Throws a one-line error. */
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
