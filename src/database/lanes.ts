/**
 * Separate connections for single statements, by purpose, so that one kind cannot delay another. Each statement declares its lane, because
 * its text does not show it: a write may begin with `WITH`, and a small write may guard every request.
 */

import { createPipelines, type Pipelines, type PipelinesOptions } from './pipelines.js'
import type { Lane } from './sql.js'

/**
 * One each for the lanes read, security, search and write, and two for transactions, because work under a lock needs a second connection.
 */
export const leastConnections = 6

/**
 * Divides `poolSize` connections among the lanes. Reads share one connection, whose backend stays busy. About half are for transactions.
 * `searches`: connections for the lane `search`, if the server has a search.
 */
export function connectionShares(poolSize: number, searches: number): Readonly<Record<Lane | 'transactions', number>> {
  const all = Math.max(leastConnections, poolSize)
  const search = all < leastConnections + 2 ? Math.min(1, searches) : searches
  const write = Math.max(1, Math.floor(all / 2) - 1 - search)
  return { read: 1, security: 1, search, write, transactions: Math.max(2, all - 2 - search - write) }
}

/** Connections are opened when first needed. A lane without a reserved connection still gets one when it is used. */
export function createLanes(
  shares: Readonly<Record<Lane, number>>,
  optionsOf: (lane: Lane) => Omit<PipelinesOptions, 'size'>,
): Readonly<Record<Lane, Pipelines>> {
  const lane = (name: Lane) => createPipelines({ ...optionsOf(name), size: Math.max(1, shares[name]) })
  return { read: lane('read'), write: lane('write'), security: lane('security'), search: lane('search') }
}
