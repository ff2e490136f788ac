/** Somebody who signed in with another tab is not asked for the password once more. */
import type { HttpContext } from '../../http/context.js'
import { seeOther } from '../../http/http.js'
import type { Interaction } from './interaction.js'

/**
 * Goes back to the engine if the person signed in with another tab since this interaction began: the engine asks them for the consent
 * alone. It judges the request again, so that `prompt=login` and `max_age` still ask for the password. False: the page has to be shown.
 */
export function continueSignedIn(ctx: HttpContext, { engine, known }: Interaction): boolean {
  const isSignedInSince = engine.prompt.reasons.includes('no_session') && known.browserSession?.accountId !== undefined
  if (!isSignedInSince || engine.result !== undefined) return false
  seeOther(ctx, engine.returnTo)
  return true
}
