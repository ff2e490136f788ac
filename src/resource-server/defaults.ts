/**
 * The clock and the network of a program that brings none of its own: the one file of the library that knows the ground the
 * product stands on. Tests and programs with other wishes hand theirs over instead.
 */
export { systemClock } from '../base/clock.js'

import { createBoundedFetch } from '../outbound/bounded-fetch.js'
import type { FetchFunction } from './access-token.js'

/** For URLs from settings: five seconds and 1 MiB at most, no redirects, any address. */
export const boundedFetch: FetchFunction = createBoundedFetch({ timeoutMs: 5_000, maxBytes: 1_048_576 })
