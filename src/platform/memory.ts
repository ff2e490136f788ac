/** What starting a server leaves behind in memory. Does not own what is kept. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Collects garbage once, and gives the memory back. Loading the code and compiling the views takes a few dozen megabytes that Node
 * would keep until it needs memory, which an idle server never does. Takes less than a tenth of a second; not for running servers.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect === 'function') collect()
  // Without the flag no context made later has the function.
  setFlagsFromString('--no-expose-gc')
}
