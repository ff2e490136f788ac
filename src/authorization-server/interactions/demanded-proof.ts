/** What an authorization request demands of the sign-in at another provider, and which providers can give it. */
import { oldestSignIn } from '../resources/sign-in-age.js'
import type { Interaction } from './interaction.js'
import type { InteractionParts } from './parts.js'

/** What the request, or its resource, demands of the sign-in. */
export function demandedProof(
  { resources }: Pick<InteractionParts, 'resources'>,
  { engine, values }: Interaction,
): { readonly isFresh: boolean; readonly maxAgeSeconds?: number } {
  const asked = Number(engine.params['max_age'] ?? Number.NaN)
  const ages = [asked, oldestSignIn(values('resource'), resources) ?? Number.NaN].filter((age) => !Number.isNaN(age))
  // Of a second: 0 is the wish for a new sign-in, which `isFresh` is too.
  const oldest = ages.length === 0 ? undefined : Math.max(1, Math.min(...ages))
  // A sign-in that is too old here may be young enough there: the age is passed on, and only `prompt=login` demands a new one.
  const isFresh = engine.prompt.reasons.includes('login_prompt') || asked === 0
  return { isFresh, ...(oldest !== undefined && !isFresh ? { maxAgeSeconds: oldest } : {}) }
}

/** For the buttons of the sign-in page. */
export function offeredProviders(
  parts: InteractionParts,
  interaction: Interaction,
): readonly { readonly id: string; readonly name: string }[] {
  const { isFresh, maxAgeSeconds } = demandedProof(parts, interaction)
  return parts.providerSignIn.offered(isFresh || maxAgeSeconds !== undefined)
}
