/**
 * Who asked for a device code (RFC 8628 §5.4: a person is to know where the device is). Kept with the code, told on the consent page.
 *
 * A page elsewhere can ask from its visitor's own browser, because the endpoint answers pages of any origin, and send the visitor on to
 * the form. The address would then say that the device is near. So what a browser tells of the page goes before the address. But a
 * program can send the headers of a browser and name any site there, the operator's own too: an address elsewhere is told all the same,
 * and this server's own sites are never named, because none of its pages asks for a device code.
 */

import { clientNetwork } from '../../http/client-network.js'
import type { HttpContext } from '../../http/context.js'
import { canParseUrl } from '../../oauth/url.js'
import type { DeviceAsker } from '../pages/views.js'

/** As stored with the code. `site`: what asked runs in a browser; its host, or '' if the browser does not tell. */
export interface StoredAsker {
  readonly address?: string
  readonly site?: string
}

/** Of a host with its port: no name in DNS is longer (RFC 1035 §2.3.4). The device chooses it, and it is kept with the code. */
const longestSite = 253 + ':65535'.length

/** A browser sends `Origin` with each call of a page, `Sec-Fetch-Site` if it is not an old one, and no program need send either. */
function siteOf(ctx: HttpContext): string | undefined {
  const origin = ctx.get('origin')
  if (canParseUrl(origin)) {
    const { host } = new URL(origin)
    return host.length > longestSite || host === new URL(ctx.state.origin).host ? '' : host
  }
  return origin !== '' || ctx.get('sec-fetch-site') !== '' ? '' : undefined
}

export function askerOf(ctx: HttpContext): StoredAsker {
  const site = siteOf(ctx)
  return { address: ctx.state.clientAddress, ...(site !== undefined && { site }) }
}

/** For the person who sends this request. `hidesAddresses`: addresses are those of a proxy, and say nothing. */
export function describeAsker(
  { address = '', site }: StoredAsker,
  ctx: HttpContext,
  hidesAddresses: boolean,
): DeviceAsker | undefined {
  const isElsewhere = !hidesAddresses && clientNetwork(address) !== clientNetwork(ctx.state.clientAddress)
  if (site !== undefined) {
    return { kind: 'website', host: site === '' ? undefined : site, ...(isElsewhere && { address }) }
  }
  if (hidesAddresses) return undefined
  return isElsewhere ? { kind: 'elsewhere', address } : { kind: 'near' }
}
