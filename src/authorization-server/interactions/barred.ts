/**
 * Requests for what the declarations of resources do not allow to clients of such a class (`clients` in the file), or to the person
 * (`access`): the page, and the log.
 */
import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import { displayName } from '../clients/identity.js'
import { placeOf } from '../resources/ceilings.js'
import type { Interaction } from './interaction.js'
import type { InteractionParts } from './parts.js'
import { isBarred, isWithheld, type RequestedAccess } from './requested-access.js'

export { isBarred }

/** The log names the rules that bar something of the request. */
export function noteCeilings(ctx: HttpContext, { resources, clientClass }: RequestedAccess): void {
  const told = (place: string, scopes: readonly string[]) =>
    scopes.length === 0 ? [] : [`${place} bars ${scopes.join(' ')}`]
  const rules = resources.flatMap(({ resource: { declared }, barred, withheld }) => [
    ...told(
      placeOf(declared, `clients.${clientClass}`),
      [...barred].filter((name) => !withheld.has(name)),
    ),
    ...told(placeOf(declared, 'access'), [...withheld]),
  ])
  if (rules.length > 0) ctx.state.event.errorDetail = rules.join('; ')
}

/** Says why nothing can be allowed. Its one button ends the request with `access_denied`. */
export function showBarred(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  access: RequestedAccess,
): void {
  const { uid } = interaction.engine
  const person = interaction.accountId === undefined ? undefined : interaction.known.person(interaction.accountId)
  noteCeilings(ctx, access)
  ctx.state.event.outcome = 'barred'
  parts.pages.send(
    ctx,
    'barred',
    {
      clientName: displayName(interaction.client),
      barredFor: isWithheld(access) ? 'person' : access.clientClass,
      account: isWithheld(access) && person !== undefined ? { email: person.email } : undefined,
      switchAccountAction: publicPath(ctx, `/interaction/${uid}/switch-account`),
      resources: access.resources.map(({ resource, scopes }) => ({
        name: resource.name,
        url: resource.resource,
        scopes: scopes.map(({ name, title }) => ({ name, title })),
      })),
      action: publicPath(ctx, `/interaction/${uid}/cancel`),
      csrfToken: parts.csrf.tokenFor(uid),
      requestId: ctx.state.event.requestId,
    },
    403,
  )
}
