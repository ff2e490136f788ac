/** Modules of the engine's that its type package leaves out. `test/authorization-server/engine-contract.test.ts` holds the engine to them. */
declare module 'oidc-provider/lib/helpers/initialize_keystore.js' {
  import type { ExternalSigningKey, JWK, Provider } from 'oidc-provider'
  /**
   * What the engine's constructor reads keys with. Checks the keys, then puts them in place of those before, in one step. Throws for keys
   * the engine cannot use.
   */
  export default function initializeKeystore(
    this: Provider,
    jwks: { readonly keys: readonly (JWK | ExternalSigningKey)[] },
  ): void
}

declare module 'oidc-provider/lib/actions/grants/index.js' {
  import type { Provider, TokenEndpointGrantContext } from 'oidc-provider'

  /** The engine's own grants, as it registers them. */
  interface EngineGrantHandler {
    /** `helpers`: the functions of `lib/helpers/grants.js`, bound to the provider. */
    readonly handler: (provider: Provider, helpers: object, ctx: TokenEndpointGrantContext) => Promise<void>
    readonly parameters: ReadonlySet<string>
    readonly grantType: string
  }
  export const authorization_code: EngineGrantHandler
  export const client_credentials: EngineGrantHandler
  export const device_code: EngineGrantHandler
  export const refresh_token: EngineGrantHandler
}

declare module 'oidc-provider/lib/helpers/als.js' {
  import type { AsyncLocalStorage } from 'node:async_hooks'
  import type { KoaContextWithOIDC } from 'oidc-provider'

  /** Where `Provider.ctx` comes from. */
  const requests: AsyncLocalStorage<KoaContextWithOIDC>
  export default requests
}

declare module 'oidc-provider/lib/shared/assemble_params.js' {
  import type { KoaContextWithOIDC } from 'oidc-provider'
  /** Puts the named members of `ctx.oidc.body` into `ctx.oidc.params`. */
  export default function assembleParams(
    names: ReadonlySet<string>,
    ctx: KoaContextWithOIDC,
    next: () => Promise<unknown>,
  ): Promise<unknown>
}

declare module 'oidc-provider/lib/shared/client_auth.js' {
  import type { Middleware } from 'koa-compose'
  import type { KoaContextWithOIDC } from 'oidc-provider'
  /** The parameters that authenticate a client. */
  export function getClientAuthParams(ctx: KoaContextWithOIDC): ReadonlySet<string>
  /** Authenticates the client. Throws the engine's error. */
  const clientAuth: readonly Middleware<KoaContextWithOIDC>[]
  export default clientAuth
}
