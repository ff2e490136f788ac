/** How people come: by an invitation, or by signing up. */
import Router from '@koa/router'
import type { HttpState } from '../../http/context.js'
import { createAccountInvitations } from '../../storage/accounts/account-invitations.js'
import { createInvitationRouter } from './invitation-pages.js'
import { createSignUpRouter, type SignUpPageParts } from './sign-up-pages.js'

/** What such a form writes is one commit: the account, its groups, the session and the events (account/router.ts opens the unit). */
export function createNewcomerRouter(parts: Omit<SignUpPageParts, 'invitations'>): Router<HttpState> {
  const complete = { ...parts, invitations: createAccountInvitations(parts.storage) }
  const router = new Router<HttpState>()
  for (const each of [createInvitationRouter(complete), createSignUpRouter(complete)]) router.use(each.routes())
  return router
}
