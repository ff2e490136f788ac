/**
 * Separate connections for single statements, by purpose, so that one kind cannot delay another. Each statement declares its
 * lane. Its text does not tell: a read may begin with `WITH`, and a small write may guard every request.
 */

import { createPipelines, type Pipelines, type PipelinesOptions } from './pipelines.js'
import type { Lane } from './sql.js'

/** One each to read, to guard, to search and to write, and two for transactions: what runs under a lock needs a second one. */
export const leastConnections = 6

/**
 * How `poolSize` connections are shared out. Reads share one connection and one backend that stays awake. About half are for
 * transactions. `searches`: connections for the lane `search`, where people search.
 */
export function connectionShares(poolSize: number, searches: number): Readonly<Record<Lane | 'transactions', number>> {
  const all = Math.max(leastConnections, poolSize)
  const search = all < leastConnections + 2 ? Math.min(1, searches) : searches
  const write = Math.max(1, Math.floor(all / 2) - 1 - search)
  return { read: 1, security: 1, search, write, transactions: Math.max(2, all - 2 - search - write) }
}

/** Connections are opened when first needed. A lane without a share of its own still gets one connection when somebody uses it. */
export function createLanes(
  shares: Readonly<Record<Lane, number>>,
  optionsOf: (lane: Lane) => Omit<PipelinesOptions, 'size'>,
): Readonly<Record<Lane, Pipelines>> {
  const lane = (name: Lane) => createPipelines({ ...optionsOf(name), size: Math.max(1, shares[name]) })
  return { read: lane('read'), write: lane('write'), security: lane('security'), search: lane('search') }
}
