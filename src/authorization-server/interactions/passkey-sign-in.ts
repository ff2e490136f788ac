/** The page that asks for a passkey, and what the sign-in page offers of it. sign-in.ts checks what comes back. */
import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import { PageError } from '../pages/page-error.js'
import type { PasskeySignIn } from '../pages/views.js'
import { nameAtSignIn } from './decision-facts.js'
import type { Interaction } from './interaction.js'
import type { InteractionParts } from './parts.js'

/** What a browser is asked for: the same for everybody, and good in this interaction alone. */
export function passkeySignIn(
  { passkeys }: Pick<InteractionParts, 'passkeys'>,
  ctx: HttpContext,
  { engine: { uid } }: Pick<Interaction, 'engine'>,
): PasskeySignIn | undefined {
  if (passkeys === undefined) return undefined
  return { pagePath: publicPath(ctx, `/interaction/${uid}/passkey`), options: passkeys.requestOptions('sign-in', uid) }
}

export function showPasskeySignIn(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  error?: 'wrong-passkey',
): void {
  const { uid } = interaction.engine
  const passkey = passkeySignIn(parts, ctx, interaction)
  if (passkey === undefined) throw new PageError('not-found', 'invalid_request', 404)
  parts.pages.send(
    ctx,
    'passkey',
    {
      ...{ clientName: nameAtSignIn(parts, interaction), error, options: passkey.options },
      action: publicPath(ctx, `/interaction/${uid}/sign-in`),
      otherPath: publicPath(ctx, `/interaction/${uid}`),
      recoveryPath: publicPath(ctx, `/interaction/${uid}/recovery-code`),
      csrfToken: parts.csrf.tokenFor(uid),
    },
    error === undefined ? 200 : 401,
  )
}
