/** Lifetimes of everything that the engine stores and issues, in seconds. */
import { deviceCodeTtlSeconds } from '../device/polling.js'
import { codeTtlSeconds, isHandedOff } from '../interactions/hand-off.js'
import type { AuthorizationServerOptions } from '../options.js'
import type { EngineContext } from './engine-types.js'

const oneYearSeconds = 365 * 86_400

interface OfResource {
  readonly resourceServer?: { readonly accessTokenTTL?: number | undefined } | undefined
}

/** For the engine's `ttl`. */
export function lifetimes(options: AuthorizationServerOptions) {
  /** Without a resource it is for userinfo. */
  const ofAccessToken = (_ctx: EngineContext, { resourceServer }: OfResource) =>
    resourceServer?.accessTokenTTL ?? options.accessTokenTtlSeconds
  return {
    AccessToken: ofAccessToken,
    AuthorizationCode: (ctx: EngineContext) =>
      isHandedOff(ctx.oidc) ? codeTtlSeconds.handedOff : codeTtlSeconds.redirected,
    ClientCredentials: ofAccessToken,
    DeviceCode: deviceCodeTtlSeconds,
    // Longer than any chain of refresh tokens: a grant is never extended, and its end would end them.
    Grant: 400 * 86_400,
    IdToken: 3600,
    Interaction: 3600,
    RefreshToken: (_ctx: EngineContext, token: { iiat?: number | undefined; iat?: number | undefined }) => {
      const started = token.iiat ?? token.iat
      const now = Math.floor(options.storage.clock.now().getTime() / 1000)
      const left = started === undefined ? oneYearSeconds : started + oneYearSeconds - now
      return Math.max(1, Math.min(options.refreshTokenTtlSeconds, left))
    },
    // One without an account only holds the token of a form.
    Session: (_ctx: EngineContext, { accountId }: { accountId?: string | undefined }) =>
      accountId === undefined ? 3600 : options.sessionTtlSeconds,
  }
}
