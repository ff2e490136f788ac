/** From which kind of device and network a request comes, in words that are the same in all languages: for the person alone. */
import { clientNetwork } from '../../http/client-network.js'
import type { HttpContext } from '../../http/context.js'
import type { Whereabouts } from '../../storage/grants/whereabouts.js'

/** The first that fits; a browser names those that it descends from behind its own name. */
const systems: readonly (readonly [RegExp, string])[] = [
  [/Windows/, 'Windows'],
  [/Android/, 'Android'],
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/CrOS/, 'ChromeOS'],
  [/Mac OS X|Macintosh/, 'Mac'],
  [/Linux/, 'Linux'],
]
const browsers: readonly (readonly [RegExp, string])[] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]

/** Made of names of this list alone: the header is a stranger's text. */
export function deviceOf(userAgent: string): string | undefined {
  const found = [systems, browsers].flatMap((list) => list.find(([pattern]) => pattern.test(userAgent))?.[1] ?? [])
  return found.length === 0 ? undefined : found.join(', ')
}

/** `hidesAddresses`: see `AuthorizationServerOptions`. */
export function whereaboutsOf(ctx: HttpContext, hidesAddresses: boolean): Whereabouts {
  return {
    device: deviceOf(ctx.get('user-agent').slice(0, 512)),
    network: hidesAddresses ? undefined : clientNetwork(ctx.state.clientAddress),
  }
}
