/**
 * The hand-off: for a program on another machine (SSH, a container), whose loopback redirect this browser cannot reach. When the
 * person says so on the consent page, the answer is shown to be pasted there instead of being sent to this computer's loopback,
 * where it would be lost, or met by some other program. Only for loopback redirects, and only when it was asked for.
 */

import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { redirectKind } from '../../oauth/redirect-uri.js'
import { canParseUrl } from '../../oauth/url.js'
import type { Pages } from '../../pages/pages.js'
import { engineRequest } from '../engine/engine-context.js'
import type { EngineRequest } from '../engine/engine-types.js'
import type { Views } from '../pages/views.js'
import { routes } from '../routes.js'
import type { Interaction } from './interaction.js'

/** Lifetime of a code that a browser carries, and of one that a person carries to another window. */
export const codeTtlSeconds = { redirected: 60, handedOff: 120 } as const

/** True when the answer can be shown: it would go to loopback, in the query. */
export function offersHandOff({ engine, parameter }: Interaction): boolean {
  const mode = parameter('response_mode') ?? 'query'
  return (
    engine.deviceCode === undefined && mode === 'query' && redirectKind(parameter('redirect_uri') ?? '') === 'loopback'
  )
}

/** True while the engine answers a request whose person asked for the hand-off. */
export function isHandedOff(request: Pick<EngineRequest, 'result'> | undefined): boolean {
  return request?.result?.['handOff'] === true
}

/**
 * For every shell a person may have: inside double quotes only these characters are special to POSIX shells and PowerShell, and none
 * to Windows' cmd, for which single quotes are no quotes at all: an `&` would begin a command of its own there. The text of the
 * redirect was chosen by the client. Control characters and backslashes it has none (`redirectKind`).
 */
function shellCommand(url: string): string {
  return `curl "${url.replace(/["'`$!^]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)}"`
}

/** Middleware ahead of the engine: replaces its redirect by the page. Anything but a code goes on to the client as ever. */
export function showHandOff(pages: Pages<Views>): HttpMiddleware {
  return async (ctx, next) => {
    await next()
    if (!ctx.path.startsWith(`${routes.authorization}/`) || ctx.status !== 303) return
    const request = engineRequest(ctx)
    const url = String(ctx.response.get('location'))
    if (!isHandedOff(request) || !canParseUrl(url)) return
    const code = new URL(url).searchParams.get('code')
    if (code === null) return
    sendHandOff(pages, ctx, { url, code, clientName: request?.client?.clientName ?? request?.client?.clientId })
  }
}

function sendHandOff(
  pages: Pages<Views>,
  ctx: HttpContext,
  { url, code, clientName }: { url: string; code: string; clientName: string | undefined },
): void {
  ctx.state.event.outcome = 'handed off'
  ctx.remove('location')
  const minutes = Math.floor(codeTtlSeconds.handedOff / 60)
  pages.send(ctx, 'hand-off', { clientName, url, code, command: shellCommand(url), minutes })
  // Nothing is posted from this page, so the stricter policy costs nothing here.
  ctx.set('referrer-policy', 'no-referrer')
}
