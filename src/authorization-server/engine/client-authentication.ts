/**
 * The engine's client authentication, for an endpoint that is not the engine's: every method that is configured, with the single use of
 * assertions, as at introspection.
 */
import { parse } from 'node:querystring'
import compose from 'koa-compose'
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import requests from 'oidc-provider/lib/helpers/als.js'
import assembleParams from 'oidc-provider/lib/shared/assemble_params.js'
import clientAuth, { getClientAuthParams } from 'oidc-provider/lib/shared/client_auth.js'
import type { HttpContext } from '../../http/context.js'
import { OAuthError, type OAuthErrorCode } from '../../oauth/errors.js'
import type { EngineClient } from './engine-types.js'

const authenticate = compose<KoaContextWithOIDC>([
  (ctx, next) => assembleParams(getClientAuthParams(ctx), ctx, next),
  ...clientAuth,
])

function toOAuthError(error: unknown): unknown {
  if (!(error instanceof errors.OIDCProviderError)) return error
  const { error_description: description = error.message, error_detail: detail, status } = error
  // What authentication answers with is among our codes.
  return new OAuthError(error.error as OAuthErrorCode, description, {
    status,
    cause: error,
    ...(detail !== undefined && { detail }),
  })
}

/** Answers the client that the header or the form authenticates, a public one included. Throws OAuthError for any other request. */
export type AuthenticateClient = (ctx: HttpContext, form: URLSearchParams) => Promise<EngineClient>

/** `route`: what the engine shall call the endpoint. */
export function createClientAuthentication(
  { OIDCContext }: Pick<Provider, 'OIDCContext'>,
  route: string,
): AuthenticateClient {
  return async (given, form) => {
    const ctx = given as unknown as KoaContextWithOIDC
    const oidc = Object.assign(new OIDCContext(given as never), { route, body: parse(form.toString()) })
    Object.assign(ctx, { oidc })
    try {
      await requests.run(ctx, () => authenticate(ctx))
    } catch (error) {
      throw toOAuthError(error)
    } finally {
      if (oidc.client !== undefined) given.state.event.clientId = oidc.client.clientId
    }
    if (oidc.client === undefined) throw new Error('the engine authenticated no client')
    return oidc.client
  }
}
