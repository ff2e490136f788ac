/** The addresses that identity providers know: where they send browsers back to. Below the issuer's path. */
import Router from '@koa/router'
import type { HttpState } from '../../http/context.js'
import type { ProviderSignIn } from './provider-sign-in.js'

export function createProviderRouter({
  providerSignIn,
}: {
  readonly providerSignIn: ProviderSignIn
}): Router<HttpState> {
  const router = new Router<HttpState>()
  router.get('/sign-in/:id/callback', (ctx) => providerSignIn.answer(ctx, ctx.params['id'] ?? ''))
  return router
}
