/**
 * The default clock and network. This is the only file of the library that imports them from the product; tests and programs can pass their
 * own.
 */
export { systemClock } from '../base/clock.js'

import { createBoundedFetch } from '../outbound/bounded-fetch.js'
import type { FetchFunction } from './access-token.js'

/** For URLs from settings: at most five seconds and 1 MiB, no redirects, any address. */
export const boundedFetch: FetchFunction = createBoundedFetch({ timeoutMs: 5_000, maxBytes: 1_048_576 })
