/** Somebody is signed in, but not as strongly as the request asks for: what they can do about it. */
import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import { reaches, type SignInLevel, twoFactorLevel } from '../../oauth/sign-in-levels.js'
import { demandedLevel } from '../resources/demanded-level.js'
import { accountPath } from '../routes.js'
import { nameAtSignIn } from './decision-facts.js'
import type { Interaction } from './interaction.js'
import type { InteractionParts } from './parts.js'

/** How the person was proven: in this interaction, or when their session began. */
function levelOf({ engine: { prompt, result, session } }: Interaction): string | undefined {
  const acr = prompt.name === 'login' ? result?.login?.['acr'] : session?.acr
  return typeof acr === 'string' ? acr : undefined
}

/** The level that the request asks for, if the sign-in does not reach it. */
export function missingLevel(parts: InteractionParts, interaction: Interaction): SignInLevel | undefined {
  const demanded = demandedLevel(parts, interaction)
  return demanded === undefined || reaches(levelOf(interaction), demanded) ? undefined : demanded
}

/** False: the sign-in is strong enough. Nothing is allowed before it is. */
export function showStronger(parts: InteractionParts, ctx: HttpContext, interaction: Interaction): boolean {
  const missing = missingLevel(parts, interaction)
  if (missing === undefined) return false
  const path = (step: string) => publicPath(ctx, `/interaction/${interaction.engine.uid}/${step}`)
  ctx.state.event.outcome = 'stronger sign-in needed'
  parts.pages.send(ctx, 'stronger-sign-in', {
    clientName: nameAtSignIn(parts, interaction),
    needs: missing === twoFactorLevel ? 'mfa' : 'phr',
    passkeyPath: parts.passkeys === undefined ? undefined : path('passkey'),
    securityPath: publicPath(ctx, `${accountPath}/security`),
    switchAccountAction: path('switch-account'),
    cancelAction: path('cancel'),
    csrfToken: parts.csrf.tokenFor(interaction.engine.uid),
  })
  return true
}
